"""Why a change of places or people is refused: each class carries a stable `code` and a sentence for people."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction


class HierarchyRefused(ValidationError):
    """A unit cannot be created, retired or succeeded like this."""


class PostRefused(ValidationError):
    """A person cannot take or leave this post like this."""


class ForceRefused(ValidationError):
    """A force cannot join or leave a grid, or a routine come round in it, like this."""


class BoundaryRefused(ValidationError):
    """A plan cannot be proven or published like this."""


@contextmanager
def constraints_as(refusal: type[ValidationError], *tables: type[models.Model]) -> Iterator[None]:
    """Turn a violated constraint of `tables` into `refusal` with the constraint's sentence and name as code.

    The block runs in a savepoint, so the caller's transaction stays usable.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        for table in tables:
            for constraint in table._meta.constraints:
                if constraint.name == name:
                    raise refusal(constraint.get_violation_error_message(), code=name) from error
        raise
