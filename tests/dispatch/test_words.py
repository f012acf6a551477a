"""Whatever people write is kept or refused in a sentence; nothing of a refused press stays."""

import pytest

from dispatch import moves
from incidents import comments
from incidents.models import Incident, IncidentEvent
from incidents.refusals import MoveRefused
from tests.dispatch.play import Order, Play

BAD = ["井盖\0缺失", "\ud800", "长" * 2001, "\x01\x1b \u200b"]
GOOD = ["👨‍👩‍👧 井盖缺失", "第一行\r\n第二行\t\x0b", "<b>粗</b> {{ 7 }} %s", "㮾梨 مرحبا", "长" * 2000]


@pytest.mark.parametrize("text", BAD, ids=["nul", "surrogate", "long", "nothing to be seen"])
def test_words_that_cannot_be_kept_are_refused_wherever_they_come(play: Play, text: str) -> None:
    cast, incident = play.cast, play.at_district()
    before = IncidentEvent.objects.count()
    for name, by, given in (
        ("answer", cast.district_clerk, {"note": text}),
        ("dispatch", cast.district_dispatcher, {"orders": [Order(cast.department, text)]}),
        ("ask_void", cast.district_clerk, {"note": text}),
        ("answer", cast.district_clerk, {"idempotency_key": text}),
    ):
        code = play.refused(incident, name, by, **given)
        assert code in {"unreadable", "too_long"}, name
    for write in (
        lambda: play.report(text=text),
        lambda: play.report(address=text),
        lambda: comments.add(incident=incident, actor=cast.district_clerk, text=text, now=play.now),
        lambda: play.move(incident, "answer", cast.district_clerk, note=text),
    ):
        with pytest.raises(MoveRefused):
            write()
    assert IncidentEvent.objects.count() == before
    assert play.fresh(incident).seq == incident.seq


@pytest.mark.parametrize("text", GOOD)
def test_all_other_words_are_kept_as_they_are(play: Play, text: str) -> None:
    incident = play.report(text=text)
    assert Incident.objects.get(pk=incident.pk).text == text.strip()
    moves.perform(incident_id=incident.pk, name="escalate", actor=play.cast.village_clerk, now=play.now, note=text)
    assert play.event(incident).note == text.strip()


def test_a_report_without_words_is_refused(play: Play) -> None:
    with pytest.raises(MoveRefused) as refused:
        play.report(text=" \n")
    assert (refused.value.code, refused.value.field) == ("missing", "text")
