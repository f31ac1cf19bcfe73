"""Attachments of one recipient: never a file outside the folder that the author wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.message.attachments import Survey
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.reading import own_file

from .conftest import COLUMNS, SALT, built, content, parsed, reason

CELLS = ("jane@example.org", "Jane", "12")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """campaigns/ with invoices/, and secrets beside and above them."""
    base = tmp_path / "campaigns"
    (base / "invoices/2026").mkdir(parents=True)
    (base / "invoices-secret").mkdir()
    (base / "invoices/12.pdf").write_bytes(b"%PDF 12")
    (base / "invoices/2026/12.pdf").write_bytes(b"%PDF 2026")
    (base / "invoices-secret/12.pdf").write_bytes(b"secret")
    (base / "secret.pdf").write_bytes(b"secret")
    (base / "invoices/out.pdf").symlink_to(base / "secret.pdf")
    (base / "invoices/in.pdf").symlink_to(base / "invoices/12.pdf")
    (base / "invoices/up").symlink_to(base)
    return base


def own(base: Path, pattern: str = "invoices/{{ customer_id }}.pdf") -> Content:
    return content(attachments=(own_file(pattern, base),))


@pytest.mark.parametrize(
    ("customer", "data"),
    [("12", b"%PDF 12"), ("2026/12", b"%PDF 2026"), ("in", b"%PDF 12"), ("./12", b"%PDF 12")],
)
def test_the_recipients_own_file_is_attached(base: Path, customer: str, data: bytes) -> None:
    mail = parsed(built(own(base), customer_id=customer))
    part = list(mail.iter_parts())[1]
    assert part.get_filename() == customer.rpartition("/")[2] + ".pdf"
    assert part.get_payload(decode=True) == data


@pytest.mark.parametrize(
    "customer",
    [
        "../secret",
        "2026/../../secret",
        "/etc/passwd",
        "out",
        "up/secret",
        "../invoices-secret/12",
        "..",
        "12.pdf\0",
        "a\nb",
        "\ud800",
        "..\\secret",
        "",
        "2026",
        "none",
        "x" * 300,
    ],
)
def test_no_value_leads_out_of_the_authors_folder(base: Path, customer: str) -> None:
    for pattern in ("invoices/{{ customer_id }}.pdf", "invoices/{{ customer_id }}"):
        found = reason(own(base, pattern), customer_id=customer)
        assert found.startswith("attachment invoices/")
        surveyed = Composer(own(base, pattern), COLUMNS, SALT).survey(
            ("j@example.org", "J", customer)
        )
        assert (surveyed.files, surveyed.unavailable is not None) == ((), True)


def test_a_missing_file_is_said_as_the_author_wrote_it(base: Path) -> None:
    assert (
        reason(own(base), customer_id="13") == "attachment invoices/13.pdf: no such file (row 812)"
    )


def test_the_folder_is_what_stands_before_the_first_tag(base: Path) -> None:
    assert own_file("invoices/inv-{{ a }}/{{ b }}.pdf", base).folder == base / "invoices"
    assert own_file("{{ a }}.pdf", base).folder == base / ""
    assert own_file("../shared/{% if a %}x{% endif %}", base).folder == base / "../shared"
    assert own_file(f"{base}/invoices/{{{{ a }}}}", Path("/x")).folder == base / "invoices"


def test_the_authors_own_part_may_climb(base: Path) -> None:
    made = own(base / "invoices", "../{{ customer_id }}.pdf")
    assert len(list(parsed(built(made, customer_id="secret")).iter_parts())) == 2


def test_a_survey_gives_paths_and_sizes_and_reads_nothing(base: Path) -> None:
    composer = Composer(own(base), COLUMNS, SALT)
    assert composer.has_own_attachments
    found = composer.survey(CELLS)
    assert (found.files, found.unavailable) == ((((base / "invoices/12.pdf").resolve(), 7),), None)


def test_a_survey_says_what_is_wrong_with_the_template_of_a_path(base: Path) -> None:
    found = Composer(own(base, "invoices/{{ nope }}.pdf"), COLUMNS, SALT).survey(CELLS)
    assert found.files == ()
    assert found.unavailable is not None
    assert "'nope' is undefined" in found.unavailable.reason


def test_without_own_files_there_is_nothing_to_survey() -> None:
    composer = Composer(content(), COLUMNS, SALT)
    assert not composer.has_own_attachments
    assert composer.survey(CELLS) == Survey()
