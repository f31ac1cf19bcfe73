"""`--help` is instant because nothing heavy is loaded before a verb runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.kit.command import Desk

VERBS = (
    *("init", "check", "plan", "proof", "run", "status", "outbox", "report", "resolve", "probe"),
    *("trace", "forget", "inspect", "verify-token", "schema"),
)
HEAVY = frozenset(
    {
        "jinja2", "aiosmtplib", "aiosmtpd", "email_validator", "tqdm", "yaml", "sqlite3",
        "dns", "uvloop", "wcwidth", "filelock",
    }
)  # fmt: skip

ASK = """
import json, sys
from sendbatch.cli.main import main
try:
    main(json.loads(sys.argv[1]))
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in VERBS)])
def test_help_loads_no_renderer_no_smtp_and_no_record(desk: Desk, arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(arguments)],
        env=desk.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = json.loads(asked.stderr)
    assert asked.returncode == 0
    assert "Usage: " in asked.stdout
    assert not HEAVY & set(loaded)


ROOMS = """
import json, sys
from sendbatch.cli.main import main
try:
    main(json.loads(sys.argv[1]))
finally:
    print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]), file=sys.stderr)
"""
SENDS = {"sendbatch.delivery.engine", "sendbatch.smtp.connection", "aiosmtplib", "uvloop"}
RECORD = "sendbatch.ledger.sqlite.record"
PLANS = {"sendbatch.planning.preparing", "sendbatch.message.compose"}


@pytest.mark.parametrize(
    ("verb", "without"), [("status", SENDS | PLANS), ("report", SENDS | PLANS), ("plan", SENDS)]
)
def test_a_verb_loads_nothing_of_what_it_never_does(
    desk: Desk, verb: str, without: set[str]
) -> None:
    desk.run("run", "spring.yaml", "--yes")
    asked = subprocess.run(
        [sys.executable, "-c", ROOMS, json.dumps([verb, "spring.yaml"]), RECORD, *without],
        cwd=desk.folder,
        env=desk.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stderr.splitlines()[-1]) == [RECORD]


def test_help_names_every_verb_of_the_contract(desk: Desk) -> None:
    told = desk.run("--help")
    assert told.code == 0
    assert all(f"  {verb} " in told.out for verb in VERBS)


def test_every_option_of_run_has_words_to_it(desk: Desk) -> None:
    told = desk.run("run", "--help").out
    for option in (
        "--dry-run", "--limit", "--only", "--smtp", "--rate", "--set", "--expect", "--plan",
        "--strict", "--tolerate", "--in-doubt", "--retry", "--accept-changes", "--stop-after",
        "--no-wait", "--yes", "--quiet", "--no-progress", "--log-format", "--run", "--record",
    ):  # fmt: skip
        assert option in told


def test_the_version_is_told_on_standard_output(desk: Desk) -> None:
    told = desk.run("--version")
    assert told.code == 0
    assert told.out.startswith("sendbatch ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send"], "No such command 'send'. Did you mean 'run'?"),
        (["sned"], "No such command 'sned'. Did you mean 'run'?"),
        (["rnu"], "No such command 'rnu'. Did you mean 'run'?"),
        (["validte"], "No such command 'validte'. Did you mean 'check'?"),
        (["xyzzy"], "No such command 'xyzzy'.\n"),
        (["run"], "there is no campaign.yaml in this folder\n  write:\n    sendbatch run spring.yaml"),
        (["run", "spring.yaml", "--fast"], "No such option '--fast'."),
        (["run", "spring.yaml", "--limit", "0"], "not in the range x>=1"),
        (["run", "spring.yaml", "--limit", "many"], "valid integer"),
        (["run", "spring.yaml", "--set", "product"], "write KEY=VALUE"),
        (["run", "spring.yaml", "--retry", "accepted"], "write rejected, failed or deferred"),
        (["run", "spring.yaml", "--in-doubt", "forget"], "write hold or resend"),
        (["run", "spring.yaml", "--log-format", "xml"], "write text or json"),
        (["run", "spring.yaml", "--stop-after", "soon"], "not a length of time: soon"),
        (["report", "spring.yaml", "--format", "pdf"], "write text, csv, json"),
        (
            ["resolve", "spring.yaml", "a@example.com", "--as", "lost"],
            "write accepted, pending or rejected",
        ),
        (["run", "spring.yaml", "--retry", "rejected:spam"], "no pattern of reply codes"),
        (["run", "spring.yaml", "--retry", "failed:5.*"], "have no code"),
        (["run", "spring.yaml", "--breaker", "0"], "not in the range x>=1"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wanted(
    desk: Desk, arguments: list[str], said: str
) -> None:
    told = desk.run(*arguments)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""
    assert desk.nothing_was_sent()


def test_a_bare_command_shows_its_help(desk: Desk) -> None:
    told = desk.run()
    assert told.code == 2
    assert "Usage: " in told.said
