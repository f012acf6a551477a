"""Short words for stories of what leaves the house: a Play whose people have addresses at fake providers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import addresses, delivery, notices
from dispatch.addresses import Wanted
from dispatch.models import Address, Delivery, DeliveryState
from grids.models import Person, Unit
from incidents.models import Incident
from tests.dispatch.play import Play
from tests.dispatch.providers import MailServer, Provider

SECRET_WORDS = "住在3栋501的王阿姨举报，电话13800138000"


class Post(Play):
    """What is told goes out to `provider`."""

    provider: Provider

    def reach(self, owner: Person | Unit, channel: str = "dingtalk", target: str = "", **given: Any) -> Address:
        """Give a person or a unit's group an address that is in use."""
        wanted = Wanted(channel=channel, target=target or self.provider.url(), **given)
        if isinstance(owner, Unit):
            admin = self.cast.administrator
            address = addresses.set_robot(unit=owner, wanted=wanted, actor=admin, now=self.now)
        else:
            address = addresses.set_own(person=owner, wanted=wanted, now=self.now)
        Address.objects.filter(pk=address.pk).update(enabled=True, proven_at=self.now)
        address.refresh_from_db()
        return address

    def arrives(self, count: int = 1) -> Incident:
        """That many reports reach the village, and everybody is told."""
        for _number in range(count):
            incident = self.report(text=SECRET_WORDS)
        notices.announce_until_done(now=self.now)
        return incident

    def deliver(self, **later: float) -> delivery.Run:
        self.later(**later)
        return delivery.deliver_due(now=self.now)

    def last(self) -> Delivery:
        return Delivery.objects.latest("pk")

    def states(self) -> list[str]:
        return list(Delivery.objects.order_by("pk").values_list("state", flat=True))

    def wait(self, row: Delivery | None = None) -> timedelta:
        """How long from now on the delivery is put off."""
        available: datetime = (row or self.last()).available_at
        return available - self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.close()


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    found = MailServer()
    found.open()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
    yield found
    found.close()


@pytest.fixture
def post(play: Play, provider: Provider, settings: Any) -> Post:
    settings.NOTICE_HOSTS = [provider.host]
    settings.NOTICE_TIMEOUT = 0.4
    settings.SITE_URL = "https://grid.example.gov.cn"
    settings.SMS_URL = provider.url("/sms")
    settings.SMS_SECRET = "sms-secret"
    found = Post(play.cast)
    found.provider = provider
    return found


__all__ = ["SECRET_WORDS", "DeliveryState", "Post"]
