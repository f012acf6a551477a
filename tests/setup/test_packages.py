"""Packages are installed once, and anew when a stamp is missing or speaks of another lock."""

from pathlib import Path
from typing import Any

import console
import debian
import packages
import pytest


class Fake:
    """A checkout in a scratch folder whose commands are only written down."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.root = root
        for name in ("runtime.txt", "dev.txt", "node.txt", "package.json", "package-lock.json"):
            (root / name).write_text(name, encoding="utf-8")
        venv = root / ".venv"
        for name, value in {
            "CHECKOUT": root,
            "SETUP": root / ".setup",
            "LOGS": root / ".setup" / "log",
            "VENV": venv,
            "PYTHON": venv / "bin" / "python",
            "RUNTIME": root / "runtime.txt",
            "DEV": root / "dev.txt",
            "NODE": root / "node.txt",
            "VENV_STAMP": venv / "wangge-stamp",
            "NODE_MODULES": root / "node_modules",
            "NODE_STAMP": root / "node_modules" / ".wangge-stamp",
            "PYTHON_NEEDS": 0,
            "FRONT_NEEDS": 0,
            "run": self.run,
            "demo_is_running": lambda: False,
        }.items():
            monkeypatch.setattr(packages, name, value)

    def run(self, command: list[Any], **kwargs: Any) -> None:
        words = [str(word) for word in command]
        if "venv" in words:
            (self.root / ".venv").mkdir()
            self.ran.append("venv")
        elif "-r" in words:
            assert "--require-hashes" in words
            self.ran.append(Path(words[-1]).name)
        else:
            (self.root / "node_modules").mkdir(exist_ok=True)
            self.ran.append("npm tests" if "--omit=dev" not in words else "npm")

    def python(self, *, with_tests: bool = False) -> list[str]:
        self.ran.clear()
        packages.python_packages(with_tests=with_tests)
        return list(self.ran)

    def front(self, *, with_tests: bool = False) -> list[str]:
        self.ran.clear()
        packages.front_end_packages(with_tests=with_tests)
        return list(self.ran)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(tmp_path, monkeypatch)


def test_the_second_time_nothing_is_installed(fake: Fake) -> None:
    assert fake.python() == ["venv", "runtime.txt"]
    assert fake.python() == []
    assert fake.python(with_tests=True) == ["dev.txt"]
    assert fake.python(with_tests=True) == []
    assert fake.python() == []


def test_without_a_stamp_the_environment_is_made_anew(fake: Fake) -> None:
    fake.python()
    packages.VENV_STAMP.unlink()
    (packages.VENV / "half").write_text("written", encoding="utf-8")
    assert fake.python() == ["venv", "runtime.txt"]
    assert not (packages.VENV / "half").exists()


def test_an_installation_for_tests_that_was_cut_short_starts_from_nothing(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.python()

    def killed(command: list[Any], **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packages, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        packages.python_packages(with_tests=True)
    monkeypatch.setattr(packages, "run", fake.run)
    assert fake.python(with_tests=True) == ["venv", "runtime.txt", "dev.txt"]


def test_another_lock_means_another_environment(fake: Fake) -> None:
    fake.python(with_tests=True)
    packages.RUNTIME.write_text("newer", encoding="utf-8")
    assert fake.python() == ["venv", "runtime.txt"]


def test_the_environment_is_not_replaced_under_a_running_demo(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.python()
    packages.RUNTIME.write_text("newer", encoding="utf-8")
    monkeypatch.setattr(packages, "demo_is_running", lambda: True)
    with pytest.raises(console.Stop, match="stop it first"):
        packages.python_packages(with_tests=False)


def test_too_little_space_is_told_before_anything_is_installed(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PYTHON_NEEDS", 1 << 60)
    with pytest.raises(console.Stop, match="free some space and run it again"):
        packages.python_packages(with_tests=False)
    assert not fake.ran


def test_front_end_packages_for_tests_are_added_once(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_npm", lambda: (["npm"], {}))
    assert fake.front() == ["npm"]
    assert fake.front() == []
    assert fake.front(with_tests=True) == ["npm tests"]
    assert fake.front() == []
    packages.NODE_STAMP.unlink()
    assert fake.front() == ["npm"]


def test_who_may_not_install_gets_the_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing", lambda *, with_tests: ["gettext", "redis-server"])
    monkeypatch.setattr(debian, "AS_ROOT", False)
    with pytest.raises(console.Stop) as caught:
        debian.ensure(with_tests=False)
    assert str(caught.value).endswith("apt-get install --no-install-recommends gettext redis-server")
    assert "\n" not in str(caught.value)


def test_a_service_policy_that_a_killed_run_left_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "AS_ROOT", True)
    monkeypatch.setattr(debian, "NO_START", tmp_path / "policy-rc.d")
    monkeypatch.setattr(debian, "NO_START_KEPT", tmp_path / "policy-rc.d.before")
    monkeypatch.setattr(debian, "NO_CLUSTER", tmp_path / "postgresql-common" / "createcluster.conf")
    debian.NO_START.write_text("theirs", encoding="utf-8")
    with debian._quiet_services(["postgresql-15"]):
        assert "exit 101" in debian.NO_START.read_text(encoding="utf-8")
        assert "create_main_cluster = false\n" in debian.NO_CLUSTER.read_text(encoding="utf-8")
        left = debian.NO_START.read_text(encoding="utf-8")
    assert debian.NO_START.read_text(encoding="utf-8") == "theirs"
    debian.NO_START.rename(debian.NO_START_KEPT)
    debian.NO_START.write_text(left, encoding="utf-8")
    debian._put_back()
    assert debian.NO_START.read_text(encoding="utf-8") == "theirs"
    assert not debian.NO_START_KEPT.exists()
