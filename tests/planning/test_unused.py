"""Names that were given and that nothing uses are told before anything is planned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.errors import CampaignError
from sendbatch.ledger.store import Record
from sendbatch.message.reading import read_content
from sendbatch.planning.plan import Planned
from sendbatch.planning.unused import misspelt_names, used_by
from tests.kit.campaigns import YAML, campaign, write

Make = Callable[..., Planned]


def with_recipients(more: str) -> str:
    return YAML.replace("file: people.csv", f"file: people.csv\n  {more}")


@pytest.mark.parametrize(
    ("default", "hint"),
    [
        ("nmae", "did you mean name?"),
        ("Nname", "did you mean name?"),
        ("shoe_size", "take it out, or name a column"),
    ],
)
def test_a_default_of_what_nothing_uses_is_an_error_with_its_place(
    tmp_path: Path, ledger: Record, make: Make, default: str, hint: str
) -> None:
    with pytest.raises(CampaignError) as refused:
        make(campaign(tmp_path, yaml=with_recipients(f"defaults: {{{default}: friend}}")))
    (fault,) = refused.value.findings
    assert "the CSV has no such column, and nothing uses it" in fault.message
    assert fault.hint == hint
    assert (fault.place.line, fault.place.column) == (6, 14) if fault.place else False
    assert ledger.reading.plan() is None


@pytest.mark.parametrize(
    ("recipients", "more"),
    [
        ("defaults: {name: friend}", ""),
        ("defaults: {plan: free}", 'headers: {X-Plan: "{{ plan }}"}'),
        ("defaults: {plan: free}", "headers: {X-Plan: \"{{ plan|default('x') }}\"}"),
        ("defaults: {plan: free}\n  where: plan == 'free'", ""),
        ('defaults: {plan: free}\n  key: "{{ email }}{{ plan }}"', ""),
        ("defaults: {plan: free}\n  required: [plan]", ""),
    ],
)
def test_a_default_of_a_column_or_of_a_name_in_use_is_right(
    tmp_path: Path, make: Make, recipients: str, more: str
) -> None:
    make(campaign(tmp_path, yaml=with_recipients(recipients), more=more))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prodcut", "did you mean product?"),
        ("zzz", "the variables in use are product"),
        ("nmae", "the variables in use are product"),
    ],
)
def test_a_setting_that_nothing_uses_is_an_error(
    tmp_path: Path, make: Make, name: str, hint: str
) -> None:
    file = write(tmp_path, more='headers: {X-P: "{{ product }}"}\nvariables: {product: tea}\n')
    with pytest.raises(CampaignError) as refused:
        make(load_campaign(file, settings={name: "x"}))
    (fault,) = refused.value.findings
    assert fault.message == f"--set {name}: nothing uses a name like that"
    assert fault.hint == hint
    assert fault.place is not None
    assert fault.place.file.endswith(file.name)


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ('headers: {X-P: "{{ product }}"}', {}),
        ("headers: {X-P: \"{{ product|default('tea') }}\"}", {}),
        ("variables: {product: tea}", {}),
        ('run: "{{ product }}"', {}),
        ('run: "{{ product }}"', {"run": "2026"}),
    ],
)
def test_a_setting_that_something_uses_or_the_file_declares_is_right(
    tmp_path: Path, make: Make, more: str, asked: dict[str, str]
) -> None:
    make(load_campaign(write(tmp_path, more=more), settings={"product": "x"}, **asked))


def test_a_setting_is_held_to_the_names_in_use_by_a_later_run_too(
    tmp_path: Path, make: Make
) -> None:
    used = 'headers: {X-P: "{{ product }}"}'
    one = load_campaign(write(tmp_path, more=used), settings={"product": "x"})
    assert "product" in used_by(read_content(one), one)
    assert "product" not in used_by(read_content(campaign(tmp_path)), one)


def test_a_default_in_a_template_that_hides_a_misspelt_column_is_a_warning(tmp_path: Path) -> None:
    one = campaign(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear\n{{ nmae|default('friend') }} {{ zip|default }}\n")
    content = read_content(one)
    (fault,) = misspelt_names(content, one, ("email", "name"))
    assert fault.severity == "warning"
    assert fault.message.startswith("nmae is no column and no variable")
    assert fault.hint == "did you mean name?"
    assert (fault.place.line, fault.place.column) == (2, 4) if fault.place else False


def test_a_name_that_a_template_sets_hides_nothing(tmp_path: Path) -> None:
    one = campaign(tmp_path)
    (tmp_path / "letter.txt").write_text("{% set names = 'x' %}{% include 'part.txt' %}")
    (tmp_path / "part.txt").write_text("{{ names|default('friend') }}")
    content = read_content(one)
    assert list(misspelt_names(content, one, ("email", "name"))) == []


@pytest.mark.parametrize(
    ("variable", "slips"),
    [("footer_reasn", ["footer_reason"]), ("footer_reason", []), ("plan", []), ("languages", [])],
)
def test_what_the_default_layout_asks_for_is_held_against_variables_alone(
    tmp_path: Path, variable: str, slips: list[str]
) -> None:
    yaml = YAML.replace("{text: letter.txt}", "{markdown: letter.md}")
    assert yaml != YAML
    (tmp_path / "letter.md").write_text("# Dear {{ name }}\n")
    one = campaign(tmp_path, yaml=yaml, more=f"variables: {{{variable}: x}}")
    found = [*misspelt_names(read_content(one), one, ("email", "name", "plan"))]
    assert [fault.hint for fault in found] == [f"did you mean {name}?" for name in slips]
    assert all(fault.message.startswith(f"variables.{variable}: ") for fault in found)
    assert all(fault.place.file.endswith(".yaml") for fault in found if fault.place)
