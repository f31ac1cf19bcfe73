"""Expressions that ask for too much time or memory, in each place where one may stand."""

from __future__ import annotations

import pytest

from tests.kit.command import Desk

pytestmark = pytest.mark.thorough

POWER = "9 ** (9 ** 9)"
REPEATED = "'x' * 4000000000"
GROWN = (
    "{% set ns = namespace(x='x' * 9999999) %}"
    "{% for _ in range(9 if first_name == 'Ada' else 0) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
)
TOO_MUCH = [(POWER, "too large a number"), (REPEATED, "is longer than 10,000,000")]


def only_for_ada(expression: str) -> str:
    return "{{ (" + expression + ") if first_name == 'Ada' else 'x' }}"


@pytest.mark.parametrize(("expression", "reason"), TOO_MUCH)
@pytest.mark.parametrize("place", ["template", "subject", "headers", "attachments", "name"])
def test_a_row_that_asks_for_too_much_fails_with_its_reason_and_the_others_get_theirs(
    desk: Desk, place: str, expression: str, reason: str
) -> None:
    asked = only_for_ada(expression)
    if place == "template":
        desk.write("spring.txt", f"Hello {asked}\n")
    elif place == "subject":
        desk.campaign(("{{ first_name }}, spring is here", asked))
    elif place == "name":
        desk.campaign(("file: people.csv", f'file: people.csv\n  name: "{asked}"'))
    elif place == "headers":
        desk.campaign(("smtp: sandbox", f'smtp: sandbox\nheaders: {{X-Size: "{asked}"}}'))
    else:
        desk.write("files/x", "a file")
        desk.campaign(("smtp: sandbox", f'smtp: sandbox\nattachments: ["files/{asked}"]'))
    told = desk.run("run", "spring.yaml", "--yes")
    if place == "attachments":  # of which planning says first that they are missing
        assert told.code == 2
        assert "people.csv:2: error: " in told.err
        assert reason in told.err
    else:
        assert told.code == 1
        assert list(desk.statuses().values()) == ["failed", "accepted", "accepted"]
        assert reason in desk.rows()["ada@example.com"]["reason"]
        assert place in desk.rows()["ada@example.com"]["reason"] or place == "template"


@pytest.mark.parametrize(("expression", "reason"), TOO_MUCH)
def test_a_where_that_asks_for_too_much_refuses_the_run_with_its_row(
    desk: Desk, expression: str, reason: str
) -> None:
    desk.campaign(
        ("file: people.csv", f"file: people.csv\n  where: \"email[:1] != 'b' or {expression}\"")
    )
    for verb in (
        ("run", "spring.yaml", "--yes"),
        ("check", "spring.yaml"),
        ("plan", "spring.yaml"),
    ):
        told = desk.run(*verb)
        assert told.code == 2
        assert "people.csv:3" in told.err
        assert reason in told.err


def test_more_memory_than_a_row_may_have_is_that_rows_failure(desk: Desk) -> None:
    desk.write("spring.txt", GROWN + "Hello\n")
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert list(desk.statuses().values()) == ["failed", "accepted", "accepted"]
    assert (
        "spring.txt:1: takes more memory than there is" in desk.rows()["ada@example.com"]["reason"]
    )
    told = desk.run("check", "spring.yaml", "--record", "elsewhere")
    assert told.code == 1
    assert "takes more memory than there is" in told.err


def test_an_edition_that_asks_for_too_much_is_a_fault_of_the_file(desk: Desk) -> None:
    desk.campaign(("name: spring", 'name: spring\nrun: "{{ ' + POWER + ' }}"'))
    told = desk.run("plan", "spring.yaml")
    assert told.code == 2
    assert (
        "spring.yaml:2:6: error: run: cannot be rendered: 9 ** 387420489 is too large" in told.err
    )


def test_a_header_longer_than_servers_keep_whole_fails_its_row(desk: Desk) -> None:
    desk.campaign(("{{ first_name }}, spring is here", only_for_ada("'x ' * 50000")))
    assert desk.run("run", "spring.yaml", "--yes").code == 1
    assert (
        desk.rows()["ada@example.com"]["reason"]
        == "the header Subject has more than 65,536 bytes (row 2)"
    )


def test_a_long_header_is_shown_by_its_beginning(desk: Desk) -> None:
    desk.campaign(("{{ first_name }}, spring is here", "{{ 'é ä ' * 2000 }}"))
    told = desk.run("run", "spring.yaml", "--dry-run")
    assert told.code == 0
    assert "  subject: é ä é ä" in told.said
