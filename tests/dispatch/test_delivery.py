"""What leaves the house: once, at the provider's pace; and what is done when nobody knows whether it arrived."""

import base64
import hashlib
import hmac
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from datetime import time as datetime_time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatch import delivery, notices, tasks
from dispatch.audience import Reason
from dispatch.channels import web
from dispatch.models import FAILED_STATES, Address, Delivery, DeliveryState, Notice
from grids.models import Unit
from incidents.models import Unannounced
from tests.cast import SHANGHAI
from tests.dispatch import processes
from tests.dispatch.post import SECRET_WORDS, Post
from tests.dispatch.providers import MailServer, answers, drips, half, hangs

SENT, DEAD, UNKNOWN = DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.UNKNOWN
WAITING, BUNDLED = DeliveryState.WAITING, DeliveryState.BUNDLED


# -- one event, one message ---------------------------------------------------------------------------------


def test_a_notice_goes_out_once_per_event_and_address(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    incident = post.arrives()
    assert post.deliver().sent == 1
    assert post.deliver().found == 0 and len(post.provider.received) == 1
    (text,) = post.provider.texts
    assert incident.number in text and "南陵社区" in text and str(Reason.ARRIVAL.label) in text
    assert f"https://grid.example.gov.cn/incidents/{incident.number}/" in text
    assert f"E{post.last().event_id}]" in text


def test_telling_the_same_event_again_sends_nothing_again(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    incident = post.arrives()
    Unannounced.objects.bulk_create([Unannounced(event=post.event(incident))])
    notices.announce_until_done(now=post.now)
    post.deliver()
    assert Delivery.objects.count() == len(post.provider.received) == 1


def test_the_group_of_a_unit_hears_one_message_however_many_of_its_people_do(post: Post) -> None:
    post.reach(post.cast.village, "wecom", name="值班群")
    post.arrives()
    assert post.deliver().sent == 1 and len(post.provider.received) == 1
    # What concerns another unit is not told there.
    other = post.report(grid=post.cast.other_grid, by=post.cast.other_officer)
    notices.announce_until_done(now=post.now)
    assert post.deliver().sent == 0 and other.holder == post.cast.other_village


def test_an_address_for_pressing_matters_hears_of_orders_and_not_of_arrivals(post: Post) -> None:
    post.reach(post.cast.village_clerk, hears="pressing")
    post.reach(post.cast.handler, "wecom", hears="pressing")
    post.dispatched()
    notices.announce_until_done(now=post.now)
    post.deliver()
    assert [str(Reason.ORDER.label) in text for text in post.provider.texts] == [True]


def test_no_personal_data_and_no_word_of_the_reporter_leaves_the_house(post: Post, mail_server: MailServer) -> None:
    cast = post.cast
    for channel, target in (("email", "clerk@example.gov.cn"), ("wecom", ""), ("feishu", ""), ("sms", "13912345678"),
                            ("webhook", "")):  # fmt: skip
        post.reach(cast.village_clerk, channel, target)
    post.reach(cast.officer)
    incident = post.arrives()
    post.press(incident, "dismiss", cast.village_clerk, note="王阿姨电话13800138000，不属受理范围")
    self_handled = post.report(by=cast.village_clerk, text=SECRET_WORDS)
    notices.announce_until_done(now=post.now)
    post.deliver()
    sent = [one.body.decode() for one in post.provider.received] + mail_server.letters
    assert len(sent) >= 7
    assert incident.number in mail_server.letters[0] and Address.objects.exclude(hint="").count() == 6
    names = {person.full_name for person in (cast.officer, cast.village_clerk)}
    for body in sent:
        for word in ("王阿姨", "13800138000", "井盖", "501", cast.grid.name, str(self_handled.pk) + "?", *names):
            assert word not in body, (word, body)


# -- how each provider wants it -----------------------------------------------------------------------------


def test_dingtalk_and_feishu_are_signed_with_their_secrets(post: Post) -> None:
    post.reach(post.cast.village_clerk, "dingtalk", secret="SEC1")
    post.reach(post.cast.officer, "feishu", secret="SEC2")
    post.press(post.arrives(), "dismiss", post.cast.village_clerk)
    notices.announce_until_done(now=post.now)
    post.deliver()
    by_kind = {"timestamp" in one.said: one for one in post.provider.received}
    given = parse_qs(urlsplit(by_kind[False].path).query)
    stamp = given["timestamp"][0]
    expected = hmac.new(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256).digest()
    assert given["sign"] == [base64.b64encode(expected).decode()]
    said = by_kind[True].said
    expected = hmac.new(f"{said['timestamp']}\nSEC2".encode(), b"", hashlib.sha256).digest()
    assert said["sign"] == base64.b64encode(expected).decode()


def test_a_text_message_goes_to_the_gateway_signed_and_with_its_parameters(post: Post) -> None:
    post.reach(post.cast.village_clerk, "sms", "139 1234 5678")
    incident = post.arrives()
    assert post.deliver().sent == 1
    (got,) = post.provider.received
    assert got.said["phone"] == "13912345678" and got.said["params"]["number"] == incident.number
    marks = dict(part.split("=") for part in got.headers["X-Wangge-Signature"].split(","))
    expected = hmac.new(b"sms-secret", f"{marks['t']}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert marks["v1"] == expected
    assert got.headers["Idempotency-Key"] == got.said["id"] and post.last().provider_id == "p-1"


# -- when it does not go smoothly ---------------------------------------------------------------------------


def test_429_waits_as_long_as_the_provider_says_and_with_it_everything_for_that_robot(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.plan.append(answers(status=429, Retry_After="120"))
    post.arrives(2)
    assert post.deliver().put_off == 2 and len(post.provider.received) == 1
    assert all(timedelta(seconds=119) < post.wait(row) for row in Delivery.objects.all())
    assert post.deliver(seconds=100).found == 0
    assert post.deliver(seconds=25).sent == 2
    assert len(post.provider.received) == 3


@pytest.mark.parametrize("wish", ["0", "1", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_who_wants_to_be_asked_again_at_once_for_ever_is_not_asked_every_second(post: Post, wish: str) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.usual = answers(status=429, Retry_After=wish)
    post.arrives()
    post.deliver()
    for _number in range(3):
        assert post.deliver(seconds=post.wait().total_seconds() + 1).put_off == 1
    assert post.wait() >= timedelta(seconds=30)


def test_feishus_own_word_on_when_to_come_back_is_heard(post: Post) -> None:
    post.reach(post.cast.village_clerk, "feishu")
    post.provider.plan.append(answers({"code": 11232, "msg": "frequency limited"}, x_ogw_ratelimit_reset="40"))
    post.arrives()
    post.deliver()
    assert timedelta(seconds=39) < post.wait() < timedelta(seconds=59)


def test_dingtalk_shuts_for_ten_minutes_to_who_was_too_fast(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.plan.append(answers({"errcode": 130101, "errmsg": "send too fast"}))
    post.arrives()
    post.deliver()
    assert timedelta(seconds=599) < post.wait() < timedelta(seconds=660)


@pytest.mark.parametrize("trouble", [hangs(1.0), half, drips(2.0)], ids=["hangs", "half an answer", "drips"])
def test_a_robot_that_may_have_got_it_is_sent_it_once_more_and_not_twice(post: Post, trouble: Any) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.usual = trouble
    post.arrives()
    post.deliver()
    assert post.states() == [WAITING]
    post.deliver(minutes=1)
    assert post.states() == [UNKNOWN]
    post.deliver(hours=5)
    texts = post.provider.texts
    assert len(texts) == 2 and texts[0] == texts[1]


@pytest.mark.parametrize("trouble", [hangs(1.0), half, answers(status=502)], ids=["hangs", "half", "bad gateway"])
def test_a_text_message_that_may_have_arrived_is_never_sent_again(post: Post, trouble: Any) -> None:
    post.reach(post.cast.village_clerk, "sms", "13912345678")
    post.provider.usual = trouble
    post.arrives()
    post.deliver()
    assert post.states() == [UNKNOWN]
    post.deliver(hours=5)
    assert len(post.provider.received) == 1


def test_where_nobody_answers_it_is_tried_again_for_a_day_with_longer_and_longer_pauses(post: Post) -> None:
    address = post.reach(post.cast.village_clerk)
    # From now on nothing listens there.
    post.provider.close()
    post.arrives()
    pauses = []
    while post.states() == [WAITING]:
        post.now = max(post.now, post.last().available_at)
        post.deliver(seconds=1)
        pauses.append(round(post.wait() / timedelta(seconds=1)))
    assert post.states() == [DEAD] and post.last().last_error.startswith("no connection")
    assert pauses[0] in range(8, 40) and pauses[1] in range(55, 90) and pauses[3] in range(890, 930)
    assert 20 <= post.last().attempts <= 40
    assert Address.objects.get(pk=address.pk).enabled


def test_a_robot_that_is_gone_is_switched_off_and_its_owner_told_in_the_inbox(post: Post) -> None:
    clerk = post.cast.village_clerk
    address = post.reach(clerk, "wecom")
    post.provider.plan.append(answers({"errcode": 93000, "errmsg": "invalid webhook url"}))
    post.arrives(2)
    post.deliver()
    address.refresh_from_db()
    assert not address.enabled and "93000" in address.trouble
    told = Notice.objects.get(person=clerk, reason=Reason.UNREACHABLE)
    assert told.channel == "wecom"
    # The other one is not sent any more.
    post.deliver(minutes=1)
    assert DEAD in post.states() and len(post.provider.received) <= 2


def test_a_mailbox_that_does_not_exist_is_left_alone_and_a_busy_one_tried_again(
    post: Post, mail_server: MailServer
) -> None:
    address = post.reach(post.cast.village_clerk, "email", "clerk@example.gov.cn")
    mail_server.plan["RCPT"] = "450 busy"
    post.arrives()
    post.deliver()
    assert post.states() == [WAITING]
    mail_server.plan["RCPT"] = "550 no such user"
    post.deliver(minutes=1)
    address.refresh_from_db()
    assert post.states() == [DEAD] and not address.enabled and mail_server.letters == []


def test_a_letter_whose_taking_was_not_confirmed_goes_out_once_more_with_the_same_message_id(
    post: Post, mail_server: MailServer
) -> None:
    post.reach(post.cast.village_clerk, "email", "clerk@example.gov.cn")
    mail_server.plan["DATA"] = ""
    post.arrives()
    post.deliver()
    post.deliver(minutes=1)
    post.deliver(hours=2)
    assert post.states() == [UNKNOWN]
    ids = [line for letter in mail_server.letters for line in letter.splitlines() if line.startswith("Message-ID")]
    assert len(ids) == 2 and ids[0] == ids[1] and f"E{post.last().event_id}@" in ids[0]


def test_a_message_that_cannot_be_put_into_words_stops_no_other(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.reach(post.cast.village_clerk)
    post.arrives(2)
    good, bad = Delivery.objects.order_by("pk")
    words = delivery.messages.message_of

    def fails_for_one(row: Delivery, *given: Any) -> Any:
        if row.pk == bad.pk:
            raise RuntimeError("poison")
        return words(row, *given)

    monkeypatch.setattr(delivery.messages, "message_of", fails_for_one)
    post.deliver()
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.state == SENT and bad.state == WAITING and bad.available_at > post.now


# -- where it does not go -----------------------------------------------------------------------------------


def test_a_redirect_into_the_house_is_not_followed(post: Post) -> None:
    address = post.reach(post.cast.village_clerk, "webhook")
    post.provider.plan.append(answers(status=302, Location="http://169.254.169.254/latest/meta-data/"))
    post.arrives()
    post.deliver()
    address.refresh_from_db()
    assert post.states() == [DEAD] and len(post.provider.received) == 1 and not address.enabled


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::", "255.255.255.255",
     "fec0::1", "192.88.99.1", "::127.0.0.1", "3fff::1"],
)  # fmt: skip
def test_addresses_inside_the_house_are_known_as_such(inside: str) -> None:
    assert not web.is_outside(inside)


def test_a_name_that_leads_inside_is_refused_and_the_address_looked_at_is_the_one_connected_to(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers well at first and badly a moment later leads nowhere: it is asked once."""
    settings.NOTICE_HOSTS, settings.NOTICE_TIMEOUT = [], 0.3
    asked: list[str] = []
    replies = iter([["10.0.0.5"], ["93.184.216.34", "10.0.0.5"], ["93.184.216.34"], ["127.0.0.1"]])
    connected: list[Any] = []

    def resolve(host: str, port: int, **given: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in next(replies)]

    def connect(address: Any, timeout: float) -> Any:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(web.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(web.socket, "create_connection", connect)
    for _number in range(2):
        with pytest.raises(web.Refused):
            web.post("https://evil.example/", b"", {})
    with pytest.raises(web.Unreachable):
        web.post("https://evil.example/", b"", {})
    assert connected == [("93.184.216.34", 443)] and len(asked) == 3


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "https://user:word@example.com/", "https://", "file:///etc/passwd",
     "https://example.com/\r\nX: 1", "https://[::1", "gopher://x", "https://example.com:99999/",
     "https://example.com/机器人", "https://example.com/?key=值"],
)  # fmt: skip
def test_what_is_no_https_address_is_refused_before_anybody_is_asked(url: str, settings: Any) -> None:
    settings.NOTICE_HOSTS = []
    with pytest.raises(web.Refused):
        web.checked(url)


# -- pace and storms ----------------------------------------------------------------------------------------


def test_no_minute_ever_sees_more_than_twenty_messages_at_one_robot(post: Post, settings: Any) -> None:
    """Two addresses of one robot share its limit; a minute may begin anywhere."""
    settings.NOTICE_STORM = 100
    post.reach(post.cast.village_clerk)
    post.reach(post.cast.village, "dingtalk")
    post.arrives(30)
    taken: list[tuple[datetime, int]] = []
    for _number in range(40):
        taken.append((post.now, post.deliver().sent))
        post.later(seconds=5)
    assert sum(number for _at, number in taken) == 60
    for start, _number in taken:
        within = [number for at, number in taken if start <= at < start + timedelta(seconds=59)]
        assert sum(within) <= 20


def test_after_a_storm_one_message_says_how_much_is_waiting(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.arrives(30)
    assert post.deliver().sent == 1
    (text,) = post.provider.texts
    assert "30" in text and str(Reason.ARRIVAL.label) in text and "/inbox/" in text
    assert set(post.states()) == {SENT}


def test_a_digest_that_fails_takes_what_it_stands_for_along_and_can_be_replayed(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.plan.append(answers(status=400))
    post.arrives(10)
    post.deliver()
    assert set(post.states()) == {DEAD} and len(post.provider.received) == 1
    Address.objects.update(enabled=True)
    anyone = Delivery.objects.filter(digest__isnull=False).first()
    assert anyone is not None and delivery.replay(ids=[anyone.pk], now=post.now) == 1
    assert post.deliver().sent == 1
    assert set(post.states()) == {SENT} and "10" in post.provider.texts[-1]


def test_what_arrives_while_a_digest_waits_joins_it_when_the_provider_opens_again(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.provider.plan.append(answers(status=503, Retry_After="60"))
    post.arrives(10)
    post.deliver()
    post.arrives(10)
    post.deliver(seconds=70)
    assert "20" in post.provider.texts[-1] and set(post.states()) == {SENT}


# -- quiet hours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (("22:00", "07:00"), "2026-03-04 23:30", "2026-03-05 07:00"),
        (("22:00", "07:00"), "2026-03-05 06:59", "2026-03-05 07:00"),
        (("22:00", "07:00"), "2026-03-05 07:00", "2026-03-05 07:00"),
        (("12:00", "14:00"), "2026-03-05 12:00", "2026-03-05 14:00"),
        (("12:00", "14:00"), "2026-03-05 14:00", "2026-03-05 14:00"),
    ],
)
def test_quiet_hours_end_at_their_local_end(quiet: tuple[str, str], now: str, until: str) -> None:
    since, to = (datetime_time.fromisoformat(one) for one in quiet)
    at = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    assert delivery.addresses.quiet_until(since, to, at) == datetime.fromisoformat(until).replace(tzinfo=SHANGHAI)


def quiet_night() -> dict[str, Any]:
    return {"quiet_from": datetime(2026, 1, 1, 22).time(), "quiet_to": datetime(2026, 1, 1, 7).time()}


def test_quiet_hours_move_the_message_and_never_the_clock(post: Post) -> None:
    post.reach(post.cast.village_clerk, **quiet_night())
    post.now = datetime(2026, 3, 4, 23, 0, tzinfo=SHANGHAI)
    incident = post.arrives()
    due = post.clock(incident, "accept").due_at  # type: ignore[arg-type]
    assert post.deliver().found == 0
    assert Notice.objects.filter(person=post.cast.village_clerk).exists()
    assert post.last().available_at == datetime(2026, 3, 5, 7, 0, tzinfo=SHANGHAI)
    assert post.clock(incident, "accept").due_at == due  # type: ignore[arg-type]
    assert post.deliver(hours=8).sent == 1


@pytest.mark.parametrize(("where", "wakes"), [("village", False), ("town", True), ("department", True)])
def test_a_red_of_a_town_or_above_wakes_people_up(post: Post, where: str, wakes: bool) -> None:
    incident = post.report()
    event = post.event(incident)
    unit: Unit = getattr(post.cast, where)
    event.kind, event.unit = "light_red", unit
    night = datetime(2026, 3, 4, 23, 0, tzinfo=SHANGHAI)
    address = post.reach(post.cast.town_clerk, **quiet_night())
    assert (delivery.addresses.available_at(address, event, Reason.RED, night) == night) is wakes
    assert delivery.addresses.available_at(address, event, Reason.ARRIVAL, night) > night


# -- several deliverers, and one that dies ------------------------------------------------------------------


def test_a_deliverer_that_died_before_it_began_has_changed_nothing(post: Post) -> None:
    post.reach(post.cast.village_clerk, "sms", "13912345678")
    post.arrives()
    assert delivery.claims.take(delivery.uuid4(), post.now, 10)[1]
    assert post.deliver().found == 0
    assert post.deliver(seconds=91).sent == 1 and post.last().resends == 0


def test_who_comes_back_after_its_lease_changes_nothing_any_more(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.arrives()
    token = delivery.uuid4()
    _found, (row,) = delivery.claims.take(token, post.now, 10)
    assert delivery._begin(row, token, post.now)
    post.deliver(seconds=200)
    assert post.states() == [SENT] and post.last().resends == 1
    delivery._mark(row, delivery.Dead("late"), token, post.now, delivery.Run())
    assert post.states() == [SENT]


@pytest.mark.django_db(transaction=True)
def test_killed_between_answer_and_mark_a_robot_hears_it_twice_at_most_and_a_phone_once(
    post: Post, tmp_path: Path
) -> None:
    post.reach(post.cast.village_clerk)
    post.reach(post.cast.officer, "sms", "13912345678")
    post.now = timezone.now()
    post.report(by=post.cast.village_clerk)
    post.arrives()
    Delivery.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    assert Delivery.objects.count() == 2
    both = threading.Barrier(2)

    def kill_and_answer(handler: Any) -> None:
        both.wait(20)
        processes.kill(deliverer)
        answers()(handler)

    post.provider.plan.extend([kill_and_answer, kill_and_answer])
    more = {"WANGGE_NOTICE_HOSTS": post.provider.host, "WANGGE_SMS_URL": post.provider.url("/sms")}
    deliverer = processes.start("-m", "django", "deliver", "--once", log=tmp_path / "log", **more)
    with processes.running(deliverer):
        deliverer.wait(60)
    assert set(post.states()) == {DeliveryState.SENDING} and len(post.provider.received) == 2
    post.now = timezone.now()
    delivery.deliver_due(now=post.now + timedelta(seconds=1))
    assert len(post.provider.received) == 2
    for minutes in (2, 5, 60):
        delivery.deliver_due(now=post.now + timedelta(minutes=minutes))
    by_channel = dict(Delivery.objects.values_list("address__channel", "state"))
    assert by_channel == {"dingtalk": SENT, "sms": UNKNOWN}
    paths = [one.path for one in post.provider.received]
    assert paths.count("/sms") == 1 and len(paths) == 3


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_at_once_send_everything_once(post: Post, settings: Any) -> None:
    settings.NOTICE_STORM = 100
    post.reach(post.cast.village_clerk, "webhook")
    post.reach(post.cast.officer, "webhook", post.provider.url("/other"))
    for _number in range(12):
        post.press(post.report(by=post.cast.village_clerk), "dismiss", post.cast.village_clerk)
        post.report()
    notices.announce_until_done(now=post.now)
    waiting = Delivery.objects.count()

    def run() -> int:
        try:
            return delivery.deliver_until_done(now=post.now + timedelta(seconds=1)).sent
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        sent = sum(future.result() for future in [pool.submit(run) for _number in range(3)])
    ids = [one.said["id"] for one in post.provider.received]
    assert sent == waiting == len(ids) == len(set(ids)) and set(post.states()) == {SENT}


def test_the_command_and_the_task_send_what_is_due(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.arrives()
    call_command("deliver", "--once")
    assert post.states() == [SENT]
    post.arrives()
    tasks.deliver()
    assert post.states() == [SENT, SENT]
    with pytest.raises(CommandError):
        call_command("deliver")


# -- what it costs ------------------------------------------------------------------------------------------


def test_telling_asks_for_all_addresses_at_once(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    for _number in range(20):
        post.report()
    with CaptureQueriesContext(connection) as taken:
        assert notices.announce_pending(now=post.now).events == 20
    assert Delivery.objects.count() == 20 and len(taken) <= 13


def test_looking_for_what_is_due_is_answered_by_small_indexes(post: Post) -> None:
    due = Delivery.objects.filter(state=WAITING, available_at__lte=post.now).order_by("available_at", "pk")
    left = Delivery.objects.filter(state="sending", lease_until__lt=post.now).order_by("lease_until")
    failed = Delivery.objects.filter(state__in=FAILED_STATES).order_by("-pk")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    plans = [query[:10].explain() for query in (due, left, failed)]
    for name, plan in zip(("delivery_due", "delivery_in_hand", "delivery_failed"), plans, strict=True):
        assert name in plan and "Sort" not in plan


def test_nothing_due_costs_two_looks(post: Post) -> None:
    post.reach(post.cast.village_clerk)
    post.arrives()
    post.deliver()
    with CaptureQueriesContext(connection) as taken:
        delivery.deliver_due(now=post.now)
    looks = [one["sql"] for one in taken if one["sql"].startswith("SELECT")]
    assert len(looks) == 2
