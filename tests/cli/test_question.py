"""What a person at a terminal is asked before mail goes out."""

from __future__ import annotations

import signal

import pytest

from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person
from tests.kit.thoroughness import thoroughly
from tests.kit.waiting import until

NUMBER = "Type the number of recipients"


@pytest.mark.parametrize("answer", ["y", *thoroughly("Y", "yes")])
def test_a_person_who_says_yes_sends(desk: Desk, mailhost: MailHost, answer: str) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        assert f"3 to send through 127.0.0.1:{mailhost.port}" in person.seen
        assert "subject: Ada, spring is here" in person.seen
        person.types(f"{answer}\n")
        assert person.leaves() == 0
    assert len(mailhost.mails) == 3


@pytest.mark.parametrize("answer", ["n", *thoroughly("", "yess", "3")])
def test_anything_but_yes_sends_nothing_and_exits_4(
    desk: Desk, mailhost: MailHost, answer: str
) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.types(f"{answer}\n")
        assert person.leaves() == 4
        assert "declined: nothing was sent" in person.seen
    assert not mailhost.mails
    assert desk.nothing_was_sent()


def test_the_end_of_the_input_is_no_yes(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.types("\x04")
        assert person.leaves() == 4
    assert not mailhost.mails


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_signal_at_the_question_sends_nothing_and_exits_3(
    desk: Desk, mailhost: MailHost, number: signal.Signals, name: str
) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.gets(number)
        assert person.leaves() == 3
        assert f"{name}; nothing was sent" in person.seen
        assert "Traceback" not in person.seen
    assert not mailhost.mails
    assert desk.nothing_was_sent()


@pytest.mark.parametrize("answer", ["y", *thoroughly("1000", "yes 1001")])
def test_above_a_thousand_a_yes_is_not_enough(desk: Desk, mailhost: MailHost, answer: str) -> None:
    desk.people(1001)
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked(f"{NUMBER} (1001) to send:")
        person.types(f"{answer}\n")
        assert person.leaves() == 4
    assert not mailhost.mails


@pytest.mark.parametrize("answer", ["1,001", *thoroughly("1001")])
def test_above_a_thousand_the_number_typed_sends(
    desk: Desk, mailhost: MailHost, answer: str
) -> None:
    desk.people(1001)
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked(f"{NUMBER} (1001) to send:")
        person.types(f"{answer}\n")
        until(lambda: mailhost.mails, "the first mail")
        person.gets(signal.SIGINT)
        assert person.leaves() == 3


@pytest.mark.thorough
def test_a_thousand_recipients_need_a_yes_only(desk: Desk, mailhost: MailHost) -> None:
    desk.people(1000)
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml") as person:
        person.until_asked("Send it? [y/N]")
        person.types("n\n")
        assert person.leaves() == 4


def test_the_first_connection_is_made_before_the_question(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    desk.write(
        "profiles.yaml", mailhost.profiles + "    username: jane\n    password: ${NO_SUCH}\n"
    )
    with Person(desk, "run", "spring.yaml") as person:
        assert person.leaves() == 2
        assert "NO_SUCH" in person.seen
        assert "Send it?" not in person.seen


@pytest.mark.thorough
def test_a_quiet_run_still_shows_what_it_asks_about(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    with Person(desk, "run", "spring.yaml", "--quiet") as person:
        person.until_asked("Send it? [y/N]")
        assert "3 to send through" in person.seen
        person.types("n\n")
        assert person.leaves() == 4


@pytest.mark.thorough
def test_mail_that_is_only_kept_is_sent_without_a_question(desk: Desk) -> None:
    with Person(desk, "run", "spring.yaml") as person:
        assert person.leaves() == 0
        assert "Send it?" not in person.seen
    assert len(desk.kept()) == 3


def test_a_person_sees_a_bar_while_mail_goes_out(desk: Desk) -> None:
    desk.people(300)
    with Person(desk, "run", "spring.yaml") as person:
        assert person.leaves() == 0
        assert "sending" in person.seen
        assert "/300" in person.seen


@pytest.mark.thorough
def test_no_progress_shows_no_bar(desk: Desk) -> None:
    desk.people(300)
    with Person(desk, "run", "spring.yaml", "--no-progress") as person:
        assert person.leaves() == 0
        assert "/300" not in person.seen


@pytest.mark.parametrize(
    ("username", "shown"),
    [("marketing-team", "marketing-team"), ("8c1f0f6e-6d53-4f0e-9d5c-5f0c8f3f9a11", "8c1…")],
)
def test_a_person_is_shown_the_account_in_full_unless_it_may_be_a_token(
    desk: Desk, mailhost: MailHost, username: str, shown: str
) -> None:
    mailhost.take_over(desk)
    profiles = desk.folder / "profiles.yaml"
    profiles.write_text(profiles.read_text() + f"    username: {username}\n    password: ${{P}}\n")
    desk.environ["P"] = "secret"
    with Person(desk, "check", "spring.yaml") as person:
        person.leaves()
        assert f" as {shown}" in person.seen
    assert f" as {username[:3]}…" in desk.run("check", "spring.yaml").err
