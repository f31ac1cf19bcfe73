"""Whatever the width of the terminal, no word is broken, and what is to be copied stays whole."""

from __future__ import annotations

import re

import pytest

from sendbatch.words import width
from tests.kit.command import PEOPLE, Desk
from tests.kit.mailhost import MailHost
from tests.kit.terminal import Person

COLUMNS = [40, 80, 200]
COLOUR = re.compile(r"\x1b\[[\d;]*m")
WIDE = "例えば長い名前"


@pytest.fixture
def hard(desk: Desk, mailhost: MailHost) -> Desk:
    """A campaign of which there is much to be said, after a first run."""
    mailhost.take_over(
        desk,
        more="retry: {attempts: 1}\nreply_to: help@example.com\n"
        'unsubscribe: {url: "https://example.com/u?k={{ email|urlencode }}", one_click: true}\n',
    )
    desk.write("people.csv", f"{PEOPLE}nobody,N,free\nx@example.com,{WIDE},free\n")
    mailhost.answers["bjork@example.org"] = "550 5.1.1 the mailbox is not there, ask somebody else"
    mailhost.answers["carl@example.net"] = "451 4.7.1 come back later, please, or tomorrow"
    return desk


def shown(desk: Desk, *arguments: object, columns: int) -> str:
    with Person(desk, *arguments, columns=columns, results=True) as person:
        person.leaves()
        return COLOUR.sub("", person.seen).replace("\r\n", "\n")


def fits(text: str, columns: int) -> None:
    """Lines are no longer than the terminal is wide, but for one word, command, path or option."""
    for line in text.split("\n"):
        is_whole = len(line.split()) == 1 or line.strip().startswith(("sendbatch ", "--"))
        assert width(line) <= columns or is_whole, line


@pytest.mark.parametrize("columns", COLUMNS)
def test_what_is_shown_has_the_words_of_what_is_written_to_a_file(
    hard: Desk, columns: int
) -> None:
    hard.run("run", "spring.yaml", "--yes")
    for verb in (
        ("plan", "spring.yaml"),
        ("check", "spring.yaml"),
        ("status", "spring.yaml"),
        ("report", "spring.yaml"),
        ("plan", "nowhere.yaml"),
        ("plan", "spring.yaml", "--smtp", "nowhere"),
        ("run", "spring.yaml", "--expect", "77", "--yes"),
        ("nonsense",),
    ):
        seen, told = shown(hard, *verb, columns=columns), hard.run(*verb)
        seen = re.sub(r"\r\x1b\[J[^\n]*?(?=\r|$)|\r\x1b\[J", "", seen)  # the line that changes
        fits(seen, columns)
        assert sorted(seen.split()) == sorted((told.out + told.err).split()), verb


@pytest.mark.parametrize("columns", COLUMNS)
def test_the_editions_side_by_side_fit_too(hard: Desk, columns: int) -> None:
    hard.run("run", "spring.yaml", "--yes", "--run", "2026-05")
    verb = "report", "spring.yaml", "--history"
    seen, told = shown(hard, *verb, columns=columns), hard.run(*verb)
    fits(seen, columns)
    assert sorted(seen.split()) == sorted(told.out.split())


@pytest.mark.parametrize("columns", COLUMNS)
def test_the_last_words_fit_and_their_command_can_be_copied(hard: Desk, columns: int) -> None:
    seen = shown(hard, "run", "spring.yaml", "--yes", "--no-progress", columns=columns)
    fits(seen, columns)
    assert "\n  sendbatch run spring.yaml\n" in seen
    assert "rejected" in seen
    assert WIDE not in seen or columns > 40 or width(WIDE) < columns


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("verb", [(), ("run",), ("resolve",), ("report",), ("check",), ("record",)])
def test_help_fits_and_breaks_no_word(desk: Desk, verb: tuple[str, ...], columns: int) -> None:
    seen = shown(desk, *verb, "--help", columns=columns)
    fits(seen, columns)
    assert sorted(seen.split()) == sorted(desk.run(*verb, "--help").out.split())


@pytest.mark.parametrize("columns", [20, 40])
def test_the_bar_of_a_narrow_terminal_takes_one_line(hard: Desk, columns: int) -> None:
    seen = shown(hard, "run", "spring.yaml", "--yes", columns=columns)
    bars = re.findall(r"\r\x1b\[J([^\r\n]*)", seen)
    assert any("/4" in bar or "4" in bar for bar in bars)
    assert all(width(bar) < columns for bar in bars if "%" in bar)


def test_no_color_gives_none_and_the_same_words(hard: Desk) -> None:
    hard.environ["NO_COLOR"] = "1"
    with Person(hard, "check", "spring.yaml", columns=80, results=True) as person:
        person.leaves()
    assert "\x1b" not in person.seen
    del hard.environ["NO_COLOR"]
    with Person(hard, "check", "spring.yaml", columns=80, results=True) as person:
        person.leaves()
    assert "\x1b[1mspring\x1b[0m: " in person.seen


def test_signs_that_a_terminal_lacks_are_said_in_ascii(hard: Desk) -> None:
    hard.environ["PYTHONIOENCODING"] = "ascii"
    with Person(hard, "run", "spring.yaml", "--yes", columns=80) as person:
        person.leaves()
    assert person.seen.isascii()
    assert "\\u2026" not in person.seen
    assert "\\xb7" not in person.seen
