"""E-mail through Django's own back ends."""

import smtplib
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email

from dispatch.channels.outcomes import Dead, Message, Outcome, Reached, Retry, Sent
from dispatch.channels.ways import Limits, Way
from dispatch.models import Channel

NO_SUCH_BOX = (550, 551, 553)
# Nobody but the operator can mend it.
OPERATORS_FAULT = timedelta(minutes=15)
SILENT = ("console", "dummy")


class Mail(Way):
    channel = Channel.EMAIL

    def is_ready(self) -> bool:
        silent = settings.EMAIL_BACKEND.split(".")[-2] in SILENT
        return super().is_ready() and (settings.DEBUG or not silent)

    def clean(self, target: str, secret: str) -> str:
        validate_email(target.strip())
        if len(target.strip()) > 200:
            raise ValidationError("too long")
        return target.strip()

    def hint(self, target: str) -> str:
        name, _at, host = target.rpartition("@")
        return f"{name[:1]}***@{host}"

    def lanes(self, lane: str) -> tuple[tuple[str, Limits], ...]:
        return (("email", ()),)

    def send(self, reached: Reached, message: Message) -> Outcome:
        """The mail server's word. What went wrong before the letter was handed over did not arrive; later it may."""
        connection = get_connection(timeout=settings.NOTICE_TIMEOUT)
        try:
            connection.open()
        except smtplib.SMTPAuthenticationError:
            return Retry("the mail server refused our password", after=OPERATORS_FAULT, shared=True)
        except (OSError, smtplib.SMTPException, ImproperlyConfigured) as error:
            return Retry(f"no mail server: {type(error).__name__}", shared=True)
        letter = EmailMessage(
            message.subject,
            message.text,
            to=[reached.target],
            connection=connection,
            headers={"Message-ID": f"<{message.id}@{_own_name()}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            letter.send()
        except Exception as error:
            return _outcome(error)
        finally:
            connection.close()
        return Sent(message.id)


def _own_name() -> str:
    """The name behind our own address; asking the network for the machine's may take long."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, _words = next(iter(error.recipients.values()))
        why = f"the mail server refused the address (code {code})"
        return Dead(why, permanent=code in NO_SUCH_BOX) if code >= 500 else Retry(why)
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 400:
        why = f"the mail server refused the letter (code {error.smtp_code})"
        return Dead(why) if error.smtp_code >= 500 else Retry(why, shared=True)
    if isinstance(error, OSError | smtplib.SMTPException):
        return Retry(f"the mail server did not finish: {type(error).__name__}", shared=True, maybe=True)
    raise error
