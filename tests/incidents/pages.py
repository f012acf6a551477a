"""What tests of an officer's pages share: somebody signed in, the cast's moment, pictures, the fields of a report."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from grids.models import Person, Unit
from tests.incidents.story import Story

SignIn = Callable[[Person], Client]


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch, story: Story) -> SignIn:
    """Signs a person of the cast in; for the pages it is `story.now`."""
    monkeypatch.setattr(timezone, "now", lambda: story.now)

    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def picture(name: str = "a.jpg", colour: tuple[int, int, int] = (200, 80, 40)) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def fields(story: Story, grid: Unit | None = None, **given: Any) -> dict[str, Any]:
    """A report of the kind a phone sends, in the middle of `grid`."""
    point = story.cast.point(grid or story.cast.grid)
    return {
        "key": "0123456789abcdef",
        "text": "井盖缺失，行人绕行",
        "category": story.category.pk if story.category else "",
        "lon": f"{point.x:.7f}",
        "lat": f"{point.y:.7f}",
        "accuracy": "12",
        "by": "device",
        "urgency": "normal",
    } | given
