"""Recipients that a program gives are planned and recorded like those of a CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sendbatch
from sendbatch import Status
from sendbatch.planning.inputs import inputs_digest
from tests.kit.campaigns import write
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

ROWS = [
    {"email": "ada@example.org", "name": "Ada"},
    {"email": "bob@@example.org", "name": "Bob"},
    {"email": "eve@example.net", "name": "Eve\nof two lines"},
    {"email": "ADA@example.org", "name": "Ada again"},
]
WITHOUT = """\
name: spring
from: Example News <news@example.com>
subject: "Hello {{ name }}"
templates: {text: letter.txt}
smtp: sandbox
"""


@pytest.mark.usefixtures("desk")
def test_they_are_checked_sent_and_recorded_with_their_numbers(tmp_path: Path) -> None:
    file = write(tmp_path)
    campaign = sendbatch.load(file, recipients=iter(ROWS))  # read once
    found = sendbatch.check(campaign)
    (wrong, _) = map(str, found.findings)
    assert wrong.startswith("recipients, row 2: error: bob@@example.org: invalid")
    assert sendbatch.run(campaign).totals == {
        Status.ACCEPTED: 2,
        Status.INVALID: 1,
        Status.DUPLICATE: 1,
    }
    told = [(row["row"], row["key"], row["status"]) for row in sendbatch.report(campaign).rows()]
    assert told == [
        (1, "ada@example.org", "accepted"),
        (2, "", "invalid"),
        (3, "eve@example.net", "accepted"),
        (4, "ada@example.org", "duplicate"),
    ]
    again = sendbatch.run(campaign)
    assert not again.sent


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("more", "rows"),
    [
        ("", {"email": "ada@example.org", "name": "Ada"}),
        ("recipients: {email: mail, required: [name]}\n", {"mail": "ada@example.org", "name": "A"}),
        (
            "recipients: {file: gone.csv, encoding: utf-16, delimiter: ';', skip_lines: 3}\n",
            {"email": "ada@example.org", "name": "A"},
        ),
    ],
    ids=["without recipients", "without a file", "with a file that is not there"],
)
def test_the_campaign_file_need_not_name_a_file_and_its_other_keys_hold(
    tmp_path: Path, more: str, rows: dict[str, str]
) -> None:
    file = write(tmp_path, yaml=WITHOUT, more=more)
    assert sendbatch.run(sendbatch.load(file, recipients=[rows])).totals == {Status.ACCEPTED: 1}


@pytest.mark.usefixtures("desk")
def test_a_fault_of_the_campaign_file_is_told_before_a_row_is_asked_for(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, str]]:
        pytest.fail("a row was asked for")
        yield {}

    with pytest.raises(sendbatch.SendbatchError, match="unknown key: subjct"):
        sendbatch.load(write(tmp_path, more="subjct: x\n"), recipients=rows())


@pytest.mark.usefixtures("desk")
def test_a_column_that_the_rows_lack_is_an_error_that_lists_those_they_have(tmp_path: Path) -> None:
    campaign = sendbatch.load(write(tmp_path), recipients=[{"mail": "a@example.org", "name": "A"}])
    with pytest.raises(sendbatch.SendbatchError) as refused:
        sendbatch.plan(campaign)
    assert "the rows given have no column 'email'" in str(refused.value)
    assert "write email: mail under recipients" in str(refused.value)


def test_the_same_rows_have_the_same_digest_and_others_another(tmp_path: Path) -> None:
    file = write(tmp_path)
    first = sendbatch.load(file, recipients=ROWS)
    again = sendbatch.load(file, recipients=(dict(row) for row in ROWS))
    assert first.recipients.file != again.recipients.file
    assert inputs_digest(first) == inputs_digest(again)
    other = sendbatch.load(file, recipients=[*ROWS, {"email": "x@example.org", "name": "X"}])
    renamed = sendbatch.load(
        file, recipients=[{"email": r["email"], "nom": r["name"]} for r in ROWS]
    )
    assert len({inputs_digest(one) for one in (first, other, renamed)}) == 3


def test_who_has_the_mail_gets_none_again_from_the_command_line(
    desk: Desk, mailhost: MailHost
) -> None:
    desk.people(4)
    mailhost.take_over(desk)
    rows = [{"email": f"p{n}@example.com", "first_name": f"P{n}", "plan": ""} for n in (2, 3)]
    assert sendbatch.run(sendbatch.load("spring.yaml", recipients=rows), yes=True).exit_code == 0
    desk.call("run", "spring.yaml", "--yes").ended(0)
    assert sorted(mailhost.receivers) == [f"p{n}@example.com" for n in (1, 2, 3, 4)]
