"""The log for programs: each line of it is held against the schema that the package has."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from sendbatch.cli import log
from sendbatch.cli.main import main
from sendbatch.cli.progress import Progress
from sendbatch.cli.terminal import Terminal, _fields
from sendbatch.runtime.observer import Limit, Wait
from sendbatch.values import Status
from tests.kit.command import PEOPLE, Desk
from tests.kit.mailhost import MailHost

SCHEMA = json.loads(log.SCHEMA.read_text("utf-8"))
HOLDS = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
JSON = ("--log-format", "json")


def lines(said: str) -> list[dict[str, Any]]:
    """Each line; raises where one is no object that the schema of its kind takes."""
    found = [json.loads(line) for line in said.splitlines()]
    for line in found:
        kind = HOLDS.evolve(schema={"$ref": f"#/$defs/{line['event']}", "$defs": SCHEMA["$defs"]})
        kind.validate(line)
        HOLDS.validate(line)
    return found


def events(said: str) -> list[str]:
    return [line["event"] for line in lines(said)]


def test_the_schema_is_one_itself_and_the_command_prints_it(desk: Desk) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(desk.run("schema", "--log").ended(0).out) == SCHEMA
    assert "name one" in desk.run("schema", "--log", "--profiles").ended(2).err


def test_the_schema_takes_no_other_line() -> None:
    with pytest.raises(jsonschema.ValidationError):
        HOLDS.validate({"time": log.moment(), "level": "info", "event": "notice", "message": "x"})
    with pytest.raises(jsonschema.ValidationError):
        HOLDS.validate(json.loads(log.error("x", 9)))
    with pytest.raises(jsonschema.ValidationError):
        HOLDS.validate(json.loads(log.entry("notice", "x", "info", {"commands": [], "more": 1})))


def test_a_run_tells_its_plan_how_it_ended_and_how_to_go_on(desk: Desk) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,free\n")
    told = lines(desk.run("run", "spring.yaml", *JSON).ended(1).err)
    assert [line["event"] for line in told] == ["plan", "summary", "notice", "notice"]
    plan, summary, mended, outbox = told
    assert plan["sendable"] == 3
    assert (summary["level"], summary["exit_code"], summary["accepted"]) == ("error", 1, 3)
    assert summary["totals"] == {"accepted": 3, "invalid": 1}
    assert mended["commands"] == ["sendbatch run spring.yaml"]
    assert outbox["message"] == "the sandbox kept the mails, this shows them:"


@pytest.mark.parametrize(
    ("words", "code", "kinds"),
    [
        (("run", "spring.yaml", "--expect", "9"), 4, ["finding", "error"]),
        (("run", "none.yaml"), 2, ["finding", "error"]),
        (("run", "spring.yaml", "--bogus"), 2, ["error"]),
        (("run", "spring.yaml", "--set", "a"), 2, ["finding", "error"]),
        (("run", "spring.yaml", "--dry-run"), 1, ["plan", "finding", "finding", "notice"]),
        (("check", "spring.yaml"), 1, ["plan", "finding", "finding"]),
        (("check", "none.yaml"), 2, ["finding"]),
        (("check", "spring.yaml", "--quiet"), 1, ["finding", "finding"]),
        (("plan", "spring.yaml", "--out", "plan.json"), 1, ["notice"]),
        (("preview", "spring.yaml"), 1, ["plan", "finding", "finding", "notice"]),
        (("proof", "spring.yaml", "--to", "eve@example.com", "--count", "1"), 0, ["notice", "notice"]),
        (("run", "spring.yaml", "--quiet"), 1, ["summary"]),
        (("run", "spring.yaml", "--plan", "none.json"), 2, ["finding", "error"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_verb_says_each_thing_in_a_line(
    desk: Desk, words: tuple[str, ...], code: int, kinds: list[str]
) -> None:
    desk.write("people.csv", PEOPLE + "nobody,N,free\nada@example.com,D,free\n")
    assert events(desk.run(*words, *JSON).ended(code).err) == kinds


def test_a_run_through_a_server_that_refuses_and_stops_is_told_in_lines(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.answers["ada@example.com"] = "550 5.1.1 no such user"
    mailhost.answers["carl@example.net"] = "451 4.7.1 later"
    told = lines(desk.run("run", "spring.yaml", "--yes", "--no-wait", *JSON).err)
    summary = next(line for line in told if line["event"] == "summary")
    assert summary["exit_code"] == 1
    assert summary["totals"] == {"accepted": 1, "deferred": 1, "rejected": 1}
    assert summary["due_at"] is not None
    again = lines(desk.run("run", "spring.yaml", "--yes", "--no-wait", *JSON).err)
    assert [line for line in again if line["event"] == "summary"]


def test_a_fault_of_ours_and_ctrl_c_are_lines_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for raised, code in ((RuntimeError("x"), 3), (KeyboardInterrupt(), 3)):

        def fails(*args: object, raised: BaseException = raised, **words: object) -> None:
            raise raised

        monkeypatch.setattr("sendbatch.cli.given.load", fails)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["run", "spring.yaml", *JSON])
        assert ended.value.code == code
        (line,) = lines(capsys.readouterr().err)
        assert line["event"] == "error"


def test_progress_is_told_with_what_is_done_and_what_is_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress("sending", 100)
    for _ in range(20):
        progress.moved(Status.PENDING, Status.ACCEPTED)
    progress.moved(Status.PENDING, Status.DEFERRED)
    progress.tick(10.0)
    progress.limit, progress.connections = Limit(4.0, "the server asked to slow down", 1.8e9), (2, 4)
    log.choose(json=True)
    try:
        terminal = Terminal()
        for wait in (None, Wait("the quota", "the quota of jane.doe@example.com", 1.9e9)):
            if wait is not None:
                progress.waits(wait, 10.0)
            terminal.tell("progress", progress.plain(10.0, 1.79e9), "info", **_fields(progress, 10.0, 1.79e9))
    finally:
        log.choose(json=False)
    moving, waiting = lines(capsys.readouterr().err)
    assert (moving["done"], moving["deferred"], moving["rate"], moving["seconds_left"]) == (20, 1, 2.0, 40)
    assert moving["limited_until"] == "2027-01-15T08:00:00.000Z"
    assert waiting["waiting_for"].startswith("the quota of")


def test_addresses_are_masked_in_every_field(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    desk.campaign(("subject: \"{{ first_name }}", "subject: \"{{ email }}"))
    desk.write("people.csv", PEOPLE + "bjork@example.org,N,free\n")
    hidden = desk.run("run", "spring.yaml", "--dry-run", *JSON).err
    assert "bjork@" not in hidden
    assert lines(hidden)[0]["subjects"] == ["{{ email }}, spring is here"]
    assert "bjork@" in desk.run("run", "spring.yaml", "--dry-run", "--show-addresses", *JSON).err
    assert "bjork@" not in desk.run("run", "spring.yaml", "--dry-run", *JSON).err
