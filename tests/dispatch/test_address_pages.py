"""The pages of what leaves the house: one's own ways, robots of units, dead letters, who is told."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from dispatch import addresses, audiences, delivery, failures, notices
from dispatch.addresses import CODE_PAUSE, Wanted
from dispatch.audience import AUDIENCES, Reason, Who, choices
from dispatch.models import Address, Audience, Delivery, DeliveryState, Notice
from grids import posts, sealing
from grids.duties import Duty
from grids.models import AuditEntry
from incidents.records import KINDS
from incidents.states import MOVES
from tests.dispatch.post import Post
from tests.dispatch.providers import answers

WAYS, ROBOTS = "/notices/ways/", "/notices/robots/"


def acts(client: Client, address: Address, name: str, **given: str) -> str:
    """What the page says after the press."""
    url = reverse("dispatch:address_act", args=[address.pk, name])
    return client.post(url, given, follow=True).content.decode()


def entered(client: Client, post: Post, **more: str) -> Address:
    given = {"channel": "dingtalk", "target": post.provider.url(), "secret": "SECRET-1", "hears": "all", **more}
    assert client.post(WAYS, given).status_code == 302
    return Address.objects.get(channel=given["channel"])


def test_somebody_enters_a_way_proves_it_by_a_code_and_is_told_there(post: Post, client: Client) -> None:
    clerk = post.cast.village_clerk
    client.force_login(clerk)
    address = entered(client, post)
    post.arrives()
    assert not Delivery.objects.exists()
    acts(client, address, "code")
    (text,) = post.provider.texts
    (code,) = re.findall(r"[0-9]{6}", text)
    address.refresh_from_db()
    acts(client, address, "prove", code=f"{(int(code) + 1) % 1_000_000:06d}")
    assert not Address.objects.get(pk=address.pk).enabled
    acts(client, address, "prove", code=code)
    address.refresh_from_db()
    assert address.enabled and address.proven_at
    post.arrives()
    assert post.deliver().sent == 1


def test_a_code_holds_for_five_tries_and_a_quarter_of_an_hour_and_is_not_sent_at_will(post: Post) -> None:
    wanted = Wanted(channel="sms", target="13912345678")
    address = addresses.set_own(person=post.cast.officer, wanted=wanted, now=post.now)
    addresses.send_code(address=address, now=post.now)
    with pytest.raises(ValidationError):
        addresses.send_code(address=address, now=post.now)
    address.refresh_from_db()
    right = addresses.code_of(address)
    for _number in range(addresses.TRIES):
        assert not addresses.prove(address=address, code="x", now=post.now)
    assert not addresses.prove(address=address, code=right, now=post.now)
    post.now += CODE_PAUSE
    addresses.send_code(address=address, now=post.now)
    address.refresh_from_db()
    late = post.now + addresses.CODE_LIVES
    assert not addresses.prove(address=address, code=addresses.code_of(address), now=late)
    assert addresses.prove(address=address, code=addresses.code_of(address), now=post.now)
    for _number in range(addresses.CODES_A_DAY - 2):
        post.now += CODE_PAUSE
        addresses.send_code(address=address, now=post.now)
    with pytest.raises(ValidationError):
        addresses.send_code(address=address, now=post.now + CODE_PAUSE)


def test_another_address_must_be_proven_anew_and_the_same_need_not(post: Post) -> None:
    address = post.reach(post.cast.officer, "webhook")
    wanted = Wanted(channel="webhook", hears="pressing")
    assert addresses.set_own(person=post.cast.officer, wanted=wanted, now=post.now).enabled
    other = Wanted(channel="webhook", target=post.provider.url("/other"))
    changed = addresses.set_own(person=post.cast.officer, wanted=other, now=post.now)
    assert changed.pk == address.pk and not changed.enabled and changed.proven_at is None


def test_addresses_and_secrets_stand_sealed_in_the_database_and_masked_on_pages_and_in_the_audit_list(
    post: Post, client: Client
) -> None:
    client.force_login(post.cast.village_clerk)
    address = entered(client, post)
    assert "very-secret" not in str(Address.objects.values().get(pk=address.pk))
    assert addresses.opened(address).secret == "SECRET-1"
    page = client.get(WAYS).content.decode()
    assert address.hint in page and "very-secret" not in page and "SECRET-1" not in page
    entries = AuditEntry.objects.filter(kind="dispatch_address", person=post.cast.village_clerk.pk)
    assert entries.exists()
    for entry in entries:
        assert "very-secret" not in str(entry.after) and address.sealed not in str(entry.after)


def test_without_its_key_an_address_is_switched_off_and_with_the_old_one_it_goes_on(post: Post, settings: Any) -> None:
    address = post.reach(post.cast.village_clerk)
    settings.SEAL_KEYS = ["new", *settings.SEAL_KEYS]
    post.arrives()
    assert post.deliver().sent == 1
    settings.SEAL_KEYS = ["other"]
    with pytest.raises(sealing.Unsealable):
        addresses.opened(address)
    post.arrives()
    post.deliver()
    address.refresh_from_db()
    assert not address.enabled and address.trouble


def test_what_is_taken_away_leads_nowhere_and_what_waits_there_ends(post: Post, client: Client) -> None:
    address = post.reach(post.cast.village_clerk)
    post.arrives()
    client.force_login(post.cast.village_clerk)
    acts(client, address, "remove")
    address.refresh_from_db()
    assert address.sealed == address.hint == ""
    post.deliver()
    assert post.states() == [DeliveryState.DEAD] and not post.provider.received
    # The same channel may be set up again.
    assert post.reach(post.cast.village_clerk).pk == address.pk


@pytest.mark.parametrize(
    ("channel", "target"),
    [("email", "nobody"), ("sms", "12"), ("dingtalk", "https://evil.example/robot"), ("webhook", "http://10.0.0.1/"),
     ("webhook", "https://hooks.example.com/x"),
     ("wecom", "http://qyapi.weixin.qq.com/x"), ("feishu", "https://open.feishu.cn.evil.example/x")],
)  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused_and_what_was_typed_stays(
    post: Post, client: Client, channel: str, target: str
) -> None:
    client.force_login(post.cast.officer)
    page = client.post(WAYS, {"channel": channel, "target": target, "hears": "all"})
    assert page.status_code == 422 and target in page.content.decode()
    assert not Address.objects.exists()


def test_the_form_for_text_messages_offers_the_phone_on_record_and_only_what_presses(
    post: Post, client: Client
) -> None:
    post.cast.officer.phone = "13912345678"
    post.cast.officer.save(update_fields=["phone"])
    client.force_login(post.cast.officer)
    forms = {row.channel: row.form for row in client.get(WAYS).context["rows"]}
    assert (forms["sms"]["target"].value(), forms["sms"]["hears"].value()) == ("13912345678", "pressing")
    assert forms["email"]["target"].value() is None and forms["email"]["hears"].value() == "all"


def test_a_message_to_try_it_with_says_at_once_whether_it_works(post: Post, client: Client) -> None:
    address = post.reach(post.cast.officer)
    client.force_login(post.cast.officer)
    acts(client, address, "code")
    assert len(post.provider.received) == 1
    Delivery.objects.all().delete()
    post.provider.plan.append(answers({"errcode": 310000}))
    assert "310000" in acts(client, address, "code")


def test_administrators_keep_the_robots_of_their_units_and_nobody_elses(post: Post, client: Client) -> None:
    client.force_login(post.cast.administrator)
    given = {"unit": post.cast.village.pk, "channel": "wecom", "name": "值班群", "target": post.provider.url(),
             "hears": "all"}  # fmt: skip
    assert client.post(ROBOTS, given).status_code == 302
    address = Address.objects.get(unit=post.cast.village)
    assert "值班群" in client.get(ROBOTS).content.decode()
    assert client.post(ROBOTS, given).status_code == 422
    assert client.post(ROBOTS, {**given, "channel": "email", "target": "a@b.cn"}).status_code == 422
    client.force_login(post.cast.town_head)
    assert client.get(ROBOTS).status_code == 404
    assert client.post(reverse("dispatch:address_act", args=[address.pk, "remove"])).status_code == 404


def test_dead_letters_are_seen_with_their_reason_and_sent_again(post: Post, client: Client) -> None:
    post.reach(post.cast.village_clerk, "webhook")
    post.provider.plan.append(answers(status=400))
    incident = post.arrives()
    post.deliver()
    Address.objects.update(enabled=True)
    client.force_login(post.cast.auditor)
    page = client.get("/notices/undelivered/").content.decode()
    assert incident.number in page and failures.in_words("status 400") in page and "replay" not in page
    client.force_login(post.cast.administrator)
    assert client.post("/notices/undelivered/replay/", {"id": "999999"}).status_code == 404
    client.post("/notices/undelivered/replay/")
    assert delivery.deliver_due(now=Delivery.objects.latest("pk").available_at).sent == 1
    assert incident.number not in client.get("/notices/undelivered/").content.decode()


def test_a_notice_about_a_dead_way_leads_to_the_ways(post: Post, client: Client) -> None:
    clerk = post.cast.village_clerk
    post.reach(clerk, "wecom")
    post.provider.plan.append(answers({"errcode": 93000}))
    post.arrives()
    post.deliver()
    client.force_login(clerk)
    told = Notice.objects.get(person=clerk, reason=Reason.UNREACHABLE)
    assert client.get(reverse("dispatch:notice", args=[told.pk]))["Location"] == WAYS
    assert "93000" in client.get(WAYS).content.decode()


def test_dead_letters_about_what_one_town_never_sees_are_not_its_administrators(post: Post, client: Client) -> None:
    cast = post.cast
    for person, duty in ((cast.village_clerk, Duty.OBSERVER), (cast.other_town_clerk, Duty.ADMINISTRATOR)):
        posts.appoint(unit=cast.other_town, person=person, duty=duty, since=cast.since)
    post.reach(cast.village_clerk, "webhook")
    post.provider.plan.append(answers(status=400))
    incident = post.arrives()
    post.deliver()
    client.force_login(cast.other_town_clerk)
    assert incident.number not in client.get("/notices/undelivered/").content.decode()
    assert client.post("/notices/undelivered/replay/", {"id": post.last().pk}).status_code == 404
    client.force_login(cast.administrator)
    assert incident.number in client.get("/notices/undelivered/").content.decode()


@pytest.mark.parametrize("still", [True, False])
def test_of_a_dead_robot_who_entered_it_is_told_while_administering_the_unit(post: Post, still: bool) -> None:
    admin = post.cast.administrator
    post.reach(post.cast.village, "wecom")
    if not still:
        posts.relieve(post=admin.posts.get(), at=post.now)
    post.provider.plan.append(answers({"errcode": 93000}))
    post.arrives()
    post.deliver(seconds=1)
    assert Address.objects.get().trouble
    assert Notice.objects.filter(person=admin).exists() is still


def test_every_reason_for_failing_has_words(post: Post) -> None:
    for said, _words in failures.WORDS:
        assert failures.in_words(said) != said


# -- who is told --------------------------------------------------------------------------------------------


def heard(post: Post) -> dict[str, str]:
    incident = post.report()
    notices.announce_until_done(now=post.now)
    return dict(Notice.objects.filter(event=post.event(incident)).values_list("person__username", "reason"))


def test_a_district_tells_others_than_the_rest_and_goes_back_to_the_default(post: Post, client: Client) -> None:
    assert heard(post) == {"village_clerk": Reason.ARRIVAL}
    client.force_login(post.cast.administrator)
    address = "/notices/audience/report/?district=511111"
    given = {f"reason_{who}": str(Reason.ARRIVAL) for who in choices("report")}
    given |= {f"told_{Who.CHECKERS}": "on", f"reason_{Who.CHECKERS}": Reason.TO_CHECK}
    assert client.post(address, given).status_code == 302
    assert heard(post) == {"village_checker": Reason.TO_CHECK}
    assert set(Audience.objects.values_list("district", flat=True)) == {"511111"}
    assert AuditEntry.objects.filter(kind="dispatch_audience", actor=post.cast.administrator).count() == 3
    client.post(address, {"default": "1"})
    assert heard(post) == {"village_clerk": Reason.ARRIVAL} and not Audience.objects.exists()


def test_what_all_share_holds_where_a_district_says_nothing_else(post: Post) -> None:
    given = {"kind": "report", "actor": post.cast.administrator, "now": post.now}
    both = {Who.CLERKS: Reason.ARRIVAL, Who.CHECKERS: Reason.ARRIVAL, Who.OFFICER: Reason.YOUR_GRID}
    audiences.set_lines(district=None, wanted=both, **given)  # type: ignore[arg-type]
    assert set(heard(post)) == {"village_clerk", "village_checker"}
    # A row that says what would hold anyway is not kept.
    assert audiences.set_lines(district="511111", wanted=both, **given) == 0  # type: ignore[arg-type]
    audiences.set_lines(district="511111", wanted={}, **given)  # type: ignore[arg-type]
    assert heard(post) == {}
    with pytest.raises(ValueError, match="never around"):
        audiences.set_lines(district=None, wanted={Who.CARD_UNIT: Reason.RED}, **given)  # type: ignore[arg-type]


def test_the_table_shows_every_kind_there_is(post: Post, client: Client) -> None:
    client.force_login(post.cast.auditor)
    page = client.get("/notices/audience/")
    assert [row["kind"] for _heading, rows in page.context["sections"] for row in rows] == list(AUDIENCES)
    assert set(AUDIENCES) >= set(MOVES) | set(KINDS)
    assert "audience/report/" not in page.content.decode()
    client.force_login(post.cast.administrator)
    for kind in AUDIENCES:
        assert client.get(reverse("dispatch:audience_edit", args=[kind])).status_code == 200
