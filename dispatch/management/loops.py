"""What commands share that go on until somebody stops them."""

import signal
import threading
from collections.abc import Callable
from types import FrameType


def until_told_to_stop(then: Callable[[], object] | None = None) -> threading.Event:
    """An event that SIGTERM and SIGINT set, so that the work in hand is finished; `then` is called besides."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        if then is not None:
            then()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping
