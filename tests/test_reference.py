"""docs/reference.md has every key, option, status and column, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from sendbatch.campaign.declared import (
    Declared,
    DeclaredAttachment,
    DeclaredCampaign,
    DeclaredProfile,
    DeclaredProfiles,
    DeclaredRecipients,
    DeclaredRetry,
    DeclaredSuppression,
    DeclaredTemplates,
    DeclaredTimeouts,
    DeclaredUnsubscribe,
)
from sendbatch.campaign.providers import presets
from sendbatch.cli.main import app
from sendbatch.reports.rows import COLUMNS
from sendbatch.values import Status

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "reference.md").read_text("utf-8")


def section(title: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", REFERENCE, re.M | re.S)
    assert found is not None, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of each table, without the headers."""
    lines = re.findall(r"^\|(?!---)(.*)\|$(?!\n\|---)", text, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def keys(title: str) -> list[str]:
    return [word for row in rows(section(title)) for word in words(row[0])]


def declared(model: type[Declared]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("title", "models"),
    [
        ("The campaign file", [DeclaredCampaign]),
        ("recipients", [DeclaredRecipients]),
        ("templates", [DeclaredTemplates]),
        ("unsubscribe", [DeclaredUnsubscribe]),
        ("retry", [DeclaredRetry]),
        ("Suppression lists", [DeclaredSuppression]),
        ("attachments", [DeclaredAttachment]),
        ("profiles.yaml", [DeclaredProfiles, DeclaredProfile]),
    ],
)
def test_every_key_is_in_the_reference_once(title: str, models: list[type[Declared]]) -> None:
    assert sorted(keys(title)) == sorted(key for model in models for key in declared(model))


@pytest.mark.parametrize(
    ("title", "model"),
    [("The campaign file", DeclaredCampaign), ("recipients", DeclaredRecipients)],
)
def test_what_is_required_is_said_to_be(title: str, model: type[Declared]) -> None:
    required = {row[0].strip("`") for row in rows(section(title)) if "**Required**" in row[1]}
    assert required == set(model.REQUIRED)


def test_every_time_limit_is_named() -> None:
    (row,) = [row for row in rows(section("profiles.yaml")) if row[0] == "`timeouts`"]
    assert set(words(row[1])) == declared(DeclaredTimeouts)


COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_command_is_in_the_reference() -> None:
    named = [words(row[0])[0].split()[1] for row in rows(section("Commands"))]
    assert sorted(named) == sorted(COMMANDS)


def test_every_option_is_in_the_reference_with_its_commands() -> None:
    said = {
        (verb, spelling.split()[0])
        for option, verbs, _ in rows(section("Options"))
        for verb in words(verbs)
        for spelling in words(option)
    }
    there = {
        (verb, spelling)
        for verb, command in COMMANDS.items()
        for option in command.params
        if option.param_type_name == "option"
        for spelling in option.opts
    }
    assert said == there


def test_the_reference_gives_the_statuses_the_codes_and_the_columns() -> None:
    assert set(keys("Statuses")) == set(Status) - {Status.SENDING}
    assert [row[0] for row in rows(section("Exit codes"))] == list("012345")
    assert tuple(keys("report.csv")) == COLUMNS


def test_every_preset_is_on_the_page_of_providers() -> None:
    page = (DOCS / "providers.md").read_text("utf-8")
    assert {words(row[0])[0] for row in rows(page)} == set(presets())
