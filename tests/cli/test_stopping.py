"""A run that is stopped, and one that finds another at work."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sendbatch.cli.signals import stoppable
from sendbatch.cli.terminal import Terminal
from sendbatch.runtime.stop import Stop
from tests.kit.command import Desk, Ended, ended, line_that_goes_on
from tests.kit.dkim import pem
from tests.kit.mailhost import MailHost
from tests.kit.thoroughness import thoroughly


def plain(desk: Desk, host: MailHost) -> None:
    desk.people(20)
    host.take_over(desk)


@contextmanager
def under_way(
    desk: Desk, host: MailHost, prepare: Callable[[Desk, MailHost], None] = plain
) -> Iterator[subprocess.Popen[str]]:
    """A run of twenty that waits in the middle: the server holds back an answer."""
    host.hold_after = 7
    prepare(desk, host)
    process = desk.start("run", "spring.yaml", "--yes")
    try:
        host.until_holding()
        yield process
    finally:
        host.go.set()
        if process.poll() is None:
            ended(process)


def said_until(process: subprocess.Popen[str], wanted: str) -> str:
    """Reads the process's standard error up to the line with `wanted`."""
    assert process.stderr is not None
    said = ""
    while wanted not in said:
        line = process.stderr.readline()
        assert line, f"ended without saying {wanted!r}: {said}"
        said += line
    return said


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_stopped_in_the_middle_it_exits_3_and_the_printed_line_finishes_with_nobody_twice(
    desk: Desk, mailhost: MailHost, number: signal.Signals, name: str
) -> None:
    with under_way(desk, mailhost) as process:
        process.send_signal(number)
        said_until(process, "what is under way is completed")
        mailhost.go.set()
        stopped = ended(process)
    assert stopped.code == 3
    assert f"stopped early: {name}" in stopped.err
    assert len(mailhost.receivers) == 8
    mailhost.hold_after = None
    told = desk.run(*line_that_goes_on(stopped.err), "--yes")
    assert told.code == 0
    assert sorted(mailhost.receivers) == sorted(f"p{n}@example.com" for n in range(1, 21))
    assert len(desk.rows()) == 20


def test_a_second_ctrl_c_leaves_at_once_with_the_one_under_way_in_doubt(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        process.send_signal(signal.SIGINT)
        said_until(process, "what is under way is completed")
        process.send_signal(signal.SIGINT)
        stopped = ended(process)
        assert stopped.code == 3
        assert "in doubt" in stopped.err
        assert list(desk.statuses().values()).count("in_doubt") == 1


@pytest.mark.parametrize("first", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_terminal_that_goes_away_is_no_second_wish_however_often_it_is_told(
    first: signal.Signals,
) -> None:
    stop = Stop()
    with stoppable(stop, Terminal(quiet=True)):
        os.kill(os.getpid(), first)
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
            assert (stop.is_soon, stop.is_now) == (True, False)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_now
    assert stop.reason == ("Ctrl-C" if first is signal.SIGINT else first.name)


def signed_in_two_languages(desk: Desk, host: MailHost) -> None:
    rows = (f"p{n}@example.com,P{n},{'de' if n % 2 else 'en'}\n" for n in range(1, 21))
    desk.write("people.csv", "email,first_name,locale\n" + "".join(rows))
    for locale in ("de", "en"):
        desk.write(f"{locale}.txt", f"{locale} {{{{ first_name }}}}\n")
    by_row = 'templates: {text: "{{ locale }}.txt"}\n'
    host.take_over(desk, ("templates:\n  html: spring.html\n  text: spring.txt\n", by_row))
    desk.write("dkim.pem", pem()).chmod(0o600)
    signature = "    dkim: {domain: example.com, selector: s1, key_file: dkim.pem}\n"
    desk.write("profiles.yaml", host.profiles + signature)


@pytest.mark.parametrize("times", [1, 2])
def test_signed_mail_in_several_languages_is_stopped_as_any_other_is(
    desk: Desk, mailhost: MailHost, times: int
) -> None:
    with under_way(desk, mailhost, signed_in_two_languages) as process:
        process.send_signal(signal.SIGINT)
        said_until(process, "what is under way is completed")
        if times == 2:
            process.send_signal(signal.SIGINT)
        else:
            mailhost.go.set()
        stopped = ended(process)
    assert stopped.code == 3
    mailhost.hold_after = None
    told = desk.run(*line_that_goes_on(stopped.err), "--yes")
    assert told.code == times - 1
    doubtful = [key for key, status in desk.statuses().items() if status == "in_doubt"]
    assert len(doubtful) == times - 1
    everybody = {f"p{n}@example.com" for n in range(1, 21)}
    assert sorted(mailhost.receivers) == sorted(everybody.difference(doubtful))
    for mail in mailhost.mails:
        language = "de" if int(str(mail["To"]).strip("p<>").partition("@")[0]) % 2 else "en"
        assert mail.get_content().startswith(f"{language} P")
        assert len(mail.get_all("DKIM-Signature")) == 1


def test_ctrl_c_waits_for_no_message_that_is_never_built(desk: Desk, mailhost: MailHost) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    fifth = "{% if email == 'p5@example.com' %}" + loops + "{% endif %}"
    (desk.folder / "spring.txt").write_text(fifth + "Hello {{ first_name }}\n")
    desk.people(20)
    mailhost.take_over(desk)
    process = desk.start("run", "spring.yaml", "--yes")
    said_until(process, "to send through")
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    assert stopped.code == 3
    assert mailhost.receivers == []
    assert set(desk.statuses().values()) == {"pending"}


LONG = "{% for a in range(9999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# Minutes of copying within one call of C code, in which the interpreter looks up for nobody.
HELD = "(range(99999)|batch(1)|list)|sum(start=range(9999)|list * 99)"
VERBS = [
    ("run", "spring.yaml", "--yes"),
    ("check", "spring.yaml"),
    ("plan", "spring.yaml"),
    ("proof", "spring.yaml", "--to", "me@example.com"),
    ("run", "spring.yaml", "--dry-run"),
]


MANY = 200  # two that come at once count as one


def interrupted(desk: Desk, *words: str, times: int, too_early: str = "\nstopped\n") -> Ended:
    """How a call ends that gets so many Ctrl-C; again, and later, where one came before it listened: what it
    says then ends with `too_early`."""
    for seconds in (1, 3, 9):
        process = desk.start(*words)
        time.sleep(seconds)
        for _ in range(times):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                time.sleep(0.2)
        told = ended(process)
        if not told.err.endswith(("\nstopped\n", too_early)):
            break
    return told


def test_ctrl_c_is_heard_while_a_key_takes_for_ever(desk: Desk) -> None:
    desk.campaign(("file: people.csv", f'file: people.csv\n  key: "{LONG}"'))
    told = interrupted(desk, "run", "spring.yaml", "--yes", times=1)
    assert told.code == 3
    assert "nothing was sent" in told.err


@pytest.mark.parametrize("verb", [VERBS[0], *thoroughly(*VERBS[1:])], ids="".join)
def test_ctrl_c_is_heard_by_every_verb_whatever_its_templates_do(
    desk: Desk, verb: tuple[str, ...]
) -> None:
    desk.write("spring.txt", "{{ " + HELD + " }}")
    told = interrupted(desk, *verb, times=1)
    assert told.code == 3
    assert "nothing was sent" in told.err


def test_ctrl_c_is_heard_while_where_takes_for_ever(desk: Desk) -> None:
    desk.campaign(("file: people.csv", f"file: people.csv\n  where: {HELD}"))
    told = interrupted(desk, "check", "spring.yaml", times=1)
    assert told.code == 3
    assert "nothing was sent" in told.err


def test_a_third_ctrl_c_ends_the_process_whatever_it_does(desk: Desk) -> None:
    os.mkfifo(desk.folder / "plan.json")  # to open it waits for somebody who writes
    before = "nothing was sent\n"  # said by whoever does not wait for it yet
    told = interrupted(
        desk, "run", "spring.yaml", "--plan", "plan.json", times=MANY, too_early=before
    )
    assert told.code == -signal.SIGINT


def test_ctrl_c_before_anything_was_read_exits_3(desk: Desk) -> None:
    os.mkfifo(desk.folder / "waiting.yaml")
    process = desk.start("check", "waiting.yaml")
    with (desk.folder / "waiting.yaml").open("w"):  # opens once the other side reads
        # a signal between its open and its read is seen only after the read: ask again
        for _ in range(20):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
                break
        told = ended(process)
    assert told.code == 3, told.err
    assert told.err.endswith("\nstopped\n")


def test_another_run_of_the_same_campaign_is_refused_with_5(desk: Desk, mailhost: MailHost) -> None:
    with under_way(desk, mailhost) as process:
        told = desk.run("run", "spring.yaml", "--yes")
        assert told.code == 5
        assert f"process {process.pid}" in told.err
        assert "since " in told.err
        assert "sendbatch status" in told.err
        assert desk.run("resolve", "spring.yaml", "p1@example.com", "--as", "pending").code == 5
        mailhost.go.set()
        assert ended(process).code == 0


def test_another_edition_is_not_kept_waiting(desk: Desk, mailhost: MailHost) -> None:
    with under_way(desk, mailhost):
        assert desk.run("run", "spring.yaml", "--smtp", "sandbox").code == 0


def test_status_and_report_are_told_from_another_shell_while_it_is_being_sent(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        told = desk.run("status", "spring.yaml")
        assert told.code == 3
        assert "being sent at this moment" in told.out
        assert desk.run("report", "spring.yaml").code == 3
        mailhost.go.set()
        ended(process)
    told = desk.run("status", "spring.yaml")
    assert told.code == 0
    assert "being sent" not in told.out


def test_a_plan_can_be_looked_at_while_it_is_being_sent(desk: Desk, mailhost: MailHost) -> None:
    with under_way(desk, mailhost):
        assert desk.run("plan", "spring.yaml").code == 0


def test_killed_in_the_middle_the_next_run_names_the_one_in_doubt_and_mails_nobody_twice(
    desk: Desk, mailhost: MailHost
) -> None:
    with under_way(desk, mailhost) as process:
        process.kill()
        process.communicate()
        mailhost.hold_after = None
        mailhost.go.set()
        told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "the last run ended in the middle" in told.err
    doubtful = [key for key, status in desk.statuses().items() if status == "in_doubt"]
    assert len(doubtful) == 1
    assert len(mailhost.receivers) == len(set(mailhost.receivers))
    assert set(mailhost.receivers) | set(doubtful) == {f"p{n}@example.com" for n in range(1, 21)}
    assert desk.run("resolve", "spring.yaml", *doubtful, "--as", "accepted").code == 0
    assert desk.run("status", "spring.yaml").code == 0


def test_a_run_that_may_last_only_so_long_stops_by_itself(desk: Desk, mailhost: MailHost) -> None:
    desk.people(20)
    mailhost.take_over(desk)
    told = desk.run("run", "spring.yaml", "--yes", "--rate", "2/s", "--stop-after", "1s")
    assert told.code == 3
    assert "stopped early: the time given with --stop-after is over" in told.err
    assert "go on with:" in told.err
    assert 0 < len(mailhost.receivers) < 20


def test_ctrl_c_while_the_command_is_still_loading_shows_no_traceback(desk: Desk) -> None:
    code = (
        "import builtins, os, signal\n"
        "loads = builtins.__import__\n"
        "def interrupted(name, *more):\n"
        "    if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "    return loads(name, *more)\n"
        "builtins.__import__ = interrupted\n"
        "from sendbatch.__main__ import main\n"
        "main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=desk.folder, env=desk.environ, capture_output=True
    )
    assert (told.returncode, told.stderr) == (3, b"\nstopped\n")


def test_ctrl_c_while_the_command_is_ending_leaves_its_code_as_it_is(desk: Desk) -> None:
    code = (
        "import atexit, os, signal, sys\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"  # the last to be called
        "from sendbatch.__main__ import main\n"
        "sys.argv[1:] = ['status', 'none.yaml']\n"
        "main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=desk.folder, env=desk.environ, capture_output=True
    )
    assert told.returncode == 2
    assert b"no such file" in told.stderr
    assert b"KeyboardInterrupt" not in told.stderr
