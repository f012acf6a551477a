"""Why a message did not get through, in words for people. What senders keep is short English, without any address."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The beginning of what a sender said; the first that fits.
WORDS: tuple[tuple[str, str | Promise], ...] = (
    ("status 429", _("The provider wants fewer messages")),
    ("too many messages", _("The provider wants fewer messages")),
    ("the provider is busy", _("The provider is busy")),
    ("status 5", _("The provider has trouble of its own")),
    ("status 3", _("The address leads somewhere else; that is not followed")),
    ("status 404", _("Nothing answers at this address")),
    ("status 410", _("Nothing answers at this address")),
    ("status", _("The provider refused the message")),
    ("refused", _("The provider refused the message")),
    ("an answer that says nothing", _("The provider's answer could not be read")),
    ("no whole answer", _("The provider did not answer in time")),
    ("half an answer", _("The provider's answer broke off")),
    ("an answer without end", _("The provider's answer could not be read")),
    ("no connection", _("The provider was not reached")),
    ("no trusted connection", _("The provider could not prove who it is")),
    ("the name", _("The name of the address is not known")),
    ("an address inside the house", _("The address leads inside the house; the operator has not listed it")),
    ("a host that is not listed", _("The operator has not listed this host.")),
    ("not https", _("The address is not safe: it must begin with https://")),
    ("not an address", _("This is not an address that messages may be sent to.")),
    ("no mail server", _("The mail server was not reached")),
    ("the mail server refused our password", _("The mail server refused our password")),
    ("the mail server refused the address", _("The mail server does not know this mailbox")),
    ("the mail server refused the letter", _("The mail server refused the letter")),
    ("the mail server did not finish", _("The mail server did not confirm the letter")),
    ("the deliverer stopped", _("The program that sends stopped in between")),
    ("the address is not in use", _("The address was switched off meanwhile")),
    ("the key", _("The address cannot be read any more: enter it again")),
    ("our own fault", _("A fault of this platform: an administrator can look it up in its log")),
)
_CODE = re.compile(r"\(code (-?\d+)\)|^status (\d+)")


def in_words(said: str) -> str:
    """A sentence for people, with the provider's own code behind it."""
    if not said:
        return ""
    words = next((str(text) for begin, text in WORDS if said.startswith(begin)), said)
    code = _CODE.search(said)
    return f"{words} ({code.group(1) or code.group(2)})" if code else words
