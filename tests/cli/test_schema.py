"""The schemas that editors complete from: where `init` puts them, and what `schema` prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sendbatch import api
from tests.kit.command import Desk

EDITORS = (Path(__file__).parents[2] / "docs" / "editors.md").read_text("utf-8")
LINE = re.compile(r"# yaml-language-server: \$schema=\./(.+)\n")


@pytest.mark.parametrize("more", [[], ["--markdown"]])
def test_each_file_of_init_names_its_schema_which_lies_beside_it(
    desk: Desk, more: list[str]
) -> None:
    desk.run("init", "new", *more).ended(0)
    for name, words in (("campaign", []), ("profiles", ["--profiles"])):
        named = LINE.match((desk.folder / f"new/{name}.yaml").read_text("utf-8"))
        assert named is not None
        assert named[1] == f"{name}.schema.json"
        there = (desk.folder / "new" / named[1]).read_text("utf-8")
        assert there == desk.run("schema", *words).ended(0).out
        assert json.loads(there) == api.schema(profiles=bool(words))


def test_what_init_wrote_runs_where_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("init", "new").ended(0)
    monkeypatch.chdir(desk.folder / "new")
    desk.run("run").ended(0)


def test_a_schema_that_is_there_is_not_written_over(desk: Desk) -> None:
    desk.write("campaign.schema.json", "mine")
    assert "campaign.schema.json is there already" in desk.run("init", ".").ended(2).err
    assert (desk.folder / "campaign.schema.json").read_text() == "mine"
    assert not (desk.folder / "campaign.yaml").exists()


def test_the_recipe_names_the_files_that_are_written() -> None:
    line = LINE.search(EDITORS)
    assert line is not None
    assert line[1] == "campaign.schema.json"
    (settings,) = re.findall(r"^```json\n(.*?)^```$", EDITORS, re.M | re.S)
    printed = re.findall(r"^\$ sendbatch schema(?: --profiles)? > (.+)$", EDITORS, re.M)
    assert list(json.loads(settings)["yaml.schemas"]) == printed[2:]
