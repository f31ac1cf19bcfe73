"""Campaigns, plans, results and messages show themselves: on a line, and as a table in a notebook."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sendbatch
from sendbatch import Status, api
from tests.kit.campaigns import YAML, write
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.waiting import until

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


class Tags(HTMLParser):
    """The tags of a page, and the attributes of its frame."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.frame: dict[str, str | None] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        if tag == "iframe":
            self.frame = dict(attrs)


@pytest.mark.usefixtures("desk")
def test_each_result_is_a_line_and_a_small_table_in_which_nothing_runs(tmp_path: Path) -> None:
    file = write(tmp_path, yaml=YAML.replace("Hello {{ name }}", "Hi {{ name }}"))
    rows = [{"email": "ada@example.org", "name": HOSTILE}, {"email": "no", "name": "B"}]
    campaign = sendbatch.load(file, recipients=rows)
    shown = {
        "campaign spring": campaign,
        "plan of spring": sendbatch.check(campaign),
        "run of spring.sandbox": sendbatch.run(campaign),
        "status of spring.sandbox": sendbatch.status(campaign),
        "report on spring": sendbatch.report(campaign),
    }
    for title, one in shown.items():
        line, page = repr(one), one._repr_html_()  # type: ignore[attr-defined]
        assert line.startswith(f"<{title}: ")
        assert line.isprintable()
        assert len(line) < 3000
        assert title in page
        assert Tags(page).found <= {
            "table",
            "caption",
            "tbody",
            "tr",
            "th",
            "td",
            "bdi",
            "ul",
            "li",
            "pre",
        }
    assert "accepted 1, invalid 1" in repr(shown["run of spring.sandbox"])
    assert "&lt;script&gt;" in shown["plan of spring"]._repr_html_()  # type: ignore[attr-defined]
    assert "recipients, row 2" in shown["plan of spring"]._repr_html_()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("desk")
def test_a_campaign_shows_no_secret(tmp_path: Path) -> None:
    smtp = (
        "smtp: {host: mail.example.com, username: u-ser, password: '${SMTP_PASSWORD}'}\n"
        "variables: {token: tok-123}\n"
    )
    campaign = sendbatch.load(write(tmp_path, yaml=YAML.replace("smtp: sandbox\n", smtp)))
    for text in (repr(campaign), campaign._repr_html_()):
        assert "mail.example.com" in text
        assert not any(secret in text for secret in ("u-ser", "SMTP_PASSWORD", "tok-123"))


@pytest.mark.usefixtures("desk")
def test_one_message_is_what_would_be_sent_and_no_record_is_touched(tmp_path: Path) -> None:
    file = write(tmp_path)
    one = sendbatch.message_for(file, "BOB@example.org")
    assert (one.key, one.row, one.subject) == ("bob@example.org", 3, "Hello Bob")
    assert one.message["To"] == "bob@example.org"
    assert one.message.get_content().strip() == "Dear Bob"
    assert (one.text or "").strip() == "Dear Bob"
    assert not (tmp_path / "reports").exists()
    with pytest.raises(sendbatch.SendbatchError) as refused:
        sendbatch.message_for(file, "bobb@example.org")
    assert str(refused.value) == (
        "error: key names nobody in the plan: bobb@example.org\n  did you mean bob@example.org?"
    )


@pytest.mark.usefixtures("desk")
def test_the_html_of_a_message_stands_in_a_frame_where_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "letter.html").write_text("<p>{{ name }}</p><script>alert(1)</script>\"'>")
    html = YAML.replace("{text: letter.txt}", "{html: letter.html}")
    page = sendbatch.message_for(write(tmp_path, yaml=html), "ada@example.org")._repr_html_()
    tags = Tags(page)
    assert "script" not in tags.found
    assert tags.frame["sandbox"] == ""
    assert (tags.frame["srcdoc"] or "").startswith(
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;'
    )
    assert "<p>Ada</p>" in (tags.frame["srcdoc"] or "")


def test_the_verbs_are_listed_before_any_is_loaded_and_signatures_are_spelled_out() -> None:
    code = "import sys, sendbatch; print(*dir(sendbatch)); print('sendbatch.api' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, loaded = said.stdout.splitlines()
    assert {"run", "plan", "arun", "message_for", "Status", "__version__"} <= set(names.split())
    assert loaded == "False"
    for name in sendbatch.__all__:
        verb = getattr(sendbatch, name)
        if not inspect.isfunction(verb):
            continue
        assert verb.__doc__
        kinds = {one.kind for one in inspect.signature(verb).parameters.values()}
        assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}, name


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(sendbatch.SendbatchError, match=f"limit={limit}: write a number from 1"):
        sendbatch.run(write(tmp_path), limit=limit)


@pytest.mark.usefixtures("desk")
def test_nobody_named_is_nobody_and_a_single_text_is_one_key(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert not sendbatch.run(file, only=[]).sent
    assert sendbatch.run(file, only="ada@example.org").totals == {Status.ACCEPTED: 1}


def test_several_are_awaited_at_once_for_different_campaigns(tmp_path: Path, desk: Desk) -> None:
    files = [write(tmp_path / name) for name in ("here", "there")]

    async def both() -> list[int]:
        results = await asyncio.gather(*(sendbatch.arun(file) for file in files))
        return [result.totals[Status.ACCEPTED] for result in results]

    assert asyncio.run(both()) == [3, 3]


def test_a_cancelled_task_stops_the_run_softly_and_waits_for_its_record(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.people(40)
    mailhost.take_over(desk)
    mailhost.hold_after = 3

    async def cancelled() -> None:
        task = asyncio.create_task(sendbatch.arun("spring.yaml", yes=True))
        await asyncio.to_thread(mailhost.until_holding)
        task.cancel()
        await asyncio.sleep(0)
        mailhost.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        status = sendbatch.status("spring.yaml")
        assert not status.under_way
        assert Status.IN_DOUBT not in status.totals
        assert status.totals[Status.ACCEPTED] == len(mailhost.receivers) < 40

    asyncio.run(cancelled())
    assert sendbatch.run("spring.yaml", yes=True).totals == {Status.ACCEPTED: 40}
    assert len(mailhost.receivers) == len(set(mailhost.receivers)) == 40


@pytest.mark.parametrize("in_a_group", [False, True])
def test_an_interrupt_stops_a_run_that_holds_up_its_loop(
    desk: Desk, mailhost: MailHost, in_a_group: bool
) -> None:
    desk.people(40)
    mailhost.take_over(desk)
    mailhost.hold_after = 3

    def interrupt() -> None:
        mailhost.until_holding()
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: stop.is_soon, "the run to hear of it")
        mailhost.go.set()

    stop = sendbatch.Stop()

    async def cell() -> None:
        sendbatch.run("spring.yaml", yes=True, stop=stop)

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(cell())

    with ThreadPoolExecutor(1) as aside:
        interrupting = aside.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(group() if in_a_group else cell())
        interrupting.result()

    totals = sendbatch.status("spring.yaml").totals
    assert Status.IN_DOUBT not in totals
    assert totals[Status.ACCEPTED] == len(mailhost.receivers) < 40


@pytest.mark.usefixtures("desk")
def test_a_report_is_written_as_the_ending_of_its_file_says(tmp_path: Path) -> None:
    file = write(tmp_path)
    sendbatch.run(file)
    report = sendbatch.report(file)
    saved = report.save(tmp_path / "told.csv").read_bytes()
    assert saved.startswith(b"row,key,email,status")
    assert saved.count(b"\r\n") == 4
    assert [row["email"] for row in report.rows()] == [
        "ada@example.org",
        "bob@example.org",
        "eve@example.net",
    ]
    with pytest.raises(sendbatch.SendbatchError, match="no format is known by this ending"):
        report.save(tmp_path / "told.xyz")


@pytest.mark.usefixtures("desk")
def test_errors_of_the_verbs_speak_python_and_those_of_the_api_do_not(tmp_path: Path) -> None:
    file = write(tmp_path)
    with pytest.raises(sendbatch.SendbatchError) as here:
        sendbatch.run(file, only="nobody@example.com")
    with pytest.raises(sendbatch.SendbatchError) as there:
        api.run(file, only="nobody@example.com")
    assert "only= names nobody in the plan" in str(here.value)
    assert here.value.message.startswith("only=")
    assert "--only names nobody in the plan" in str(there.value)


WRONG: dict[str, Callable[[Path], object]] = {
    "limit=1.5: write a number from 1": lambda file: sendbatch.plan(file, limit=1.5),  # type: ignore[arg-type]
    "limit='2': write a number from 1": lambda file: sendbatch.run(file, limit="2"),  # type: ignore[arg-type]
    "limit=True: write a number from 1": lambda file: sendbatch.run(
        file, options=sendbatch.Options(limit=True)
    ),
    "breaker=0: write a number from 1": lambda file: sendbatch.run(file, breaker=0),
    "breaker=None: write a number from 1": lambda file: sendbatch.run(file, breaker=None),  # type: ignore[arg-type]
    "stop_after='2h': write a number of seconds": lambda file: sendbatch.run(
        file,
        stop_after="2h",  # type: ignore[arg-type]
    ),
    "first_run='2026-11-27': write a datetime.date": lambda file: sendbatch.run(
        file,
        first_run="2026-11-27",  # type: ignore[arg-type]
    ),
    "ask='yes': write a function": lambda file: sendbatch.run(file, ask="yes"),  # type: ignore[arg-type]
    "expect=3: write a text": lambda file: sendbatch.load(file, expect=3),  # type: ignore[arg-type]
    "rate=5: write a text": lambda file: sendbatch.load(file, rate=5),  # type: ignore[arg-type]
    "key=5: write a key or an address": lambda file: sendbatch.message_for(file, 5),  # type: ignore[arg-type]
    "to= names nobody: give the address": lambda file: sendbatch.proof(file, to=[]),
    "masked='no': write True or False": lambda file: sendbatch.gallery(file, masked="no"),  # type: ignore[arg-type]
    "recipients= names nobody in the plan: zz": lambda file: sendbatch.gallery(file, recipients="zz"),
    "settings={'topic': …}: nothing uses a name like that": lambda file: sendbatch.plan(
        sendbatch.load(file, settings={"topic": "x"})
    ),
}


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("said", WRONG)
def test_what_is_given_wrongly_is_named_as_it_was_given(tmp_path: Path, said: str) -> None:
    with pytest.raises(sendbatch.SendbatchError, match=re.escape(said)):
        WRONG[said](write(tmp_path))
    assert not (tmp_path / "reports").exists()
