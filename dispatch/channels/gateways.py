"""Gateways with a plain shape of our own: text messages by one of the operator, webhooks by whoever receives them.

Both are signed alike: `X-Wangge-Signature: t=<seconds>,v1=<hex>`, the HMAC-SHA256 of `<seconds>.<body>`.
"""

import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dispatch.channels.http import Exchange
from dispatch.channels.outcomes import Dead, Message, Outcome, Reached, Retry, Sent
from dispatch.channels.ways import Limits
from dispatch.channels.web import is_listed
from dispatch.models import Channel

PHONE = re.compile(r"\+?[0-9]{6,15}")


def signed(body: bytes, secret: str, at: float) -> dict[str, str]:
    """The header that proves where a body comes from; none without a secret."""
    if not secret:
        return {}
    stamp = str(int(at))
    mark = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Wangge-Signature": f"t={stamp},v1={mark}"}


class Gateway(Exchange):
    """One signed POST of JSON; the message's id goes along so that a second copy can be dropped."""

    def hand_over(self, url: str, secret: str, payload: dict[str, Any], message: Message) -> Outcome:
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = {"Idempotency-Key": message.id, **signed(body, secret, time.time())}
        answer = self.exchange(url, body, **headers)
        if isinstance(answer, Retry | Dead):
            return answer
        return Sent(_id(answer.body))


class Webhook(Gateway):
    channel = Channel.WEBHOOK
    has_secret = True
    limits = ((60, 60),)

    def is_ready(self) -> bool:
        return super().is_ready() and bool(settings.NOTICE_HOSTS)

    def clean(self, target: str, secret: str) -> str:
        """Only to hosts the operator listed: what is told here shall not go just anywhere."""
        target = super().clean(target, secret)
        if not _is_listed(target):
            raise ValidationError(_("The operator has not listed this host."))
        return target

    def send(self, reached: Reached, message: Message) -> Outcome:
        if not _is_listed(reached.target):
            return Dead("a host that is not listed", permanent=True)
        payload = {
            "id": message.id,
            "number": message.number,
            "unit": message.unit,
            "act": message.act,
            "link": message.link,
            "count": message.count,
            "text": message.text,
        }
        return self.hand_over(reached.target, reached.secret, payload, message)


class Sms(Gateway):
    """A text message is dear and cannot be recognised as a copy: one that may have arrived is not sent again."""

    channel = Channel.SMS
    operators_address = True
    resends = False
    # A number takes 50 notices a day of one template.
    limits = ((50, 24 * 3600),)

    def is_ready(self) -> bool:
        return super().is_ready() and bool(settings.SMS_URL)

    def clean(self, target: str, secret: str) -> str:
        target = re.sub(r"[\s()-]", "", target)
        if not PHONE.fullmatch(target):
            raise ValidationError(_("This is not a phone number."))
        return target

    def hint(self, target: str) -> str:
        return f"{target[:3]}****{target[-4:]}" if len(target) > 8 else f"****{target[-2:]}"

    def lanes(self, lane: str) -> tuple[tuple[str, Limits], ...]:
        return (("sms", ()), (lane, self.limits))

    def send(self, reached: Reached, message: Message) -> Outcome:
        params = {"number": message.number, "unit": message.unit, "act": message.act, "link": message.link}
        payload = {
            "id": message.id,
            "phone": reached.target,
            "sign": settings.SMS_SIGN,
            "template": settings.SMS_TEMPLATE,
            "params": params,
            "text": message.text,
        }
        outcome = self.hand_over(settings.SMS_URL, settings.SMS_SECRET, payload, message)
        # What the gateway itself refuses is the operator's fault; only "gone" speaks of the number.
        if isinstance(outcome, Dead) and outcome.permanent and outcome.why != "status 410":
            return Dead(outcome.why)
        return outcome


def _is_listed(url: str) -> bool:
    parts = urlsplit(url)
    return is_listed(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _id(body: bytes) -> str:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(said.get("id") or "")[:120] if isinstance(said, dict) else ""
