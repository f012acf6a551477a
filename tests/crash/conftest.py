"""Tests of this folder kill what they start; people and places are those of the floor they watch."""

from tests.dispatch.play import play
from tests.incidents.story import story

__all__ = ["play", "story"]
