"""What threads tell is heard on the loop that runs."""

from __future__ import annotations

import asyncio
import threading

from sendbatch.runtime.relay import Relay


def test_a_thread_is_heard_on_the_loop_while_there_is_one_and_else_where_it_is() -> None:
    heard: list[tuple[str, int]] = []
    relay = Relay(lambda text: heard.append((text, threading.get_ident())))

    async def run() -> None:
        with relay.on_this_loop():
            relay("by the loop")
            await asyncio.to_thread(relay, "by a thread")
            await asyncio.sleep(0)

    asyncio.run(run())
    relay("after it")
    here = threading.get_ident()
    assert heard == [("by the loop", here), ("by a thread", here), ("after it", here)]


def test_who_tells_while_the_loop_ends_is_not_heard_and_harms_nothing() -> None:
    heard: list[str] = []
    relay = Relay(heard.append)

    home = relay.on_this_loop()

    async def run() -> None:
        home.__enter__()  # what a thread has seen just before it was over

    asyncio.run(run())
    telling = threading.Thread(target=relay, args=("late",))
    telling.start()
    telling.join(60)
    assert heard == []


def test_what_several_threads_say_at_once_is_told_once() -> None:
    heard: list[str] = []
    relay = Relay(heard.append)
    for text in ("away", "away", "back", "back", "away"):
        relay(text)
    assert heard == ["away", "back", "away"]
