"""The verbs called from a program: who watches a run, and what a run leaves behind in the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import sendbatch
from sendbatch import Status, api
from tests.kit.command import Desk
from tests.kit.loopback import closed_port
from tests.kit.mailhost import MailHost
from tests.kit.waiting import LONGEST, until


class Failing(sendbatch.Observer):
    """Raises at one of its calls, and counts them."""

    def __init__(self, at: str) -> None:
        self.calls: list[str] = []
        for name in ("planning", "planned", "sending", "moved", "finished"):
            setattr(self, name, lambda *_, name=name: self._called(name, at))

    def _called(self, name: str, at: str) -> None:
        self.calls.append(name)
        if name == at:
            raise BrokenPipeError("nobody reads the log")


def test_an_observer_that_fails_stops_the_run_softly_with_record_and_report_whole(
    desk: Desk, mailhost: MailHost, caplog: pytest.LogCaptureFixture
) -> None:
    desk.people(20)
    mailhost.take_over(desk)
    watching = Failing("moved")
    result = sendbatch.run(sendbatch.load("spring.yaml"), yes=True, observer=watching)
    assert result.exit_code == 3
    assert result.reason == "the observer failed: BrokenPipeError: nobody reads the log"
    assert watching.calls.count("moved") == 1  # and it is told nothing more
    assert watching.calls[-1] == "moved"
    assert Status.IN_DOUBT not in result.totals
    assert result.report.read_text().count("\n") == 21
    assert result.totals[Status.ACCEPTED] == len(mailhost.receivers) < 20
    (told,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert told.exc_info is not None
    again = sendbatch.run(sendbatch.load("spring.yaml"), yes=True)
    assert again.exit_code == 0
    assert sorted(mailhost.receivers) == sorted(f"p{n}@example.com" for n in range(1, 21))


@pytest.mark.parametrize("at", ["planned", "sending"])
def test_an_observer_that_fails_before_anything_left_sends_nothing(
    desk: Desk, mailhost: MailHost, at: str
) -> None:
    mailhost.take_over(desk)
    campaign = sendbatch.load("spring.yaml")
    assert sendbatch.run(campaign, yes=True, observer=Failing(at)).exit_code == 3
    assert not mailhost.receivers


def test_no_file_of_a_run_gets_what_a_program_says_on_its_closed_standard_error(
    desk: Desk,
) -> None:
    code = (
        "import os, sendbatch\n"
        "class Looks(sendbatch.Observer):\n"
        "    def sending(self, total):\n"
        "        opened = {os.readlink(f'/proc/self/fd/{n}') for n in range(3)}\n"
        "        if opened != {'/dev/null'}: os._exit(9)\n"
        "for n in range(3): os.close(n)\n"
        "campaign = sendbatch.load('spring.yaml')\n"
        "os._exit(sendbatch.run(campaign, yes=True, observer=Looks()).exit_code)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=desk.folder, env=desk.environ)
    assert process.wait(LONGEST) == 0
    assert len(desk.kept()) == 3


def left_behind() -> tuple[list[str], int, list[str], str]:
    """Threads by Python and by the system, open files, and child processes."""
    tasks = Path("/proc/self/task")
    files = []
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them, or one that is just closed
            files.append(str(path.readlink()))
    return (
        [thread.name for thread in threading.enumerate()],
        len(list(tasks.iterdir())),
        sorted(files),
        (tasks / str(os.getpid()) / "children").read_text(),
    )


class StopsAfter(sendbatch.Observer):
    """Asks a run to stop in the middle."""

    def __init__(self, ask: Callable[[], None], moves: int) -> None:
        self._ask, self._left = ask, moves

    def moved(self, was: Status, now: Status) -> None:
        self._left -= 1
        if not self._left:
            self._ask()


def run_that_is_stopped(at_once: bool) -> None:
    stop = sendbatch.Stop()
    ask = stop.now if at_once else stop.soon
    campaign = sendbatch.load("spring.yaml", run="now" if at_once else "soon")
    result = sendbatch.run(campaign, stop=stop, observer=StopsAfter(ask, 50))
    assert result.exit_code == 3


def run_that_is_refused(expect: str | None = None, smtp: str | None = None) -> None:
    campaign = sendbatch.load("spring.yaml", run="refused", expect=expect, smtp=smtp)
    with pytest.raises(sendbatch.SendbatchError):
        sendbatch.run(campaign, yes=True)


def in_a_running_loop() -> None:
    async def call() -> None:
        sendbatch.plan(sendbatch.load("spring.yaml", run="planned"))

    asyncio.run(call())


def proof() -> None:
    sendbatch.proof(sendbatch.load("spring.yaml", run="proof"), to=["me@example.com"])


CALLS: dict[str, Callable[[], object]] = {
    "run": lambda: sendbatch.run(sendbatch.load("spring.yaml", run="whole")),
    "stopped soon": lambda: run_that_is_stopped(at_once=False),
    "stopped now": lambda: run_that_is_stopped(at_once=True),
    "refused by a guard": lambda: run_that_is_refused(expect="7"),
    "no server": lambda: run_that_is_refused(smtp="closed"),
    "plan": in_a_running_loop,
    "check": lambda: sendbatch.check(sendbatch.load("spring.yaml", run="checked")),
    "dry run": lambda: api.dry_run(sendbatch.load("spring.yaml", run="dry")),
    "proof": proof,
    "probe": lambda: sendbatch.probe("live"),
}


@pytest.mark.thorough
@pytest.mark.own_workers
@pytest.mark.parametrize("people", [60, 1100], ids=["by one worker", "by several"])
def test_no_call_leaves_a_thread_a_file_or_a_process_behind(
    desk: Desk, mailhost: MailHost, people: int
) -> None:
    desk.people(people)
    closed = f"  closed:\n    host: 127.0.0.1\n    port: {closed_port()}\n    security: none\n"
    desk.write("profiles.yaml", mailhost.profiles + closed)
    idle = left_behind()[:2]
    CALLS["run"]()  # what a process has once, it has now
    until(lambda: left_behind()[:2] == idle, "the threads of the first run to end")
    before = left_behind()
    for name, call in CALLS.items():
        call()
        # a thread that has given its answer ends a moment later, and so does the server's socket
        until(lambda: left_behind() == before, f"what {name!r} began to end")


def test_the_outbox_of_a_campaign_that_delivers_is_the_sandboxs_and_its_hint_delivers_nothing(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    with pytest.raises(sendbatch.SendbatchError) as empty:
        sendbatch.outbox_page("spring.yaml")
    hint = "sendbatch.run(sendbatch.load('spring.yaml', smtp='sandbox'))"
    assert hint in (empty.value.hint or "")
    with pytest.raises(sendbatch.SendbatchError, match="load it with smtp='sandbox'"):
        sendbatch.outbox_page(sendbatch.load("spring.yaml"))

    elsewhere = r"smtp='sandbox'\), record='kept'\)"
    with pytest.raises(sendbatch.SendbatchError, match=elsewhere):
        sendbatch.outbox_page("spring.yaml", record="kept")

    eval(hint, {"sendbatch": sendbatch})  # as it says

    assert sendbatch.outbox_page("spring.yaml").exists()
    assert not mailhost.receivers


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": 1.5}, "limit=1.5: write a number from 1"),
        ({"limit": "2"}, "limit='2': write a number from 1"),
        ({"limit": True}, "limit=True: write a number from 1"),
        ({"first_run": "2026-11-27"}, "first_run='2026-11-27': write a datetime.date"),
    ],
)
def test_a_value_of_another_kind_is_said_to_be_one(
    desk: Desk, mailhost: MailHost, given: dict[str, Any], said: str
) -> None:
    mailhost.take_over(desk)
    with pytest.raises(sendbatch.SendbatchError, match=said):
        sendbatch.run("spring.yaml", yes=True, **given)
    assert not mailhost.receivers


@pytest.mark.parametrize("word", ["no", "false", "yes", "", 1, 0, None])
def test_a_word_is_no_yes(desk: Desk, mailhost: MailHost, word: Any) -> None:
    mailhost.take_over(desk)
    truth = f"{word!r}: (write|return) True or False"
    calls: list[dict[str, Any]] = [
        {"ask": lambda _: word},
        {"yes": word},
        {"yes": True, "accept_changes": word},
        {"yes": True, "options": sendbatch.Options(without_log=word)},
    ]
    for call in calls:
        with pytest.raises(sendbatch.SendbatchError, match=truth):
            sendbatch.run("spring.yaml", **call)
    assert not mailhost.receivers
    assert sendbatch.run("spring.yaml", ask=lambda _: True).sent
    assert mailhost.receivers


@pytest.mark.parametrize("in_a_coroutine", [False, True], ids=["plain", "in a notebook"])
def test_an_interrupt_ends_the_run_and_not_only_the_waiting_for_it(
    desk: Desk, mailhost: MailHost, in_a_coroutine: bool
) -> None:
    desk.people(40)
    mailhost.take_over(desk)
    mailhost.hold_after = 3

    def interrupt() -> None:
        mailhost.until_holding()
        os.kill(os.getpid(), signal.SIGINT)
        mailhost.go.set()

    def run() -> object:
        threading.Thread(target=interrupt).start()
        return sendbatch.run(sendbatch.load("spring.yaml"), yes=True)

    async def cell() -> object:
        return run()

    def run_in_a_loop() -> object:
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            return loop.run_until_complete(cell())

    with pytest.raises(KeyboardInterrupt):
        (run_in_a_loop if in_a_coroutine else run)()
    ours = ("record", "sendbatch")  # the server has threads of its own here
    until(lambda: not any(name.startswith(ours) for name in left_behind()[0]), "the run's threads")
    sent = len(mailhost.receivers)
    assert sent < 20
    result = sendbatch.run(sendbatch.load("spring.yaml"), yes=True)
    doubted = result.totals.get(Status.IN_DOUBT, 0)
    assert result.totals[Status.ACCEPTED] + doubted == 40
    assert len(set(mailhost.receivers)) == len(mailhost.receivers) <= 40


async def itself(calls: Coroutine[Any, Any, None]) -> None:
    await calls


async def in_a_group(calls: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(calls)


async def in_a_task(calls: Coroutine[Any, Any, None]) -> None:
    await asyncio.create_task(calls)


@pytest.mark.parametrize("main", [itself, in_a_group, in_a_task])
def test_the_first_interrupt_of_asyncio_run_stops_the_run_softly_and_no_other_begins(
    desk: Desk,
    mailhost: MailHost,
    main: Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]],
) -> None:
    """It raises nothing then: it cancels the main task, which a call that blocks the loop does not hear."""
    desk.people(40)
    mailhost.take_over(desk)
    mailhost.hold_after = 3

    stop = sendbatch.Stop()

    async def several() -> None:
        for edition, own in (("may", stop), ("june", sendbatch.Stop())):  # nothing is awaited between them
            sendbatch.run(sendbatch.load("spring.yaml", run=edition), yes=True, stop=own)

    def interrupt() -> None:
        mailhost.until_holding()
        os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(AssertionError):  # said below, by what it mailed
            until(lambda: stop.is_soon, "the run to be asked to stop")
        mailhost.go.set()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main(several()))
    assert len(mailhost.receivers) < 20
    assert not (desk.folder / "reports/spring@june").exists()
    may = sendbatch.load("spring.yaml", run="may")
    assert Status.IN_DOUBT not in sendbatch.status(may).totals
    assert sendbatch.run(may, yes=True).totals == {Status.ACCEPTED: 40}
    assert len(set(mailhost.receivers)) == len(mailhost.receivers) == 40


def test_a_task_that_was_cancelled_before_begins_no_run(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)

    async def cancelled() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        sendbatch.run("spring.yaml", yes=True)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert not mailhost.receivers


def test_who_has_heard_that_it_was_cancelled_may_still_call(desk: Desk) -> None:
    async def tidies_up() -> int:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return sendbatch.plan("spring.yaml").sendable

    assert asyncio.run(tidies_up()) == 3
