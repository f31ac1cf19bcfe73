"""`plan` says what changed since the last edition."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing

import pytest

from sendbatch import api
from sendbatch.cli.comparison import comparison_markdown, comparison_text
from sendbatch.planning.comparing import Comparison, Line, TextChange
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost


@pytest.fixture
def sent(desk: Desk, mailhost: MailHost) -> Desk:
    """A campaign whose edition 2026-11 was sent to three."""
    mailhost.take_over(desk)
    desk.write("logo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    desk.run("run", "spring.yaml", "--run", "2026-11", "--yes").ended(0)
    return desk


def plan(desk: Desk, *more: str) -> str:
    return desk.run("plan", "spring.yaml", *(more or ("--run", "2026-12"))).ended(0).out


def test_a_new_edition_is_held_against_the_last_one(sent: Desk) -> None:
    sent.change("spring.txt", "blooms.", "blooms late.")
    sent.change("spring.html", "blooms.", "blooms late.")
    sent.change("spring.yaml", "spring is here", "spring was here")
    sent.change("spring.yaml", "product: Widget", "product: Gadget")
    sent.change("people.csv", "carl@example.net,,paid\n", "eve@example.net,,paid\nzoe@example.net,,paid\n")
    said = plan(sent)
    assert "compared with edition 2026-11 (3 accepted, " in said
    for line in (
        "· list: +2 −1, 2 on both",
        "· variables changed: product",
        "· subject and headers changed (+1 −1 lines)",
        "    - Subject: {{ first_name }}, spring is here",
        "    + Subject: {{ first_name }}, spring was here",
        "· text changed (+1 −1 lines)",
        "    - Hello {{ first_name }}, the {{ product }} blooms.",
        "    + Hello {{ first_name }}, the {{ product }} blooms late.",
        "· HTML changed (+1 −1 lines)",
    ):
        assert line in said, said
    assert "Widget" not in said


def test_attachments_and_the_server_are_compared_too(sent: Desk, mailhost: MailHost) -> None:
    sent.write("a.txt", "one")
    sent.campaign(("smtp: sandbox", "smtp: sandbox\nattachments: [a.txt]"))
    said = plan(sent)
    assert "· added: attachment a.txt" in said
    assert f"· server: 127.0.0.1:{mailhost.port} then, sandbox now" in said


def test_the_same_text_to_the_same_people_is_told_in_a_line(sent: Desk) -> None:
    said = plan(sent)
    assert "· the same text, pictures and attachments" in said
    assert "· list: +0 −0, 3 on both" in said


def test_an_edition_that_was_sent_in_part_is_held_against_what_it_sent(
    sent: Desk, mailhost: MailHost
) -> None:
    sent.change("spring.txt", "blooms.", "blooms late.")
    said = plan(sent, "--run", "2026-11")
    assert "compared with what was sent of it last (3 accepted, " in said
    assert "    + Hello {{ first_name }}, the {{ product }} blooms late." in said


def test_of_several_editions_it_is_the_one_that_was_sent_last(sent: Desk) -> None:
    sent.change("spring.txt", "blooms.", "blooms late.")
    sent.run("run", "spring.yaml", "--run", "2026-10", "--yes").ended(0)
    said = plan(sent)
    assert "compared with edition 2026-10 (3 accepted" in said
    assert "the same text" in said


def test_before_anything_was_sent_nothing_is_said(desk: Desk) -> None:
    assert "compared" not in desk.run("plan", "spring.yaml").ended(0).out


def test_a_rehearsal_is_no_edition(desk: Desk, mailhost: MailHost) -> None:
    desk.run("run", "spring.yaml", "--run", "2026-11").ended(0)
    mailhost.take_over(desk)
    assert "compared" not in plan(desk)


def test_a_rehearsal_that_begins_anew_is_held_against_the_last_one(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.change("spring.txt", "blooms.", "blooms late.")
    said = desk.run("plan", "spring.yaml").ended(0).out
    assert "compared with what was sent of it last:" in said
    assert "    + Hello {{ first_name }}, the {{ product }} blooms late." in said


def forget_letters(desk: Desk, *values: tuple[str, str]) -> None:
    with closing(sqlite3.connect(desk.record("spring@2026-11") / "ledger.sqlite")) as ledger:
        for name, value in values:
            ledger.execute("UPDATE meta SET value = ? WHERE key GLOB ?", (value, name))
        ledger.commit()


@pytest.mark.parametrize("kept", ["", "1:!!", "1:eJyLjgUAARUAuQ=="])
def test_what_a_record_does_not_hold_is_said_not_to_be_known(sent: Desk, kept: str) -> None:
    forget_letters(sent, ("letter of *", kept), ("letters", "[" * 20_000))
    sent.change("spring.txt", "blooms.", "blooms late.")
    said = plan(sent)
    assert "what its text, pictures and attachments were is not known" in said
    assert "· list: +0 −0, 3 on both" in said


def test_over_a_record_in_the_repository_it_is_said_not_to_be_known(
    desk: Desk,
    mailhost: MailHost,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    needs: Callable[[str, str], str],
) -> None:
    git, origin = needs("git", "records are kept in a repository"), tmp_path_factory.mktemp("origin")
    mailhost.take_over(desk)
    profiles = desk.folder / "profiles.yaml"
    profiles.write_text("project: ours/spring\n" + profiles.read_text())
    for arguments in (
        ["init", "-q", "--bare", origin],
        ["init", "-q", desk.folder],
        ["-C", desk.folder, "remote", "add", "origin", origin],
    ):
        subprocess.run([git, *arguments], check=True)
    monkeypatch.setenv("SENDBATCH_RECEIPT_KEY", "a key of receipts with more bytes")
    desk.run("run", "spring.yaml", "--yes", "--record", "git", "--limit", "1")
    said = plan(desk, "--record", "git")
    assert "is not known: a record in the repository keeps receipts alone" in said


def test_other_keys_are_not_compared(sent: Desk) -> None:
    sent.change("spring.yaml", "  file: people.csv", '  file: people.csv\n  key: "{{ first_name }}x"')
    assert "· lists are not compared: recipients.key was the address in email then" in plan(sent)


def test_a_record_that_cannot_be_read_keeps_no_plan_from_being_made(sent: Desk) -> None:
    (sent.record("spring@2026-11") / "ledger.sqlite").write_bytes(b"no database at all, of some length")
    (sent.record("spring@2026-11") / "ledger.sqlite-wal").unlink(missing_ok=True)
    ended = sent.run("plan", "spring.yaml", "--run", "2026-12").ended(0)
    assert "spring@2026-11 is not compared with:" in ended.err
    assert "3 to send" in ended.out


def test_no_cell_of_anybody_is_remembered_with_the_letter(sent: Desk) -> None:
    with closing(sqlite3.connect(sent.record("spring@2026-11") / "ledger.sqlite")) as ledger:
        ((kept,),) = ledger.execute("SELECT value FROM meta WHERE key GLOB 'letter of *'").fetchall()
    from sendbatch.message.remembered import unpacked

    letter = str(unpacked(kept))
    assert "Hello {{ first_name }}" in letter
    assert "ada" not in letter.lower()
    assert "Widget" not in letter


def test_the_last_few_letters_are_kept_and_no_more(sent: Desk) -> None:
    for n in range(6):
        sent.write("spring.txt", f"Number {n}\n")
        sent.people(4 + n)
        sent.run("run", "spring.yaml", "--run", "2026-11", "--yes", "--accept-changes").ended(0)
    with closing(sqlite3.connect(sent.record("spring@2026-11") / "ledger.sqlite")) as ledger:
        statement = "SELECT value FROM meta WHERE key GLOB 'letter of *' AND value != ''"
        kept = ledger.execute(statement).fetchall()
    assert len(kept) == 4


def test_programs_get_it_as_a_value(sent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent.change("spring.txt", "blooms.", "blooms late.")
    found = api.plan(api.load(sent.folder / "spring.yaml", run="2026-12")).compared
    assert found is not None
    told = found.document()
    assert told["with"] == "edition 2026-11"
    assert told["people"] == {"added": 0, "removed": 0, "common": 3}
    assert [one["name"] for one in told["texts"]] == ["text"]  # type: ignore[attr-defined]


HOSTILE = "\x1b[2J``` <b>@all</b> ::error::x ##[error]"


def test_what_stands_in_a_letter_drives_no_terminal_and_ends_no_block() -> None:
    change = TextChange(HOSTILE, "changed", 1, 0, (Line("+", HOSTILE), Line("@", "")))
    found = Comparison(HOSTILE, 3, None, texts=(change,), variables=(HOSTILE,), server=(HOSTILE, ""))
    assert all(line.isprintable() for line in comparison_text(found))
    blocks = list(comparison_markdown(found))
    (diff,) = (block for block in blocks if block.startswith("````diff\n"))
    assert diff.endswith("\n````")
    assert "".join(blocks).replace("\n", "").isprintable()
    for block in blocks:
        outside = re.sub(r"(`+) .*? \1(?!`)", "", block.replace(diff, ""))
        assert "@all" not in outside
