"""script/test: the tests on servers of their own, beside a demo that may be running."""

import os
import secrets
import subprocess
import sys

from console import finish, say, step
from places import CHECKOUT, PYTHON, make_home, one_at_a_time
from servers import Servers
from setup import prepare

# Two processes; who is done early takes over what the other still has: the long tests come last.
SPREAD = ["-n", "2", "--dist", "worksteal"]


def with_servers(command: list[str]) -> int:
    """Runs a command with DATABASE_URL and REDIS_URL of the test servers (or the given ones); its exit code."""
    folder = make_home() / "test"
    with one_at_a_time(make_home() / "test.lock", "script/test", patience=1800):
        servers = Servers(folder, durable=False)
        env = dict(os.environ)
        try:
            if not env.get("DATABASE_URL") or not env.get("REDIS_URL"):
                with step("PostgreSQL and Redis for tests"):
                    servers.start()
            env["DATABASE_URL"] = env.get("DATABASE_URL") or servers.database_url
            env["REDIS_URL"] = env.get("REDIS_URL") or servers.redis_url
            env["SECRET_KEY"] = secrets.token_urlsafe(32)
            process = subprocess.Popen(command, cwd=CHECKOUT, env=env)
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The terminal told the tests too; they tidy up first.
                process.terminate()
                process.wait(30)
                raise
        finally:
            servers.stop()


def main() -> int:
    """The command line of script/test: everything is passed on to pytest."""
    arguments = sys.argv[1:]
    prepare(with_tests=True)
    spread = any(word.startswith("-n") or word == "--numprocesses" for word in arguments)
    say()
    return with_servers([str(PYTHON), "-m", "pytest", *([] if spread else SPREAD), *arguments])


if __name__ == "__main__":
    finish(main, "test")
