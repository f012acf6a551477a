"""The ground under the maps: nothing by default, and no key or foreign host where it does not belong."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.cast import Cast

pytestmark = pytest.mark.django_db
PICTURE = b"\x89PNG not really"


class _NationalMap(BaseHTTPRequestHandler):
    asked: list[dict[str, list[str]]] = []

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self.asked.append(asked)
        good = asked["tk"] == ["a-key"] and asked["TILEMATRIX"] != ["3"]
        self.send_response(200 if good else 403)
        self.send_header("Content-Type", "image/png" if good else "text/html")
        self.end_headers()
        self.wfile.write(PICTURE if good else b"<p>no</p>")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def national_map(settings) -> Iterator[list[dict[str, list[str]]]]:  # type: ignore[no-untyped-def]
    cache.clear()
    _NationalMap.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NationalMap)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.TIANDITU_KEY, settings.TIANDITU_URL = "a-key", f"http://127.0.0.1:{server.server_port}"
    yield _NationalMap.asked
    server.shutdown()
    server.server_close()


def test_without_a_setting_a_map_names_no_ground_and_no_foreign_host(cast: Cast, client: Client) -> None:
    client.force_login(cast.officer)
    page = client.get(reverse("grids:map"))
    assert "data-ground" not in page.content.decode()
    assert page["Content-Security-Policy"].count("http") == 0


def test_the_key_of_the_national_map_stays_on_the_server(cast: Cast, client: Client, national_map) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.officer)
    page = client.get(reverse("grids:map")).content.decode()
    assert "/basemap/tianditu/vec/{z}/{x}/{y}" in page and "a-key" not in page and "天地图" in page
    url = reverse("governance:tianditu", args=["vec", 5, 25, 13])
    answer = client.get(url)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PICTURE, "image/png")
    assert national_map[0]["TILECOL"] == ["25"] and national_map[0]["TILEROW"] == ["13"]
    client.get(url)
    assert len(national_map) == 1, "a tile that was had once is not asked for again"


def test_a_tile_the_national_map_refuses_leaves_the_page_working(cast: Cast, client: Client, national_map) -> None:  # type: ignore[no-untyped-def]
    client.force_login(cast.officer)
    refused = client.get(reverse("governance:tianditu", args=["vec", 3, 1, 1]))
    assert (refused.status_code, refused.content) == (502, b"")
    assert client.get(reverse("governance:tianditu", args=["zzz", 3, 1, 1])).status_code == 404
    assert client.get(reverse("governance:tianditu", args=["vec", 3, 8, 1])).status_code == 404


def test_a_national_map_that_is_away_answers_502(cast: Cast, client: Client, settings) -> None:  # type: ignore[no-untyped-def]
    cache.clear()
    settings.TIANDITU_KEY, settings.TIANDITU_URL = "a-key", "http://127.0.0.1:9"
    client.force_login(cast.officer)
    assert client.get(reverse("governance:tianditu", args=["vec", 5, 25, 13])).status_code == 502


def test_own_tiles_from_another_host_are_allowed_as_pictures_only(cast: Cast, client: Client, settings) -> None:  # type: ignore[no-untyped-def]
    settings.BASEMAP_URL = "https://tiles.example.gov.cn/{z}/{x}/{y}.png"
    settings.BASEMAP_ATTRIBUTION, settings.BASEMAP_REVIEW = "某市测绘院", "川S(2026)00001"
    client.force_login(cast.officer)
    page = client.get(reverse("grids:map"))
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert [name for name, value in policy.items() if "tiles.example.gov.cn" in value] == ["img-src"]
    assert "某市测绘院 · 川S(2026)00001" in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        ("", 200, b"0123456789", None),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("bytes=0-1,4-5", 416, b"", "bytes */10"),
        ("lines=1-2", 416, b"", "bytes */10"),
    ],
)
def test_the_archive_is_served_in_the_parts_that_are_asked_for(  # type: ignore[no-untyped-def]
    cast: Cast, client: Client, settings, tmp_path: Path, asked: str, status: int, body: bytes, said: str | None
) -> None:
    file = tmp_path / "ground.pmtiles"
    file.write_bytes(b"0123456789")
    settings.BASEMAP_FILE = str(file)
    client.force_login(cast.officer)
    answer = client.get(reverse("governance:basemap_file"), **({"HTTP_RANGE": asked} if asked else {}))
    assert (answer.status_code, b"".join(answer), answer.get("Content-Range")) == (status, body, said)  # type: ignore[arg-type]


def test_there_is_no_archive_where_none_is_set(cast: Cast, client: Client) -> None:
    client.force_login(cast.officer)
    assert client.get(reverse("governance:basemap_file")).status_code == 404
