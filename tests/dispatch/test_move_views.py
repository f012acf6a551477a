"""The forms of the presses: offered to whom they belong, one perform per POST, what is refused keeps what was typed."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from dispatch import moves
from dispatch.forms import ASKING
from dispatch.models import Approval, ApprovalState, Assignment, AssignmentRole, AssignmentState
from dispatch.views.moves import address
from grids.models import Person
from incidents.models import Incident, IncidentEvent, Photo, PhotoStage
from incidents.states import State
from tests.dispatch.play import Play
from tests.incidents.story import Story

HTMX = {"hx-request": "true"}
PANEL_CEILING = 24


@pytest.fixture
def play(story: Story) -> Play:
    """A play at the present moment, as pages look at the clock themselves."""
    found = Play(story.cast)
    found.now = timezone.now() - timedelta(hours=3)
    return found


def url(incident: Incident, name: str, order: Assignment | None = None, request: Approval | None = None) -> str:
    if order is not None:
        return reverse("dispatch:order_act", args=[incident.number, order.pk, name])
    if request is not None:
        return reverse("dispatch:decide", args=[incident.number, request.pk, name])
    return reverse("dispatch:move", args=[incident.number, name])


def send(client: Client, person: Person, address: str, seq: int, **given):
    client.force_login(person)
    return client.post(address, {"seq": seq, **given}, headers=HTMX)


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return SimpleUploadedFile("after.jpg", out.getvalue(), "image/jpeg")


def test_the_panel_offers_exactly_what_the_person_may_do(client: Client, play: Play) -> None:
    incident = play.report()
    for person in (play.cast.village_clerk, play.cast.town_clerk, play.cast.observer, play.cast.officer):
        client.force_login(person)
        text = client.get(reverse("dispatch:panel", args=[incident.number]), headers=HTMX).content.decode()
        offers = moves.available(person=person, incident=incident, now=timezone.now())
        for offer in offers:
            assert address(incident, offer) in text
        assert text.count("/moves/") == (2 * len(offers) if offers else 0), person
        # To urge and to supervise stand with the cards, not with the moves.
        assert ("btn-main" in text) == any(offer.name not in ASKING for offer in offers)


def test_the_panel_shows_every_order_with_its_light(client: Client, play: Play, django_assert_max_num_queries) -> None:
    incident = play.dispatched(play.cast.department, play.cast.other_department)
    client.force_login(play.cast.district_dispatcher)
    panel = reverse("dispatch:panel", args=[incident.number])
    client.get(panel, headers=HTMX)
    with django_assert_max_num_queries(PANEL_CEILING):
        text = client.get(panel, headers=HTMX).content.decode()
    assert text.count("light-unlit") == 2
    assert play.cast.department.name in text and play.cast.other_department.name in text
    assert "<html" in client.get(panel).content.decode(), "a page of its own without scripts"


def test_every_offer_has_a_form_or_is_pressed_at_once(client: Client, play: Play) -> None:
    cast = play.cast
    asked = play.at_district()
    play.press(asked, "ask_suspend", cast.district_clerk, note="等雨停", review_at=timezone.now() + timedelta(days=5))
    for incident, people in (
        (play.report(urgency="urgent"), [cast.village_clerk]),
        (play.at_district(), [cast.district_clerk, cast.district_dispatcher]),
        (play.dispatched(), [cast.district_dispatcher, cast.handler]),
        (play.answered(), [cast.district_checker]),
        (asked, [cast.district_duty_chief]),
    ):
        for person in people:
            client.force_login(person)
            for offer in moves.available(person=person, incident=incident, now=timezone.now()):
                response = client.get(address(incident, offer), headers=HTMX)
                assert response.status_code == 200, offer.name
                text = response.content.decode()
                assert offer.label in text and 'name="seq"' in text and "move-title" in text
                assert "<html" in client.get(address(incident, offer)).content.decode()


def test_a_press_needs_the_duty_also_when_the_address_is_known(client: Client, play: Play) -> None:
    incident = play.report()
    for person, status in ((play.cast.observer, 422), (play.cast.town_clerk, 422), (play.cast.stranger, 404)):
        assert send(client, person, url(incident, "accept"), incident.seq).status_code == status
    assert play.fresh(incident).state == State.REPORTED
    client.force_login(play.cast.observer)
    assert client.post(url(incident, "accept"), {"seq": incident.seq}).status_code == 409


def test_one_press_is_one_move_and_tells_the_page(client: Client, play: Play) -> None:
    incident = play.report()
    response = send(client, play.cast.village_clerk, url(incident, "accept"), incident.seq)
    assert response.status_code == 204
    for event in ("toast", "incident:moved", "closeDialog", "badges"):
        assert event in response["HX-Trigger"]
    assert play.fresh(incident).state == State.ACCEPTED
    plain = client.post(url(incident, "escalate"), {"seq": 2, "note": "需镇上协调"})
    assert plain.url == reverse("incidents:detail", args=[incident.number])
    assert play.fresh(incident).holder == play.cast.town


def test_a_missing_reason_stands_at_its_field(client: Client, play: Play) -> None:
    incident = play.report()
    response = send(client, play.cast.village_clerk, url(incident, "escalate"), incident.seq, note="  ")
    assert response.status_code == 422
    assert response.context["form"].errors["note"]
    assert "is-invalid" in response.content.decode()


def test_somebody_was_faster_keeps_the_words_and_shows_the_present_state(client: Client, play: Play) -> None:
    incident = play.report()
    seen = incident.seq
    play.press(incident, "accept", play.cast.village_clerk)
    response = send(client, play.cast.village_clerk, url(incident, "escalate"), seen, note="需要镇上协调解决")
    assert response.status_code == 422
    text = response.content.decode()
    assert "需要镇上协调解决" in text
    fresh = play.fresh(incident)
    assert f'value="{fresh.seq}"' in text, "a second press is made on what is seen now"
    assert fresh.state == State.ACCEPTED
    assert send(client, play.cast.village_clerk, url(incident, "escalate"), fresh.seq, note="需要").status_code == 204


def test_a_press_that_no_longer_fits_says_so_and_where_it_stands(client: Client, play: Play) -> None:
    incident = play.report()
    play.press(incident, "escalate", play.cast.village_clerk)
    response = send(client, play.cast.village_clerk, url(incident, "accept"), 1)
    assert response.status_code == 422
    assert play.cast.town.label in response.content.decode()
    assert response["HX-Retarget"] == "#move-body" and "openDialog" in response["HX-Trigger"]


def test_the_same_form_sent_twice_moves_once(client: Client, play: Play) -> None:
    incident = play.report()
    for _time in range(2):
        send(client, play.cast.village_clerk, url(incident, "accept"), incident.seq, key="the-same-key")
    assert IncidentEvent.objects.filter(incident=incident, kind="accept").count() == 1


def test_transfer_names_a_sibling_and_nothing_else(client: Client, play: Play) -> None:
    incident = play.report()
    cast = play.cast
    wrong = send(
        client, cast.village_clerk, url(incident, "transfer"), 1, note="在贵处辖区", target_unit=cast.other_village.pk
    )
    assert wrong.status_code == 422 and wrong.context["form"].errors["target_unit"]
    send(
        client, cast.village_clerk, url(incident, "transfer"), 1, note="在贵处辖区", target_unit=cast.sibling_village.pk
    )
    assert play.fresh(incident).holder == cast.sibling_village


def test_orders_are_built_with_lead_required_and_words_of_their_own(client: Client, play: Play) -> None:
    incident = play.at_district()
    cast = play.cast
    response = send(
        client,
        cast.district_dispatcher,
        url(incident, "dispatch"),
        incident.seq,
        order_text="请到场处置",
        units=[cast.department.pk, cast.other_department.pk],
        lead=cast.other_department.pk,
        **{
            f"required-{cast.other_department.pk}": "on",
            f"text-{cast.department.pk}": "请协助疏散",
        },
    )
    assert response.status_code == 204
    lead, co = play.order(incident, cast.other_department), play.order(incident, cast.department)
    assert (lead.role, lead.required, lead.order) == (AssignmentRole.LEAD, True, "请到场处置")
    assert (co.role, co.required, co.order) == (AssignmentRole.CO, False, "请协助疏散")


def test_an_order_without_a_unit_or_words_keeps_what_was_ticked(client: Client, play: Play) -> None:
    incident = play.at_district()
    cast = play.cast
    address = url(incident, "dispatch")
    none = send(client, cast.district_dispatcher, address, incident.seq, order_text="请到场处置")
    assert none.status_code == 422 and none.context["form"].errors["order_text"]
    silent = send(client, cast.district_dispatcher, address, incident.seq, order_text=" ", units=[cast.department.pk])
    assert silent.status_code == 422
    assert f'value="{cast.department.pk}" checked' in silent.content.decode()
    foreign = send(client, cast.district_dispatcher, address, incident.seq, order_text="请", units=[cast.office.pk])
    assert foreign.status_code == 422
    assert not Assignment.objects.exists()


def test_a_department_signs_feeds_back_with_a_picture_and_the_incident_goes_to_the_check(
    client: Client, play: Play
) -> None:
    incident = play.dispatched()
    cast, order = play.cast, play.order(incident)
    assert send(client, cast.handler, url(incident, "sign", order), order.seq).status_code == 204
    order.refresh_from_db()
    silent = send(client, cast.handler, url(incident, "feed_back", order), order.seq)
    assert silent.status_code == 422
    done = send(
        client, cast.handler, url(incident, "feed_back", order), order.seq, note="已更换", key="k-fed", photos=picture()
    )
    assert done.status_code == 204
    assert play.fresh(incident).state == State.ANSWERED
    photo = Photo.objects.get()
    assert (photo.stage, photo.added_by, photo.event.kind) == (PhotoStage.AFTER, cast.handler, "fed_back")


def test_a_picture_that_is_none_is_refused_and_nothing_moves(client: Client, play: Play) -> None:
    incident = play.dispatched()
    cast, order = play.cast, play.order(incident)
    play.press(incident, "sign", cast.handler, assignment_id=order.pk)
    bad = SimpleUploadedFile("x.jpg", b"not a picture", "image/jpeg")
    response = send(client, cast.handler, url(incident, "feed_back", order), 1, note="已更换", photos=bad)
    assert response.status_code == 422 and response.context["form"].errors["photos"]
    assert play.fresh(incident).state == State.DISPATCHED


def test_an_order_is_returned_with_a_class_and_a_proposal_and_given_to_another(client: Client, play: Play) -> None:
    incident = play.dispatched()
    cast, order = play.cast, play.order(incident)
    unnamed = send(client, cast.handler, url(incident, "return", order), order.seq, note="不属于本单位")
    assert unnamed.status_code == 422 and unnamed.context["form"].errors["reason"]
    second = play.dispatched(cast.department, cast.other_department)
    order = play.order(second, cast.department)
    send(
        client,
        cast.handler,
        url(second, "return", order),
        order.seq,
        note="不属于本单位",
        reason="not_ours",
        proposed_unit=cast.other_town.pk,
    )
    order.refresh_from_db()
    assert (order.state, order.proposed_unit) == (AssignmentState.RETURNED, cast.other_town)
    send(
        client,
        cast.district_dispatcher,
        url(second, "replace", order),
        order.seq,
        units=[cast.other_town.pk],
        order_text="请接办",
    )
    order.refresh_from_db()
    assert order.replaced_by is not None and order.replaced_by.unit == cast.other_town


def test_a_suspension_is_asked_for_and_granted_by_somebody_else(client: Client, play: Play) -> None:
    incident = play.at_district()
    cast = play.cast
    day = timezone.localdate() + timedelta(days=7)
    asked = send(
        client,
        cast.district_clerk,
        url(incident, "ask_suspend"),
        incident.seq,
        note="等雨停",
        review_at=f"{day:%Y-%m-%d}",
    )
    assert asked.status_code == 204
    request = play.request(incident)
    assert timezone.localdate(request.review_at) == day
    own = send(client, cast.district_clerk, url(incident, "grant", request=request), incident.seq)
    assert own.status_code == 422
    assert (
        send(client, cast.district_duty_chief, url(incident, "grant", request=request), incident.seq).status_code == 204
    )
    assert play.fresh(incident).state == State.SUSPENDED


def test_a_refusal_needs_a_reason_and_a_past_or_distant_review_date_is_refused(client: Client, play: Play) -> None:
    incident = play.at_district()
    cast = play.cast
    for day in (timezone.localdate(), timezone.localdate() + timedelta(days=900)):
        response = send(
            client,
            cast.district_clerk,
            url(incident, "ask_suspend"),
            incident.seq,
            note="等",
            review_at=f"{day:%Y-%m-%d}",
        )
        assert response.status_code == 422 and response.context["form"].errors["review_at"], day
    play.press(incident, "ask_void", cast.district_clerk, note="误报")
    request = play.request(incident)
    silent = send(client, cast.district_duty_chief, url(incident, "refuse", request=request), incident.seq)
    assert silent.status_code == 422
    send(client, cast.district_duty_chief, url(incident, "refuse", request=request), incident.seq, note="理由不足")
    request.refresh_from_db()
    assert request.state == ApprovalState.REFUSED


def test_rework_names_who_shall_do_it_again(client: Client, play: Play) -> None:
    incident = play.answered()
    cast, order = play.cast, play.order(incident)
    address = url(incident, "rework")
    nobody = send(client, cast.district_checker, address, incident.seq, note="未解决")
    assert nobody.status_code == 422 and nobody.context["form"].errors["handlers"]
    done = send(client, cast.district_checker, address, play.fresh(incident).seq, note="未解决", handlers=[order.pk])
    assert done.status_code == 204
    order.refresh_from_db()
    assert (order.state, order.round) == (AssignmentState.CALLED, 2)


def test_who_did_the_work_reads_why_they_do_not_check_it(client: Client, play: Play) -> None:
    from grids import posts
    from grids.duties import Duty

    incident = play.answered()
    posts.appoint(unit=play.cast.district, person=play.cast.handler, duty=Duty.CHECKER, since=play.cast.since)
    client.force_login(play.cast.handler)
    response = client.get(url(incident, "close"), headers=HTMX)
    assert response.status_code == 422 and response.context["reason"]


def test_a_merge_names_an_open_incident_in_sight(client: Client, play: Play) -> None:
    cast = play.cast
    incident, master = play.report(), play.report()
    foreign = play.report(by=cast.other_officer, grid=cast.other_grid)
    address = url(incident, "merge")
    for number in ("", "123", foreign.number, incident.number):
        response = send(client, cast.village_clerk, address, incident.seq, note="同一件事", master=number)
        assert response.status_code == 422 and response.context["form"].errors["master"], number
    assert send(client, cast.village_clerk, address, incident.seq, master=master.number).status_code == 204
    assert play.fresh(incident).master == master


def test_next_leads_back_to_the_desk_but_never_out_of_the_house(client: Client, play: Play) -> None:
    cast = play.cast
    client.force_login(cast.village_clerk)
    desk = reverse("dispatch:desk", args=[cast.village.pk]) + "?tab=accept"
    for onward, expected in ((desk, desk), ("https://evil.example/", None), ("//evil.example/", None)):
        incident = play.report()
        response = client.post(url(incident, "accept"), {"seq": incident.seq, "next": onward})
        assert response.url == (expected or reverse("incidents:detail", args=[incident.number]))


def test_an_order_or_request_of_another_incident_is_not_found(client: Client, play: Play) -> None:
    one, other = play.dispatched(), play.dispatched()
    client.force_login(play.cast.handler)
    assert client.get(url(one, "sign", play.order(other)), headers=HTMX).status_code == 422
    assert client.post(url(one, "sign", play.order(other)), {"seq": 0}).status_code == 409
    assert play.order(other).state == AssignmentState.CALLED
