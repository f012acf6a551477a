"""The production settings with one address more: a constant view, the floor of every page under the same server."""

from governance.settings import *  # noqa: F403

ROOT_URLCONF = "bench_urls"
