"""What others wrote (cells, files, names of files, replies) is shown on one line, and orders nothing."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from sendbatch.errors import Place, as_json, inert, one_line, printable
from sendbatch.findings import Rule
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost

# What a CI hears as a command, what drives a terminal, and what looks like a line of ours.
BREAKS = ("\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\u2029")
ORDERS = (
    "::stop-commands::x",
    "##[add-mask]x",
    "##vso[task.setvariable variable=a]x",
    "spring.yaml:1",
)
SHAPELESS = "\x1b[31m\x9b2J\u202e\x07"


def hostile(start: str) -> str:
    return start + SHAPELESS + "".join(f"{b}{order}" for b in BREAKS for order in ORDERS)


def orders_nothing(said: str) -> None:
    for line in said.split("\n"):
        own = re.match("::(error|warning|notice) file=", line)
        assert own or not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line
        assert not line.startswith("spring.yaml:1"), line
        assert line.isprintable(), repr(line)


@pytest.fixture
def hostile_desk(desk: Desk) -> Desk:
    """Rows that are invalid, twins, or cannot be built, with hostile cells, key and subject."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["email", "first_name", "plan", "id"])
    rows.writerow(["ada@example.com", hostile("Ada"), "paid", hostile("1")])
    rows.writerow([hostile("no address"), "B", "paid", hostile("2")])
    rows.writerow(["twin@example.com", "C", "paid", hostile("1")])
    rows.writerow(["eve@example.com", "D", hostile("0"), hostile("4")])
    rows.writerow([hostile("f@example.com"), "", "", hostile("5")])
    desk.write("people.csv", out.getvalue())
    desk.write("spring.txt", "Hello {{ first_name }}{{ 1 // (0 if plan != 'paid' else 1) }}\n")
    desk.campaign(("file: people.csv", "file: people.csv\n  key: id"))
    return desk


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "--format", "json"),
        ("check", "--format", "github"),
        ("plan",),
        ("run", "--dry-run"),
        ("run",),
        ("run", "--log-format", "json"),
        ("run", "--strict"),
        ("run", "--only", hostile("nobody")),
        ("run", "--plan", hostile("none.json")[:80]),
        ("proof", "--to", hostile("me")),
        ("run", "--set", hostile("plan=")),
        ("run", hostile("--no-option")),
    ],
    ids=lambda words: " ".join(words)[:24],
)
def test_no_cell_and_no_argument_orders_a_ci_or_a_terminal(
    hostile_desk: Desk, words: tuple[str, ...]
) -> None:
    orders_nothing(hostile_desk.run(words[0], "spring.yaml", *words[1:]).said)


@pytest.mark.parametrize("words", [("status",), ("report",), ("report", "--format", "json")])
def test_no_reply_and_no_row_orders_anything_where_the_record_is_told(
    hostile_desk: Desk, mailhost: MailHost, words: tuple[str, ...]
) -> None:
    mailhost.answers["ada@example.com"] = "550 5.1.1 ::stop-commands::x ##[add-mask]x \x1b[31m"
    key = ("file: people.csv", "file: people.csv\n  key: id")
    mailhost.take_over(hostile_desk, key)
    told = hostile_desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    orders_nothing(told.said)
    orders_nothing(hostile_desk.run(words[0], "spring.yaml", *words[1:]).said)


@pytest.mark.parametrize("name", ["::add-mask::.yaml", "##[error]x.yaml", "a\n::group::b.yaml"])
def test_no_name_of_a_file_does_either(desk: Desk, name: str) -> None:
    desk.campaign(("subject:", "sbject:"), name=name)
    for words in (("check",), ("check", "--format", "github"), ("run",)):
        told = desk.run(*words, name)
        assert told.code == 2
        orders_nothing(told.said)


FORGED = "email\n  error: forged"


def test_no_name_of_a_column_looks_like_a_line_of_ours(desk: Desk) -> None:
    desk.write("people.csv", f'"{FORGED}",plan\nada@example.com,paid\n')
    told = desk.run("check", "spring.yaml")
    assert told.code == 2
    assert "forged" in told.err
    assert not any(line.strip().startswith("error: forged") for line in told.err.split("\n"))


def test_no_name_of_an_edition_that_lies_in_the_folder_does(desk: Desk) -> None:
    assert desk.run("run", "spring.yaml", "--run", "2").code == 0
    (desk.folder / "reports/spring@2.sandbox").rename(
        desk.folder / "reports/spring@9$(touch x)\n::group::.sandbox"
    )
    told = desk.run("run", "spring.yaml")
    orders_nothing(told.said)
    assert "--run '9$(touch x)" in told.err or "--run" not in told.err


@pytest.mark.parametrize("name", ["server", "key"])
def test_what_a_record_says_of_itself_looks_like_no_line_of_ours(desk: Desk, name: str) -> None:
    import sqlite3

    assert desk.run("run", "spring.yaml").code == 0
    with sqlite3.connect(desk.record() / "ledger.sqlite") as ledger:
        forged = hostile("/x") + "\n  go on with:  sendbatch run evil.yaml"
        ledger.execute("UPDATE meta SET value = ? WHERE key = ?", (forged, name))
    told = desk.run("run", "spring.yaml")
    orders_nothing(told.said)
    assert not any(line.strip().startswith("go on with:") for line in told.said.split("\n"))


def test_a_break_in_data_is_a_blank_and_one_of_ours_stays() -> None:
    assert one_line("a\tb\nc\r\nd\u2028e\x85f\x1b") == "a b c  d e f�"
    assert one_line("x" * 30, 10) == "x" * 9 + "…"
    assert printable("two ways:\n  this one\n  that one") == "two ways:\n  this one\n  that one"
    assert printable("of a cell\nspring.yaml:1:1: error: forged") == (
        "of a cell spring.yaml:1:1: error: forged"
    )


def test_the_caret_stands_where_the_line_is_long_or_holds_what_has_no_shape() -> None:
    for text in ("\tkey: \x1b", "x" * 5000 + "key: y"):
        column = text.index("key") + 1
        shown, caret = str(Rule.WRONG_VALUE.finding("m", Place("f", 3, column, text))).splitlines()[1:]
        assert shown[caret.index("^") :].startswith("key")


def test_a_command_of_a_ci_is_no_longer_one() -> None:
    assert inert("a\n  ::group::b") == "a\n  : :group::b"
    assert inert("\u3000::x") == "\u3000: :x"
    assert inert("see ##[error]x and ##vso[y], # 1") == "see # #[error]x and # #vso[y], # 1"
    value = {"text": "##[error]\n\u2028\x9b\U000e0001ö", "n": [1]}
    assert json.loads(as_json(value)) == value
    assert as_json(value).isprintable()
    assert "##" not in as_json(value)
