"""What every way over HTTP does alike: checks the address, posts JSON, reads the status."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dispatch.channels import web
from dispatch.channels.outcomes import Dead, Retry
from dispatch.channels.ways import Way

LONGEST_WISH = timedelta(hours=12)
TOO_FAST = (429, 503)
WORTH_ANOTHER_TRY = (408, 409, 423, 425)


class Exchange(Way):
    """A way whose address is a URL."""

    def clean(self, target: str, secret: str) -> str:
        target = target.strip()
        try:
            web.checked(target)
        except web.Refused as error:
            raise ValidationError(_("This is not an address that messages may be sent to.")) from error
        return target

    def hint(self, target: str) -> str:
        return f"{urlsplit(target).hostname} …{target[-4:]}"

    # Whether nobody but the operator can say where it leads.
    operators_address: ClassVar[bool] = False

    def exchange(self, url: str, body: bytes, **headers: str) -> web.Answer | Retry | Dead:
        """The answer where it was a good one."""
        headers = {"Content-Type": "application/json; charset=utf-8", **headers}
        try:
            answer = web.post(url, body, headers, trusted=self.operators_address)
        except web.Refused as error:
            return Dead(str(error), permanent=True)
        except web.Unreachable as error:
            return Retry(str(error), shared=True)
        except web.Broken as error:
            return Retry(str(error), shared=True, maybe=True)
        return answer if 200 <= answer.status < 300 else self._refusal(answer)

    def _refusal(self, answer: web.Answer) -> Retry | Dead:
        why = f"status {answer.status}"
        if answer.status in TOO_FAST:
            return Retry(why, after=self.wish(answer.headers), shared=True)
        if answer.status in WORTH_ANOTHER_TRY:
            return Retry(why, after=self.wish(answer.headers))
        if answer.status >= 500:
            # A gateway that failed after it had passed the message on answers so, too.
            return Retry(why, shared=True, maybe=not self.resends)
        if answer.status < 400:
            return Dead(f"{why}: redirects are not followed", permanent=True)
        return Dead(why, permanent=True)

    def wish(self, headers: Mapping[str, str]) -> timedelta | None:
        """How long the provider wants to be left alone, if it says so."""
        said = headers.get("retry-after") or headers.get("x-ogw-ratelimit-reset") or ""
        if said.strip().isdecimal() and len(said.strip()) < 10:
            wish = timedelta(seconds=int(said))
        else:
            try:
                wish = parsedate_to_datetime(said) - datetime.now(UTC)
            except (ValueError, TypeError):
                return None
        return min(wish, LONGEST_WISH) if wish > timedelta(0) else None
