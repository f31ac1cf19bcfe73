"""`status`: while a run is under way, from another shell, and afterwards, why it stopped."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

from tests.cli.test_stopping import under_way
from tests.kit.command import Desk, ended
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person

STATUS = ("status", "spring.yaml")


def told(desk: Desk) -> Any:
    return json.loads(desk.run(*STATUS, "--format", "json").out)


def test_while_it_is_sent_the_document_has_what_only_the_sender_knows(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        during = told(desk)
        assert during["under_way"] is True
        assert during["exit_code"] == 3
        assert during["since"] is not None
        assert during["ended"] is None
        assert during["totals"]["sending"] >= 1
        mailhost.go.set()
        assert ended(process).code == 0
    after = told(desk)
    assert (after["under_way"], after["since"], after["limit"]) == (False, None, None)
    assert after["ended"]["early"] is False
    assert after["exit_code"] == 0
    assert "sending" not in after["totals"]
    assert not (desk.record("spring") / "now.json").exists()


def test_after_ctrl_c_it_says_so_and_what_goes_on(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        process.send_signal(signal.SIGINT)
        mailhost.go.set()
        assert ended(process).code == 3
    said = desk.run(*STATUS)
    assert said.code == 3
    assert "stopped early at " in said.out
    left = told(desk)["totals"]["pending"]
    assert left > 1
    assert f": Ctrl-C\nthis goes on, with all {left} that are left:\n  sendbatch run" in said.out
    assert told(desk)["ended"]["why"] == "Ctrl-C"


def test_after_a_crash_it_says_that_the_run_died_and_who_is_in_doubt(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        process.kill()
        ended(process)
        mailhost.go.set()
    said = desk.run(*STATUS)
    assert "did not come to its end, the last that was written is of " in said.out
    assert "in doubt, 1 of them on the way as it ended: the mail may have arrived" in said.out
    assert "  sendbatch resolve spring.yaml" in said.out
    assert "being sent" not in said.out
    document = told(desk)
    assert (document["under_way"], document["since"], document["ended"]) == (False, None, None)
    assert document["died"]["in_doubt"] == 1
    assert document["died"]["last_written_at"] >= document["died"]["since"]


def test_watched_without_a_terminal_there_is_a_line_for_what_changes_and_then_the_end(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        watching = desk.start(*STATUS, "--watch")
        assert watching.stdout is not None
        first = watching.stdout.readline()
        assert "to go" in first
        mailhost.go.set()
        assert ended(process).code == 0
        seen = ended(watching)
    assert seen.code == 0
    assert "accepted\n" in seen.out
    assert "\x1b" not in first + seen.out


def test_who_stops_watching_stops_nothing_else(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        watching = desk.start(*STATUS, "--watch")
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        left = ended(watching)
        assert left.code == 3
        assert "no longer watched; the run goes on" in left.err
        assert process.poll() is None
        mailhost.go.set()
        assert ended(process).code == 0


def test_where_nothing_is_under_way_watching_ends_at_once(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    assert desk.run(*STATUS, "--watch").out == desk.run(*STATUS).out


def test_another_format_is_refused(desk: Desk) -> None:
    assert desk.run(*STATUS, "--format", "xml").code == 2


def test_in_a_terminal_a_screenful_is_drawn_over_the_one_before(
    desk: Desk, mailhost: MailHost
) -> None:
    with (
        under_way(desk, mailhost) as process,
        Person(desk, *STATUS, "--watch", rows=8, results=True) as watcher,
    ):
        watcher.until_asked("being sent at this moment")
        watcher.until_asked("\x1b[7A\r\x1b[J")  # no more than fits, drawn again
        mailhost.go.set()
        assert ended(process).code == 0
        assert watcher.leaves() == 0
    assert "accepted  20" in watcher.seen.rpartition("\x1b[J")[2]


def test_in_a_narrow_terminal_nothing_of_it_is_cut_and_no_colour_runs_on(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.environ["FORCE_COLOR"] = "1"
    with (
        under_way(desk, mailhost) as process,
        Person(desk, *STATUS, "--watch", rows=40, columns=40, results=True) as watcher,
    ):
        watcher.until_asked("being sent at this moment")
        watcher.until_asked("\r\x1b[J")
        assert "report.csv" not in watcher.seen  # none is there yet
        mailhost.go.set()
        assert ended(process).code == 0
        assert watcher.leaves() == 0
    screen = watcher.seen.partition("\r\x1b[J")[0]
    assert "…" not in screen.replace("KEY…", "")
    assert "the server took it" in " ".join(screen.split())
    begun = [one for one in re.findall(r"\x1b\[([0-9;]*)m", screen) if one not in ("", "0")]
    assert len(begun) == len(re.findall(r"\x1b\[0?m", screen))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", screen).splitlines()
    assert all(len(line) <= 40 or " " not in line.strip() for line in plain)
    assert " of 20 accepted" in " ".join(" ".join(plain).split())
