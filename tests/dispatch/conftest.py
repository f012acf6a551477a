"""The stories of this folder."""

from tests.dispatch.play import play
from tests.dispatch.post import mail_server, post, provider

__all__ = ["mail_server", "play", "post", "provider"]
