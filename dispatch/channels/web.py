"""One POST to the outside that cannot be led astray: the only way by which messages leave over HTTP.

A name is resolved once, the address is looked at, and that very address is connected to: a name that answers
differently a moment later leads nowhere. Nothing inside the house (private, loopback, link-local addresses) is reached
and nothing is sent in the clear, unless the operator listed the host. Redirects are not followed, an exchange ends
after `NOTICE_TIMEOUT` seconds however slowly the other side drips, and an answer is read up to 64 KiB.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

MOST = 64 * 1024
# Addresses that lead to others inside of them, and those that were meant for the inside once.
_WRAPPING = ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24")
_OF_OLD = ("fec0::/10", "3fff::/20")
_NOT_OUTSIDE = tuple(map(ipaddress.ip_network, _WRAPPING + _OF_OLD))


class Refused(Exception):
    """We do not go there."""


class Unreachable(Exception):
    """Nothing was sent."""


class Broken(Exception):
    """Something was sent and no whole answer came: it may have arrived."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], *, trusted: bool = False) -> Answer:
    """The whole answer; raises Refused, Unreachable or Broken, within about `NOTICE_TIMEOUT` seconds.

    `trusted`: the operator set the address, nobody else can; it may be inside or in the clear.
    """
    end = time.monotonic() + settings.NOTICE_TIMEOUT
    parts = checked(url, trusted=trusted)
    address = _resolved(parts, trusted)
    sock = _connected(address, parts, end)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with _hanging_up(sock, end):
            connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
            # The host without the port where it is the usual one, as browsers write it.
            connection.default_port = 443 if parts.scheme == "https" else 80
            connection.sock = sock
            connection.request("POST", path, body, {"User-Agent": "Wangge", "Connection": "close", **headers})
            response = connection.getresponse()
            read = response.read(MOST)
            if response.length:
                raise Broken("half an answer" if len(read) < MOST else "an answer without end")
            return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, read)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Broken(f"no whole answer: {type(error).__name__}") from None
    finally:
        sock.close()


def checked(url: str, *, trusted: bool = False) -> SplitResult:
    """The parts of an address that may be gone to; raises Refused. Asks nobody."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", _port(parts)
        host.encode("idna")
    except (ValueError, UnicodeError):
        raise Refused("not an address") from None
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url) or not host or parts.username or parts.password:
        raise Refused("not an address")
    if not (parts.path + parts.query).isascii():
        # What is no line of a request would be refused at each attempt anew.
        raise Refused("not an address")
    if parts.scheme != "https" and not (parts.scheme == "http" and (trusted or is_listed(host, port))):
        raise Refused("not https")
    return parts


def is_listed(host: str, port: int) -> bool:
    """Whether the operator lets us go there although it is inside, or in the clear."""
    names = {host.lower(), f"{host.lower()}:{port}"}
    return bool(names & {listed.lower() for listed in settings.NOTICE_HOSTS})


def is_outside(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if any(ip in network for network in _NOT_OUTSIDE):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _resolved(parts: SplitResult, trusted: bool) -> tuple[str, int]:
    host, port = parts.hostname or "", _port(parts)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("the name has no address") from None
    addresses = [str(one[4][0]) for one in found]
    if not (trusted or is_listed(host, port)) and not all(map(is_outside, addresses)):
        raise Refused("an address inside the house")
    return addresses[0], port


def _connected(address: tuple[str, int], parts: SplitResult, end: float) -> socket.socket:
    left = end - time.monotonic()
    if left <= 0:
        raise Unreachable("the name was not resolved in time")
    try:
        sock = socket.create_connection(address, timeout=left)
    except OSError as error:
        raise Unreachable(f"no connection: {type(error).__name__}") from None
    if parts.scheme != "https":
        return sock
    try:
        with _hanging_up(sock, end):
            return _trust().wrap_socket(sock, server_hostname=parts.hostname)
    except (OSError, ValueError) as error:
        sock.close()
        raise Unreachable(f"no trusted connection: {type(error).__name__}") from None


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def _hanging_up(sock: socket.socket, end: float) -> Iterator[None]:
    """Whatever is read or written inside ends at `end`; a timeout of the socket alone begins anew at every byte."""

    def hang_up() -> None:
        with suppress(OSError):
            # Past the TLS layer, whose own shutdown would wait for the other side.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    watch = threading.Timer(max(0.0, end - time.monotonic()), hang_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
