"""What the domain refuses, as problems: bad input 400, no right 403, not in this state 409, a key used twice 422."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from rest_framework.exceptions import ErrorDetail

from grids.api.problems import Problem
from incidents import refusals
from incidents.refusals import MoveRefused

NO_RIGHT = frozenset({"no_right", "handled_it", "own_request", "not_your_grid", "by_system_only"})
NOT_NOW = frozenset(
    {
        "wrong_state", "by_person_only", "top_reached", "no_sender", "ping_pong", "not_urgent", "too_late", "suspended",
        "already_ordered", "decided", "pending", "urged_lately", "carded", "card_over",
    }
)  # fmt: skip
# The domain's names of inputs, where the API has others.
FIELDS = {
    "result": "note",
    "assignment_id": "assignment",
    "approval_id": "approval",
    "card_id": "card",
    "key": "Idempotency-Key",
}
DEADLOCK = "40P01"


def as_problem(
    refused: MoveRefused, *, present: Callable[[], dict[str, Any]] | None = None, fields: Mapping[str, str] = FIELDS
) -> Problem:
    """The problem of a refusal; where the state is the reason, with the members that `present` tells about it."""
    said, code = str(refused.messages[0]), str(refused.code)
    if code == "key_used":
        return Problem("key-reused", said)
    if code in NO_RIGHT:
        return Problem("forbidden", said)
    if code == "stale" or code in NOT_NOW:
        return Problem("stale" if code == "stale" else "conflict", said, **(present() if present else {}))
    field = fields.get(refused.field or "", refused.field) or "non_field_errors"
    return Problem("invalid", errors={field: [ErrorDetail(said, code)]})


@contextmanager
def told(present: Callable[[], dict[str, Any]] | None = None, fields: Mapping[str, str] = FIELDS) -> Iterator[None]:
    """Turn a refusal of the domain into its problem; who lost a deadlock was slower, and reads the same as stale."""
    try:
        yield
    except MoveRefused as refused:
        raise as_problem(refused, present=present, fields=fields) from refused
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != DEADLOCK:
            raise
        raise as_problem(refusals.stale(), present=present) from error
