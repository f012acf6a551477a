"""script/setup: everything a clone needs, each step only if it is not done yet."""

import argparse
import subprocess
from pathlib import Path

import debian
from console import Stop, finish, run, say
from packages import front_end_packages, python_packages
from places import CHECKOUT, LOGS, PYTHON, SETUP, make_home, one_at_a_time


def prepare(*, with_tests: bool) -> None:
    """Leaves the checkout ready; for tests with browser, linters and test packages."""
    with one_at_a_time(SETUP / "lock", "script/setup"):
        debian.ensure(with_tests=with_tests)
        python_packages(with_tests=with_tests)
        front_end_packages(with_tests=with_tests)
        translations()
        certificate()


def translations() -> None:
    """The compiled message files, each written beside and renamed."""
    for source in sorted((CHECKOUT / "locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        part = target.with_suffix(".part")
        what = f"{source.relative_to(CHECKOUT)} could not be compiled"
        run(["msgfmt", "--check-format", "-o", part, source], log=LOGS / "messages.log", what=what)
        part.replace(target)


def certificate() -> list[str]:
    """The certificate `--lan` serves with; this machine's addresses."""
    folder = make_home() / "certificate"
    folder.mkdir(mode=0o700, exist_ok=True)
    program = Path(__file__).with_name("certificate.py")
    made = subprocess.run([PYTHON, program, folder], capture_output=True, text=True, check=False)
    if made.returncode:
        raise Stop(f"the certificate could not be made: {(made.stderr.strip().splitlines() or ['?'])[-1]}")
    return made.stdout.split()


def main() -> None:
    """The command line of script/setup."""
    parser = argparse.ArgumentParser(prog="script/setup", description="Make this checkout ready to run.")
    parser.add_argument("--with-tests", action="store_true", help="also what script/test and script/lint need")
    options = parser.parse_args()
    prepare(with_tests=options.with_tests)
    say("ready: script/demo starts the demo, script/test runs the tests")


if __name__ == "__main__":
    finish(main, "setup")
