"""The stories of this folder."""

from tests.dispatch.play import play

__all__ = ["play"]
