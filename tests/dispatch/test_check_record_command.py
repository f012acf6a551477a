"""manage.py check_record: silent about a true record, loud about a false one."""

import io

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from tests.dispatch.play import Play


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("check_record", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_what_people_did_holds(play: Play) -> None:
    play.answered()
    play.suspended(play.at_district())
    assert "The record holds" in run()


def test_what_is_not_yet_told_is_only_asked_when_wished(play: Play) -> None:
    play.report()
    with pytest.raises(CommandError):
        run("--settled")


def test_a_row_that_no_move_can_have_made_is_named(play: Play) -> None:
    incident = play.report()
    Incident.objects.filter(pk=incident.pk).update(seq=7)
    with pytest.raises(CommandError, match="do not hold"):
        run()
