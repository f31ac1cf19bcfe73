"""A record is a file that anybody may have written: garbage in any column, seen by every verb."""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sendbatch.ledger.sqlite.soundness import OURS
from tests.kit.command import Desk, Ended
from tests.kit.mailhost import MailHost

pytestmark = pytest.mark.thorough

PEOPLE = [f"p{number}@example.com" for number in range(1, 7)]
VERBS = (
    ("status", "spring.yaml"),
    ("report", "spring.yaml"),
    ("report", "spring.yaml", "--format", "csv"),
    ("report", "spring.yaml", "--format", "json"),
    ("check", "spring.yaml"),
    ("plan", "spring.yaml", "--out", "plan.json"),
    ("run", "spring.yaml", "--dry-run"),
    ("resolve", "spring.yaml", PEOPLE[3], "--as", "accepted"),
    (
        "run",
        "spring.yaml",
        "--yes",
        "--no-wait",
        "--in-doubt",
        "resend",
        "--retry",
        "rejected,deferred",
    ),
    ("run", "spring.yaml", "--yes", "--no-wait", "--run", ""),
)
GARBAGE: dict[str, object] = {
    "null": None,
    "blob": b"\x00\xff" * 20,
    "text": "none of ours",
    "empty": "",
    "huge": "x" * 3_000_000,
    "negative": -5,
    "greatest": 2**63 - 1,
    "fraction": 1.5,
    "infinite": float("inf"),
    "far": 1e300,
    "controls": "\x1b[2J\r\nRCPT TO:<eve@example.com>\x00",
    "addresses": "eve@example.com, mallory@example.com",
    "route": "<@relay.example.com:eve@example.com>",
    "halves": '["\\ud800", "\\udfff", "p"]',
    "numbers": '[1, {"a": 2}, null]',
    "deep": "[" * 5000,
    "open": '["p1@example.com", "P1"',
    "few": '["p1@example.com"]',
    "sending": "sending",
    "pending": "pending",
}
CELLS = [(table, column) for table, columns in OURS.items() for column in sorted(columns)]


@pytest.fixture
def recorded(desk: Desk, mailhost: MailHost) -> Path:
    """A record with someone in most states, kept as it is told aside; it delivers."""
    mailhost.take_over(desk)
    desk.people(len(PEOPLE))
    mailhost.answers = {PEOPLE[0]: "550 5.1.1 no", PEOPLE[1]: "450 4.2.1 later"}
    desk.run("run", "spring.yaml", "--yes", "--limit", "5", "--no-wait")
    file = desk.record("spring") / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE delivery SET status = 'in_doubt' WHERE key = ?", (PEOPLE[3],))
    mailhost.answers = {}
    mailhost.receivers.clear()
    return shutil.copytree(desk.record("spring"), desk.folder / "kept")


def put(desk: Desk, recorded: Path, table: str, column: str, value: object) -> bool:
    """The record as it was kept, with this value everywhere in a column; whether it can hold it."""
    shutil.rmtree(desk.record("spring"))
    shutil.copytree(recorded, desk.record("spring"))
    with closing(sqlite3.connect(desk.record("spring") / "ledger.sqlite")) as db, db:
        db.execute("PRAGMA writable_schema=ON")
        # as if a table had been made without a word about NULL
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'"
        )
        db.execute("PRAGMA writable_schema=RESET")
        try:
            db.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ?', (value,))
        except (sqlite3.IntegrityError, OverflowError):
            return False
    return True


def told_well(ended: Ended) -> None:
    """In words, for a terminal, and no more than a person can read."""
    assert ended.code in range(6)
    assert len(ended.err) < 20_000
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", ended.err)
    if ended.code == 2 and "the record" in ended.err:
        assert "ledger.sqlite: the record cannot be read" in ended.err


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: " ".join(verb[:1] + verb[2:]))
def test_no_verb_stumbles_over_garbage_and_nobody_else_is_mailed(
    desk: Desk, mailhost: MailHost, recorded: Path, verb: tuple[str, ...]
) -> None:
    """Each verb sees another kind in each third column: `tests.ledger.test_soundness` puts all into all."""
    kinds = itertools.cycle(GARBAGE)
    for _ in range(VERBS.index(verb) * 2):
        next(kinds)
    cells = CELLS[VERBS.index(verb) % 3 :: 3]
    for (table, column), garbage in zip(cells, kinds, strict=False):
        if not put(desk, recorded, table, column, GARBAGE[garbage]):
            continue
        ended = desk.run(*verb)
        try:
            told_well(ended)
            assert set(mailhost.receivers) <= set(PEOPLE)
            assert len(mailhost.receivers) == len(set(mailhost.receivers))
        except AssertionError as error:
            raise AssertionError(f"{garbage} in {table}.{column}: {error}") from None
        mailhost.receivers.clear()


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE plan_row SET email = 'eve@example.com' WHERE status = 'pending'",
        "UPDATE delivery SET email = 'eve@example.com' WHERE status = 'deferred'",
        "UPDATE plan_row SET status = 'filtered'",
        "UPDATE delivery SET gone = 2, status = 'pending', attempts = 0",
        "INSERT INTO plan_row (plan, row, key, email, vars, status) SELECT plan + 1, 99, 'eve', "
        "'eve@example.com', vars, 'pending' FROM plan_row LIMIT 1",
        "INSERT INTO delivery (key, email, status, attempts) VALUES ('eve', 'eve@example.com', 'pending', 0)",
        "INSERT INTO plan SELECT id + 1, inputs, started_at, NULL, columns, recipients_digest, "
        "content_digest, counts FROM plan",
    ],
)
def test_whoever_no_plan_has_approved_is_not_mailed(
    desk: Desk, mailhost: MailHost, recorded: Path, forged: str
) -> None:
    with closing(sqlite3.connect(desk.record("spring") / "ledger.sqlite")) as db, db:
        db.execute(forged)

    ended = desk.run("run", "spring.yaml", "--yes", "--no-wait")

    assert ended.code in (1, 2, 3)
    assert set(mailhost.receivers) <= {PEOPLE[1], PEOPLE[5]}, ended.said
    if "eve" in forged and "UPDATE" in forged:
        assert "not the one of its key" in ended.err
