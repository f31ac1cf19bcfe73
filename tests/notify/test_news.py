"""What is told: all that a reader of the chat needs, and nobody's address."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.told import BARE, FULL
from sendbatch.notify.news import News, harmless, names_somebody
from sendbatch.values import Status

STOPPED = News(
    kind="stop",
    campaign="spring-launch",
    run="2026-12",
    profile="production",
    what=" stopped early: 3 of 10 accepted",
    counts={Status.ACCEPTED: 3, Status.PENDING: 7, Status.REJECTED: 0},
    exit_code=3,
    why="the quota of 300 a day is used up",
    until=1_796_112_000.0,
    left=2,
    command="sendbatch run spring.yaml",
    where="on build-7",
)


def test_a_stop_says_why_until_when_and_how_it_goes_on() -> None:
    assert STOPPED.title == "spring-launch (2026-12) stopped early: 3 of 10 accepted"
    why, until, recipients, left, through, on = STOPPED.lines
    assert why == "why: the quota of 300 a day is used up"
    assert until.startswith("until: 2026-12-01 ")
    assert recipients == "recipients: 3 accepted, 7 pending"
    assert left == "left for a later run: 2 recipients"
    assert through == "sent through: production, exit code 3"
    assert on == "to go on, on build-7 where its record is: sendbatch run spring.yaml"


def test_a_job_stands_in_place_of_the_command_which_would_begin_another_record_elsewhere() -> None:
    told = replace(STOPPED, job="https://ci.example.com/1")
    assert not any("sendbatch run" in line for line in told.lines)


def test_what_is_told_as_data_has_the_names_and_kinds_that_templates_were_tried_with() -> None:
    document = STOPPED.document()
    assert list(document) == list(FULL) == list(BARE)
    assert {name: type(value) for name, value in document.items()} == {
        name: type(value) for name, value in FULL.items()
    }
    assert document["until"] == "2026-12-01T08:00:00Z"
    assert document["counts"] == {"accepted": 3, "pending": 7}


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 <jane@example.com>: no such user",
        "jane@example.com",
        "JANE@EXAMPLE.COM, and others",
        '"jane doe"@example.com',
        "mailto:jane@example.com",
        "jane%40example.com is unknown",
        "rejected: bounces+jane=example.com@mail.example.org",
        "jané.doe@exämple.de",
        "jane@[192.0.2.1]",
        "jane＠example.com",
        "<<jane@@example.com>>",
        "see https://x.example/?to=jane@example.com",
        "jane\x00@example.com",
        "o'jane@example.com",
        "jane%2540example.com",
        "jane&#64;example.com",
        "jane(at)example.com",
    ],
)
def test_no_local_part_of_an_address_is_told(said: str) -> None:
    told = replace(STOPPED, why=said, run=said, profile=said, what=said)
    for text in (told.title, *told.lines, *map(str, told.document().values())):
        assert "jan" not in text.lower()
    assert names_somebody(said)


def test_words_without_an_address_are_told_as_they_are() -> None:
    said = "421 4.7.0 Try again later (rate 14/s) [x] 100% at host:587"
    assert harmless(said, 100) == said
    assert not names_somebody(said)


@given(st.text(max_size=300), st.text(alphabet="ab@%40=. <>\"'", max_size=60))
def test_what_is_told_is_one_line_and_bounded(before: str, after: str) -> None:
    said = harmless(before + after, 100)
    assert len(said) <= 100
    assert said.isprintable()


def test_an_address_at_the_place_where_a_text_is_cut_is_not_half_told() -> None:
    said = harmless("x " * 45 + "jane.doe@example.com", 99)
    assert "jane" not in said
