"""Says in plain words what the house found when it looked at itself: what is late, why, and what to do."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.watch import Finding, State
from grids.spans import natural


@dataclass(frozen=True, slots=True)
class Said:
    """One finding for people: what it is about, what was found, and, where something is wrong, what that means."""

    name: str
    state: State
    about: str
    found: str
    advice: str = ""


def say(finding: Finding) -> Said:
    """The finding in words; raises KeyError for one nobody wrote words for."""
    about, found, advice = _WORDS[finding.name](finding.figures, finding.state)
    return Said(finding.name, finding.state, str(about), found, "" if finding.state == State.OK else advice)


def headline(findings: list[Finding]) -> str:
    """One sentence about all of them."""
    late = sum(one.state == State.LATE for one in findings)
    if late:
        return ngettext("%(n)d thing is late", "%(n)d things are late", late) % {"n": late}
    warned = sum(one.state == State.WARN for one in findings)
    if warned:
        return ngettext("All runs; %(n)d thing is worth a look", "All runs; %(n)d things are worth a look", warned) % {
            "n": warned
        }
    return _("All is well")


Words = tuple[str, str, str]


def _clocks_agree(figures: dict[str, Any], state: State) -> Words:
    found = _("The clocks of database and server agree.")
    if figures["apart"]:
        found = _("The clocks of database and server are %(span)s apart.") % {"span": natural(figures["apart"])}
    return _("Time"), found, _("Nothing is announced while they disagree: set both by the same time server.")


def _sweep(figures: dict[str, Any], state: State) -> Words:
    if state == State.OK:
        processes = figures["processes"]
        found = ngettext("%(n)d process watches the deadlines.", "%(n)d processes watch the deadlines.", processes) % {
            "n": processes
        }
        return _("Watching the deadlines"), found, ""
    if figures["seconds"] is None:
        found = _("No process ever watched the deadlines.")
    else:
        found = _("Nobody watches the deadlines since %(span)s.") % {"span": natural(figures["seconds"])}
    if state == State.WARN:
        found = _("Only the spare looks at the deadlines, twice a minute.")
    return _("Watching the deadlines"), found, _("Start the sweep processes; what was missed is caught up in order.")


def _beat(figures: dict[str, Any], state: State) -> Words:
    found = _("The spare looks every half minute.")
    if state != State.OK:
        found = _("The spare does not run.")
    return _("Spare"), found, _("Start the background worker and its beat: messages leave the house through them.")


def _steps(figures: dict[str, Any], state: State) -> Words:
    found = _("No light and no escalation waits.")
    if figures["late"]:
        found = ngettext(
            "%(n)d step waits for more than a minute, the oldest for %(span)s.",
            "%(n)d steps wait for more than a minute, the oldest for %(span)s.",
            figures["late"],
        ) % {"n": figures["late"], "span": natural(figures["lag"])}
    return (
        _("Lights and escalations"),
        found,
        _("They are taken in the order of their deadlines as soon as the sweep runs."),
    )


def _faults(figures: dict[str, Any], state: State) -> Words:
    found = _("No deadline failed to be acted on.")
    if figures["open"]:
        found = ngettext(
            "%(n)d deadline could not be acted on and is tried again.",
            "%(n)d deadlines could not be acted on and are tried again.",
            figures["open"],
        ) % {"n": figures["open"]}
    return (
        _("Failed steps"),
        found,
        _("Each is tried again after a minute, later up to every hour; see what it says below."),
    )


def _untold(figures: dict[str, Any], state: State) -> Words:
    found = _("Everybody was told of everything.")
    if figures["seconds"]:
        found = _("The oldest event waits for %(span)s to be told.") % {"span": natural(figures["seconds"])}
    return _("Notices"), found, _("Notices are written by the same processes that watch the deadlines.")


def _undelivered(figures: dict[str, Any], state: State) -> Words:
    found = _("Nothing waits to leave the house.")
    if figures["seconds"]:
        found = _("The oldest message waits for %(span)s to leave the house.") % {"span": natural(figures["seconds"])}
    if figures["dead"]:
        dead = ngettext(
            "%(n)d message could not be delivered.", "%(n)d messages could not be delivered.", figures["dead"]
        )
        found = f"{found} {dead % {'n': figures['dead']}}"
    return (
        _("Messages to the outside"),
        found,
        _("Messages that could not be delivered can be looked at and sent again."),
    )


def _punctual(figures: dict[str, Any], state: State) -> Words:
    found = _("No light came on in the last minute.")
    if figures["steps"]:
        found = _("Of %(steps)d lights in the last minute %(on_time)d came on within a minute of their time.") % figures
    return _("Punctuality"), found, _("So it looks after a standstill, while what was missed is caught up.")


def _record(figures: dict[str, Any], state: State) -> Words:
    found = _("A sample of %(n)d incidents is as the rules say.") % {"n": figures["incidents"]}
    if figures["broken"]:
        names = ", ".join(one["name"] for one in figures["broken"])
        found = _("In a sample of %(n)d incidents rules are broken: %(names)s.") % {
            "n": figures["incidents"],
            "names": names,
        }
    return _("Record"), found, _("Tell whoever runs the installation: the command check_record names every row.")


def _calendars(figures: dict[str, Any], state: State) -> Words:
    found = _("The calendars know what they should by now.")
    for one in figures["warnings"]:
        found = _("%(calendar)s: the holidays of %(year)d are not published here yet.") % one
        if one["code"] == "ends":
            found = _("%(calendar)s ends with %(year)d.") % one
    return _("Working calendar"), found, _("Take the yearly notice over: Administration, Working calendar.")


_WORDS = {
    "clocks_agree": _clocks_agree,
    "sweep": _sweep,
    "beat": _beat,
    "steps": _steps,
    "faults": _faults,
    "untold": _untold,
    "undelivered": _undelivered,
    "punctual": _punctual,
    "record": _record,
    "calendars": _calendars,
}
