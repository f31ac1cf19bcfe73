"""Pictures that Markdown shows are sent with the mail, and what is no picture of it is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.errors import CampaignError
from sendbatch.message.checks.pictures import broken_pictures
from sendbatch.message.content import Content
from sendbatch.message.markdown.addresses import shown
from sendbatch.message.reading import read_content
from tests.kit.pictures import png

from .conftest import COLUMNS, body_of, built, parsed

PNG = png()
Make = Callable[..., Campaign]


def read(make: Make, folder: Path, source: str, **files: bytes) -> Content:
    there = {name.replace("__", "/").replace("_png", ".png"): data for name, data in files.items()}
    templates = Templates(markdown=folder / "templates/letter.md")
    return read_content(make({"templates/letter.md": source, **there}, templates=templates))


def test_every_spelling_of_a_picture_is_found_where_it_stands() -> None:
    source = (
        "Ü ![a *b*](logo.png 'a ](title.png)') ![c][L] ![d](my\\_logo.png) ![e](<a b.png>)\n"
        "![f](https://a.b/x.png) [no](link.png) `![g](code.png)` <img alt='h' src=\"raw.png\">\n\n"
        "    ![i](block.png) <img src='block.png'>\n\n[l]: maps/c.png 'T'\n"
    )
    found = [*shown(source)]
    assert [one.url for one in found] == [
        *("logo.png", "my\\_logo.png", "a b.png", "raw.png", "maps/c.png")
    ]
    for one in found:
        assert source[one.start : one.end] == one.url


def test_the_same_picture_in_markdown_in_html_and_by_a_label_is_one_part(
    campaign: Make, tmp_path: Path
) -> None:
    source = (
        "![One](logo.png) ![two][l] <img src='logo.png' alt='three'>\n\nHi {{ first_name }}\n\n"
        "[l]: logo.png\n"
    )
    made = read(campaign, tmp_path, source, templates__logo_png=PNG)
    [picture] = made.pictures
    assert broken_pictures(made, COLUMNS) == []
    message = built(made)
    assert body_of(message, "html").count(f"cid:{picture.cid}") == 3
    [part] = [part for part in parsed(message).walk() if part["Content-ID"]]
    assert part["Content-ID"] == f"<{picture.cid}>"
    assert part.get_payload(decode=True) == PNG
    assert "One" in body_of(message, "plain")
    assert "cid:" not in body_of(message, "plain")


def test_a_picture_that_is_not_there_is_told_at_its_line(campaign: Make, tmp_path: Path) -> None:
    with pytest.raises(CampaignError) as refused:
        read(campaign, tmp_path, "# Hi\n\nSee ![it](lgo.png).\n", templates__logo_png=PNG)
    [finding] = refused.value.findings
    assert finding.rule == "broken-picture"
    assert finding.hint == "did you mean logo.png?"
    assert finding.place is not None
    assert (finding.place.line, finding.place.column) == (3, 11)


def test_a_picture_of_one_recipient_is_looked_for_below_its_folder(
    campaign: Make, tmp_path: Path
) -> None:
    made = read(
        campaign, tmp_path, "# Hi\n\n![map](maps/{{ customer_id }}.png)\n", templates__maps__12_png=PNG
    )
    parts = [part for part in parsed(built(made)).walk() if part["Content-ID"]]
    assert [part.get_payload(decode=True) for part in parts] == [PNG]
    assert f"cid:{parts[0]['Content-ID'].strip('<>')}" in body_of(built(made), "html")


def test_a_picture_changes_what_is_sent(campaign: Make, tmp_path: Path) -> None:
    one = read(campaign, tmp_path, "# Hi\n\n![a](logo.png)\n", templates__logo_png=PNG)
    other = read(campaign, tmp_path, "# Hi\n\n![a](logo.png)\n", templates__logo_png=PNG + b"x")
    assert one.digest != other.digest
    assert replace(one).digest == one.digest


def test_a_value_with_an_ending_and_no_folder_is_an_error_where_it_stands(
    campaign: Make, tmp_path: Path
) -> None:
    made = read(campaign, tmp_path, "# Hi\n\nmap: ![map]({{ customer_id }}.png)\n")
    [fault] = broken_pictures(made, COLUMNS)
    assert fault.place is not None
    assert (fault.severity, fault.place.line, fault.place.column) == ("error", 3, 13)
    assert "./{{ … }}" in (fault.hint or "")


def test_a_letter_that_is_only_a_picture_is_refused_when_it_is_read(
    campaign: Make, tmp_path: Path
) -> None:
    with pytest.raises(CampaignError) as refused:
        read(campaign, tmp_path, "![](logo.png)\n", templates__logo_png=PNG)
    assert [finding.rule for finding in refused.value.findings] == ["no-text-part"]
    assert read(campaign, tmp_path, "![Shop](logo.png)\n", templates__logo_png=PNG).pictures
