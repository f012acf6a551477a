"""`certificate.py FOLDER`: a self-signed certificate for this machine's names and addresses, if the old one lacks any.

Runs with the virtual environment's Python (it needs the cryptography package).
"""

import ipaddress
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from places import write_whole

VALID = timedelta(days=820)


def addresses() -> list[str]:
    """This machine's addresses that a phone in the same network may use, and loopback."""
    found = ["127.0.0.1"]
    said = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    for word in said:
        address = ipaddress.ip_address(word.partition("%")[0])
        if not address.is_link_local and str(address) not in found:
            found.append(str(address))
    return found


def names() -> list[str]:
    """The names that stand for this machine."""
    return sorted({"localhost", socket.gethostname()})


def covers(file: Path, now: datetime) -> bool:
    """Whether a certificate file holds all of today's names and addresses and is valid for another month."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    has = {str(value) for value in alternatives.get_values_for_type(x509.IPAddress)}
    has |= set(alternatives.get_values_for_type(x509.DNSName))
    return has >= {*addresses(), *names()} and certificate.not_valid_after_utc > now + timedelta(days=30)


def make(folder: Path, now: datetime) -> None:
    """Writes key.pem (0600) and cert.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Wangge")])
    alternatives: list[x509.GeneralName] = [x509.DNSName(value) for value in names()]
    alternatives += [x509.IPAddress(ipaddress.ip_address(value)) for value in addresses()]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(folder / "key.pem", secret.decode(), mode=0o600)
    write_whole(folder / "cert.pem", certificate.public_bytes(pem).decode())


if __name__ == "__main__":
    target = Path(sys.argv[1])
    moment = datetime.now(UTC)
    if not covers(target / "cert.pem", moment) or not (target / "key.pem").exists():
        make(target, moment)
    print(" ".join(addresses()))
