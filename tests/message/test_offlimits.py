"""What no cell may attach: what the campaign reads and writes, and what is hidden."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign, Recipients, SuppressionList
from sendbatch.errors import Place
from sendbatch.message.checks.attachments import open_attachments
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.values import Message

from .conftest import COLUMNS, NOW, SALT, recipient

Make = Callable[..., Campaign]

FILES: dict[str, str | bytes] = {
    "campaigns/letter.html": "<p>{% include 'part.html' %}</p>",
    "campaigns/part.html": "Hello",
    "campaigns/profiles.yaml": "profiles: {}",
    "campaigns/spring.yaml": "name: spring",
    "campaigns/people.csv": "email\n",
    "campaigns/never.txt": "joe@example.org\n",
    "campaigns/usage.sqlite": "",
    "campaigns/.env": "SMTP_PASSWORD=secret",
    "campaigns/.git/config": "",
    "campaigns/bills/.old/1.pdf": "%PDF",
    "campaigns/bills/1.pdf": "%PDF",
    "campaigns/a.pdf": "%PDF",
    "campaigns/reports/spring/ledger.sqlite": "",
    "campaigns/reports/spring/report.csv": "",
    "campaigns/reports/spring/preview/index.html": "",
    "campaigns/reports/july.pdf": "%PDF",
    "campaigns/records/spring/ledger.sqlite": "",
    "campaigns/records/spring/outbox/1.eml": "",
    "campaigns/kept/report.csv": "",
}


@pytest.fixture
def reads(campaign: Make, tmp_path: Path) -> Callable[[str], Content]:
    """reads(pattern): a campaign with that attachment, and with all the files there are to be told."""
    here = tmp_path / "campaigns"

    def make(pattern: str) -> Content:
        made = campaign(FILES, attachments=(pattern,))
        made = replace(
            made,
            templates=replace(made.templates, html=here / "letter.html"),
            recipients=Recipients(here / "people.csv"),
            suppress=(SuppressionList(here / "never.txt"),),
            sources=tuple(
                here / name
                for name in ("spring.yaml", "profiles.yaml", "people.csv", "never.txt", "letter.html")
            ),
            profile=replace(made.profile, usage=here / "usage.sqlite"),
        )
        return read_content(made, (here / "kept",))

    return make


def attached(content: Content, cell: str) -> str | None:
    """Why a row with this cell gets no message, both where it is planned and where it is built."""
    cells = ("jane@example.org", "Jane", cell)
    composer = Composer(content, COLUMNS, SALT)
    surveyed = composer.survey(cells)
    planned = surveyed.unavailable and surveyed.unavailable.reason
    built = composer.compose(recipient(customer_id=cell), NOW)
    if planned is None:
        assert isinstance(built, Message)
        assert surveyed.files
        return None
    assert not isinstance(built, Message)
    assert built.reason.startswith(planned)
    return planned


@pytest.mark.parametrize(
    "cell",
    [
        "spring.yaml", "profiles.yaml", "people.csv", "never.txt", "letter.html", "part.html",
        "usage.sqlite", "./people.csv", "bills//../people.csv",
    ],
)  # fmt: skip
def test_what_the_campaign_itself_reads_is_attached_by_no_cell(
    reads: Callable[[str], Content], cell: str
) -> None:
    why = attached(reads("{{ customer_id }}"), cell)
    assert why is not None
    assert "is what the campaign itself reads" in why or ".." in why


@pytest.mark.parametrize(
    "cell",
    [
        ".env", ".git/config", "bills/.old/1.pdf", "./.env", " .env", "\u200b.env", "．env", "bills/..env",
    ],
)  # fmt: skip
def test_what_a_dot_hides_is_attached_by_no_cell(
    reads: Callable[[str], Content], cell: str
) -> None:
    assert "hidden by a dot" in (attached(reads("{{ customer_id }}"), cell) or "")


@pytest.mark.parametrize(
    "cell",
    [
        "reports/spring/ledger.sqlite", "reports/spring/preview/index.html", "reports/july.pdf",
        "records/spring/outbox/1.eml", "kept/report.csv",
    ],
)  # fmt: skip
def test_nothing_beside_a_record_is_attached_by_a_cell(
    reads: Callable[[str], Content], cell: str
) -> None:
    assert "lies with the record" in (attached(reads("{{ customer_id }}"), cell) or "")


@pytest.mark.parametrize(
    "cell",
    [
        "../campaigns/a.pdf", "/etc/passwd", "~/a.pdf", "~root/a.pdf", "bills\\1.pdf", "a.pdf.",
        "a.pdf\0", "a.pdf/", "bills", "", " ", "pipe", "out.pdf", "csv.pdf", "hard.pdf",
    ],
)  # fmt: skip
def test_no_other_spelling_leads_there(
    reads: Callable[[str], Content], tmp_path: Path, cell: str
) -> None:
    content = reads("{{ customer_id }}")
    here = tmp_path / "campaigns"
    os.mkfifo(here / "pipe")
    (tmp_path / "secret.pdf").write_text("secret")
    (here / "out.pdf").symlink_to(tmp_path / "secret.pdf")
    (here / "csv.pdf").symlink_to(here / "people.csv")
    os.link(here / "people.csv", here / "hard.pdf")
    assert attached(content, cell) is not None


def test_a_file_that_takes_the_place_of_the_csv_is_not_attached_either(
    reads: Callable[[str], Content], tmp_path: Path
) -> None:
    content = reads("{{ customer_id }}")
    people = tmp_path / "campaigns/people.csv"
    people.unlink()
    people.write_text("email,name\n")
    assert attached(content, "people.csv") is not None


@pytest.mark.parametrize(
    ("pattern", "cell"),
    [
        ("{{ customer_id }}", "a.pdf"),
        ("{{ customer_id }}", "bills/1.pdf"),
        ("bills/{{ customer_id }}.pdf", "1"),
        ("bills/.old/{{ customer_id }}.pdf", "1"),
        ("reports/{{ customer_id }}.pdf", "july"),
        ("../campaigns/bills/{{ customer_id }}.pdf", "1"),
    ],
)
def test_what_the_author_wrote_out_stays_allowed(
    reads: Callable[[str], Content], pattern: str, cell: str
) -> None:
    assert attached(reads(pattern), cell) is None


def test_also_in_a_folder_that_the_author_wrote_the_record_is_off_limits(
    reads: Callable[[str], Content],
) -> None:
    assert attached(reads("reports/{{ customer_id }}"), "spring/report.csv") is not None
    assert attached(reads("reports/spring/{{ customer_id }}"), "ledger.sqlite") is not None


def test_an_empty_cell_is_said_to_be_empty(reads: Callable[[str], Content]) -> None:
    assert attached(reads("{{ customer_id }}"), " ") == (
        "attachment {{ customer_id }}: the cell of customer_id is empty"
    )


def test_an_invitation_without_a_folder_is_advised_one(campaign: Make) -> None:
    place = Place("campaigns/spring.yaml", 9, 9, "invite: …")
    made = campaign(invite="{{ customer_id }}")
    made = replace(made, places={**made.places, "invite": place})
    (found,) = open_attachments(read_content(made), made)
    assert (found.rule, found.place) == ("open-attachment", place)
    assert found.hint is not None
    assert "write files/{{ customer_id }}" in found.hint
    in_folder = campaign(invite="dates/{{ customer_id }}")
    assert [*open_attachments(read_content(in_folder), in_folder)] == []


def test_a_path_without_a_folder_is_advised_one(campaign: Make) -> None:
    patterns = ("{{ customer_id }}", "bills/{{ customer_id }}.pdf", "inv-{{ customer_id }}.pdf")
    made = campaign(attachments=patterns)
    place = Place("campaigns/spring.yaml", 9, 15, "attachments: …")
    made = replace(made, places={**made.places, "attachments.0.file": place})
    first, second = open_attachments(read_content(made), made)
    assert (first.severity, first.place) == ("warning", place)
    assert first.hint is not None
    assert "write files/{{ customer_id }}" in first.hint
    assert "inv-{{ customer_id }}.pdf" in second.message
