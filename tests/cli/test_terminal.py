"""What the terminal hears, moment by moment."""

from __future__ import annotations

import select
import signal

from sendbatch.cli.signals import _signals_waking


def test_a_signal_that_comes_before_the_wait_begins_ends_it() -> None:
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with _signals_waking() as heard:
            assert select.select([heard], [], [], 0) == ([], [], [])
            signal.raise_signal(signal.SIGUSR1)
            assert select.select([heard], [], [], 0) == ([heard], [], [])
    finally:
        signal.signal(signal.SIGUSR1, before)
