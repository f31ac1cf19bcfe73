"""docs/reference.md has every key, option, status and column, and none that does not exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.keys import campaign, profiles, sections
from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.profiles import DkimKeys, ProfileKeys, ProfilesKeys, TimeoutsKeys
from sendbatch.campaign.keys.sections import (
    AttachmentKeys,
    RecipientsKeys,
    RetryKeys,
    SuppressionKeys,
    TemplatesKeys,
    UnsubscribeKeys,
)
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.providers import presets
from sendbatch.campaign.table import Keys, required_in, table_of
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


def test_the_tables_of_keys_are_those_that_the_keys_make() -> None:
    page = runpy.run_path(str(DOCS / "keys.py"))["page"]
    assert page(REFERENCE) == REFERENCE, "write them anew: make docs"


def test_every_table_of_keys_has_its_place() -> None:
    there = {
        name
        for tables in (campaign, sections, profiles)
        for name, made in vars(tables).items()
        if isinstance(made, type) and issubclass(made, Keys) and made is not Keys
    }
    assert sorted(re.findall(r"^<!-- (\w+Keys) -->$", REFERENCE, re.M)) == sorted(there)


@pytest.mark.parametrize(
    ("title", "sections"),
    [
        ("The campaign file", [CampaignKeys]),
        ("recipients", [RecipientsKeys]),
        ("templates", [TemplatesKeys]),
        ("unsubscribe", [UnsubscribeKeys]),
        ("retry", [RetryKeys]),
        ("Suppression lists", [SuppressionKeys]),
        ("attachments", [AttachmentKeys]),
        ("timeouts", [TimeoutsKeys]),
        ("dkim", [DkimKeys]),
        ("profiles.yaml", [ProfilesKeys, ProfileKeys]),
    ],
)
def test_every_key_is_in_the_reference_once(title: str, sections: list[type[Keys[Any]]]) -> None:
    assert sorted(keys(title)) == sorted(key for section in sections for key in table_of(section))


@pytest.mark.parametrize(
    ("title", "there"),
    [("The campaign file", CampaignKeys), ("recipients", RecipientsKeys)],
)
def test_what_is_required_is_said_to_be(title: str, there: type[Keys[Any]]) -> None:
    required = {row[0].strip("`") for row in rows(section(title)) if "**Required**" in row[1]}
    assert required == set(required_in(there))


COMMANDS = app.commands


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
        for one in getattr(command, "commands", {verb: command}).values()
        for option in one.params
        if option.param_type_name == "option"
        for spelling in option.opts
    }
    assert said == there


def test_the_reference_gives_the_statuses_the_codes_and_the_columns() -> None:
    assert set(keys("Statuses")) == set(Status)
    assert [row[0] for row in rows(section("Exit codes"))] == list("012345")
    assert tuple(keys("report.csv")) == COLUMNS


def test_every_preset_is_on_the_page_of_providers() -> None:
    page = (DOCS / "providers.md").read_text("utf-8")
    assert {words(row[0])[0] for row in rows(page)} == set(presets())


def test_what_the_table_of_filters_writes_gives_what_it_says() -> None:
    rows = re.findall(r"^\| `(\{\{.+\}\})` \| (.+) \|$", REFERENCE, re.MULTILINE)
    assert len(rows) >= 9
    for written, gives in rows:
        env = environment(autoescape="`" in gives)
        made = env.from_string(written.replace("\\|", "|")).render().strip()
        assert made.replace("\u00a0", " ") == gives.strip("`"), written
