"""script/bench: what a page costs beside its floors, measured in one run on servers of their own."""

import os
import sys
from pathlib import Path

from console import finish, say
from places import CHECKOUT, PYTHON
from setup import prepare
from testing import with_servers


def main() -> int:
    """The command line of script/bench; with `--json` the figures are one JSON line."""
    prepare(with_tests=True)
    say()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["PYTHONPATH"] = str(CHECKOUT)
    return with_servers([str(PYTHON), str(Path(__file__).with_name("measure.py")), *sys.argv[1:]])


if __name__ == "__main__":
    finish(main, "bench")
