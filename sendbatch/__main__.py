"""Where `sendbatch` and `python -m sendbatch` begin."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
from types import FrameType

STOPPED = 3


def main() -> None:
    """The command line. Ctrl-C while it is being loaded ends it as it does later: with a word, and 3. One
    more at the very end changes nothing: an interpreter that is taken down would die by it, and the code that
    says how a run ended with it."""
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGINT, _left)
    from sendbatch.cli.main import main

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()


def _left(number: int, frame: FrameType | None) -> None:
    # what is half imported cannot be relied on, not even to raise through
    with contextlib.suppress(OSError):
        os.write(2, b"\nstopped\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
