"""Fixtures of this folder's tests."""

from tests.incidents.takeover import takeover

__all__ = ["takeover"]
