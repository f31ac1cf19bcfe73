"""The tables of keys: what is declared once is so everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

import pytest

from sendbatch import api
from sendbatch.campaign.document.nodes import Document
from sendbatch.campaign.keys import campaign, profiles, sections
from sendbatch.campaign.keys.campaign import CampaignKeys
from sendbatch.campaign.keys.sections import RecipientsKeys
from sendbatch.campaign.kinds import (
    Built,
    FileOfAll,
    FoundFile,
    Named,
    Several,
    TemplateFile,
    TextOrFile,
)
from sendbatch.campaign.model import PathTemplate
from sendbatch.campaign.schema import written
from sendbatch.campaign.spots import Reading
from sendbatch.campaign.table import Key, Keys, Kind, default_of, table_of
from sendbatch.campaign.vocabulary import LINE, TRUTH

from .conftest import Desk

SECTIONS: list[type[Keys[Any]]] = [
    made
    for tables in (campaign, sections, profiles)
    for made in vars(tables).values()
    if isinstance(made, type) and issubclass(made, Keys) and made.__module__ == tables.__name__
]


DECLARED = [
    pytest.param(section, key, id=f"{section.__name__}.{key.name}")
    for section in SECTIONS
    for key in table_of(section).values()
]


def gives(kind: Kind[Any]) -> Any:
    """The type of what a kind reads, as its functions say it."""
    if isinstance(kind, Built):
        return kind._keys._model
    if isinstance(kind, Several):
        return tuple[gives(kind._of), ...]
    if isinstance(kind, Named):
        return Mapping[str, gives(kind._of)]
    if isinstance(kind, TemplateFile):
        return Path | PathTemplate | None
    if isinstance(kind, FileOfAll):
        return Path | str | None
    if isinstance(kind, TextOrFile):
        return str | None
    return Path if isinstance(kind, FoundFile) else get_type_hints(kind._read)["return"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("section", "key"), DECLARED)
def test_what_is_read_of_a_key_is_what_its_field_holds(
    section: type[Keys[Any]], key: Key[Any]
) -> None:
    if not key.by_hand and section._model is not None:
        holds = get_type_hints(section._model)[key.field]
        assert gives(key.kind) in (holds, *get_args(holds), NoReturn)


@pytest.mark.parametrize(("section", "key"), DECLARED)
def test_a_default_is_written_as_the_file_would_say_it(
    section: type[Keys[Any]], key: Key[Any], tmp_path: Path
) -> None:
    default = default_of(section, key)
    if key.absent is not None or default is MISSING or not isinstance(default, (str, int, float)):
        return
    words = written(default).strip("`")
    data = {"true": True, "false": False}.get(words, int(words) if words.isdecimal() else words)
    reading = Reading(Document("x.yaml", {key.name: data}, {}, {}), section, tmp_path)
    assert (key.kind.read(data, reading.spot.at(key.name)), reading.findings) == (default, [])


@pytest.mark.parametrize(("section", "key"), DECLARED)
def test_what_people_call_a_key_elsewhere_leads_to_it(
    section: type[Keys[Any]], key: Key[Any], desk: Desk
) -> None:
    for other in key.also if section in (CampaignKeys, RecipientsKeys) else ():
        at_top = section is CampaignKeys
        below = f"recipients: {{file: people.csv, {other}: x}}"
        faults = desk.faults(f"{other}: x") if at_top else desk.faults(recipients=below)
        (fault,) = [fault for fault in faults if fault.rule == "unknown-key"]
        assert fault.hint == f"did you mean {key.name}?"


def test_a_key_that_leads_nowhere_is_seen_at_once() -> None:
    @dataclass(frozen=True)
    class Model:
        kept: bool = False

    with pytest.raises(TypeError, match="Model has no field for lost"):

        class _LostKeys(Keys[Model]):
            kept = Key(TRUTH, "has its field")
            lost = Key(LINE, "has none")


def test_every_key_of_the_schema_is_described() -> None:
    for schema in (api.schema(), api.schema(profiles=True)):
        found: Any = schema
        for section in (found, *found["definitions"].values()):
            for name, described in section["properties"].items():
                said = described["description"]
                assert (said[-1], said[:1].strip(), "see " in said.lower()) == (".", said[:1], False), name
                assert not {"`", "]("} & set(described["description"]), name


def test_whatever_a_campaign_is_made_from_is_among_its_sources(desk: Desk) -> None:
    for name in ("never.csv", "ever.csv", "spring.txt"):
        (desk.folder / name).write_text("a@example.com\n")
    desk.profiles("suppress: ever.csv")
    made = desk.load(
        "suppress: never.csv", templates="templates: {html: spring.html, text: spring.txt}"
    )
    names = [path.name for path in made.sources]
    assert names[:2] == ["spring.yaml", "profiles.yaml"]
    assert sorted(names[2:]) == ["ever.csv", "never.csv", "people.csv", "spring.html", "spring.txt"]


def test_what_everybody_gets_is_no_source(desk: Desk) -> None:
    (desk.folder / "terms.pdf").write_bytes(b"%PDF")
    made = desk.load("attachments: terms.pdf")
    assert "terms.pdf" not in [path.name for path in made.sources]


def test_one_bad_entry_of_a_list_hides_no_other(desk: Desk) -> None:
    faults = desk.faults("attachments: [gone.pdf, {file: '{{ x }}', missing: never}, also.pdf]")
    assert [fault.message.partition(":")[0] for fault in faults] == [
        "attachments",
        "attachments.missing",
        "attachments",
    ]
