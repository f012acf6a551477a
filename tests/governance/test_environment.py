"""Values from the environment are typed, and a wrong one says its name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from governance import environment


def test_an_absent_value_without_default_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANGGE_SAMPLE", raising=False)
    with pytest.raises(ImproperlyConfigured, match="WANGGE_SAMPLE"):
        environment.text("WANGGE_SAMPLE")
    assert environment.text("WANGGE_SAMPLE", "x") == "x"


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("Yes", True), ("off", False), ("", False)])
def test_a_flag_is_true_or_false(monkeypatch: pytest.MonkeyPatch, value: str, wanted: bool) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", value)
    assert environment.flag("WANGGE_SAMPLE", not wanted) is wanted


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", "maybe")
    with pytest.raises(ImproperlyConfigured, match="'maybe'"):
        environment.flag("WANGGE_SAMPLE", False)


@pytest.mark.parametrize("value", ["many", "-1", "1.5"])
def test_a_number_that_is_none_or_too_small_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match="WANGGE_SAMPLE"):
        environment.number("WANGGE_SAMPLE", 5)


def test_words_and_pairs_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", "grid=微网格, station=工作站")
    assert environment.words("WANGGE_SAMPLE") == ["grid=微网格", "station=工作站"]
    assert environment.pairs("WANGGE_SAMPLE") == {"grid": "微网格", "station": "工作站"}
    monkeypatch.setenv("WANGGE_SAMPLE", "grid")
    with pytest.raises(ImproperlyConfigured, match="key=value"):
        environment.pairs("WANGGE_SAMPLE")


def test_a_database_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", "postgis://us%40er:se%3Acret@db:5433/wangge?sslmode=require")
    settings = environment.database("WANGGE_SAMPLE")
    assert settings["ENGINE"] == "django.contrib.gis.db.backends.postgis"
    assert (settings["USER"], settings["PASSWORD"]) == ("us@er", "se:cret")
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db", "5433", "wangge")
    assert settings["OPTIONS"]["sslmode"] == "require"


def test_a_database_behind_a_socket_is_given_by_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", "postgis://wangge@/wangge?host=%2Ftmp%2Fwangge-x")
    settings = environment.database("WANGGE_SAMPLE")
    assert (settings["HOST"], settings["PORT"], settings["USER"]) == ("/tmp/wangge-x", "", "wangge")
    assert "host" not in settings["OPTIONS"]


@pytest.mark.parametrize("value", ["mysql://a/b", "postgis://host/", "postgis://host:port/name"])
def test_an_address_that_is_no_postgis_database_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", value)
    with pytest.raises(ImproperlyConfigured, match="WANGGE_SAMPLE"):
        environment.database("WANGGE_SAMPLE")


def test_celery_gets_a_redis_socket_in_its_own_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_SAMPLE", "unix:///tmp/w/redis.sock?db=3")
    address = environment.redis("WANGGE_SAMPLE")
    assert environment.broker(address) == "redis+socket:///tmp/w/redis.sock?virtual_host=3"
    assert environment.broker("redis://r:6379/1") == "redis://r:6379/1"
    monkeypatch.setenv("WANGGE_SAMPLE", "http://r")
    with pytest.raises(ImproperlyConfigured, match="redis://"):
        environment.redis("WANGGE_SAMPLE")


def test_the_live_service_is_a_path_or_a_port_of_the_same_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "/live/", ":8001/live/"):
        monkeypatch.setenv("WANGGE_SAMPLE", value)
        assert environment.path_or_port("WANGGE_SAMPLE") == value
    for value in ("https://elsewhere/live/", "/live", "live/", ":x/live/", "//elsewhere/"):
        monkeypatch.setenv("WANGGE_SAMPLE", value)
        with pytest.raises(ImproperlyConfigured, match="WANGGE_SAMPLE"):
            environment.path_or_port("WANGGE_SAMPLE")
