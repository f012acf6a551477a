"""Robots of group chats: WeCom, DingTalk, Feishu. Each is one POST; what the answer says is read from its code."""

import base64
import hashlib
import hmac
import json
import time
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dispatch.channels.http import Exchange
from dispatch.channels.outcomes import Dead, Message, Outcome, Reached, Retry, Sent
from dispatch.channels.web import is_listed
from dispatch.models import Channel

# The largest text WeCom takes, in bytes; the others take more.
MOST_BYTES = 2048


class Robot(Exchange):
    """What the three have in common: a text, an answer with a code, an address at the provider's own host."""

    hosts: ClassVar[tuple[str, ...]]
    code_names: ClassVar[tuple[str, ...]] = ("errcode",)
    # What the provider says when we are too fast (and how long it wants to be left alone), and when the robot is gone.
    too_fast: ClassVar[Mapping[int, int | None]]
    gone: ClassVar[frozenset[int]]
    busy: ClassVar[frozenset[int]] = frozenset({-1})

    def clean(self, target: str, secret: str) -> str:
        target = super().clean(target, secret)
        parts = urlsplit(target)
        if parts.hostname not in self.hosts and not is_listed(parts.hostname or "", parts.port or 443):
            raise ValidationError(_("A robot of this kind has its address at %(host)s.") % {"host": self.hosts[0]})
        return target

    def send(self, reached: Reached, message: Message) -> Outcome:
        url, payload = self.request(reached, _shortened(message.text), time.time())
        answer = self.exchange(url, json.dumps(payload, ensure_ascii=False).encode())
        if isinstance(answer, Retry | Dead):
            return answer
        try:
            said = json.loads(answer.body)
            code = next(int(said[name]) for name in self.code_names if name in said)
        except (ValueError, TypeError, ArithmeticError, RecursionError, StopIteration):
            return Retry("an answer that says nothing", shared=True, maybe=True)
        return self._outcome(code, answer.headers)

    @abstractmethod
    def request(self, reached: Reached, text: str, at: float) -> tuple[str, dict[str, Any]]:
        """Address and body."""

    def _outcome(self, code: int, headers: Mapping[str, str]) -> Outcome:
        if code == 0:
            return Sent()
        if code in self.too_fast:
            wish = self.wish(headers) or timedelta(seconds=self.too_fast[code] or 60)
            return Retry(f"too many messages (code {code})", after=wish, shared=True)
        if code in self.busy:
            return Retry(f"the provider is busy (code {code})", shared=True)
        return Dead(f"refused (code {code})", permanent=code in self.gone)


class WeCom(Robot):
    channel = Channel.WECOM
    limits = ((20, 60),)
    hosts = ("qyapi.weixin.qq.com",)
    too_fast: ClassVar[Mapping[int, int | None]] = {45009: 60, 45033: None}
    gone = frozenset({93000, 93004, 93008})

    def request(self, reached: Reached, text: str, at: float) -> tuple[str, dict[str, Any]]:
        return reached.target, {"msgtype": "text", "text": {"content": text}}


class DingTalk(Robot):
    channel = Channel.DINGTALK
    limits = ((20, 60),)
    hosts = ("oapi.dingtalk.com",)
    # It is shut for ten minutes to who was too fast.
    too_fast: ClassVar[Mapping[int, int | None]] = {130101: 600, 410100: 600, 660026: 600}
    gone = frozenset({300001, 300005, 310000, 400013, 400101, 400102, 400106})
    has_secret = True

    def request(self, reached: Reached, text: str, at: float) -> tuple[str, dict[str, Any]]:
        url = reached.target
        if reached.secret:
            stamp = str(round(at * 1000))
            mark = _mac(reached.secret.encode(), f"{stamp}\n{reached.secret}".encode())
            url += ("&" if "?" in url else "?") + urlencode({"timestamp": stamp, "sign": mark}, quote_via=quote)
        return url, {"msgtype": "text", "text": {"content": text}}


class Feishu(Robot):
    channel = Channel.FEISHU
    limits = ((100, 60), (5, 1))
    hosts = ("open.feishu.cn", "open.larksuite.com")
    code_names = ("code", "StatusCode")
    too_fast: ClassVar[Mapping[int, int | None]] = {11232: None, 99991400: None}
    gone = frozenset({19001, 19021, 19022, 19024})
    has_secret = True

    def request(self, reached: Reached, text: str, at: float) -> tuple[str, dict[str, Any]]:
        payload: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if reached.secret:
            stamp = str(int(at))
            payload |= {"timestamp": stamp, "sign": _mac(f"{stamp}\n{reached.secret}".encode(), b"")}
        return reached.target, payload


def _mac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _shortened(text: str) -> str:
    return text.encode()[:MOST_BYTES].decode(errors="ignore")
