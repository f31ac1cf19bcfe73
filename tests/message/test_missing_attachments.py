"""An attachment that one recipient has and another has not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import FAIL, REFUSE, SEND_WITHOUT
from sendbatch.message.attachments import Unavailable, encoded
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, SharedFile
from sendbatch.message.reading import own_file

from .conftest import COLUMNS, SALT, built, content, parsed, reason


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills/12.pdf").write_bytes(b"%PDF 12")
    return tmp_path


def own(base: Path, pattern: str, missing: str = REFUSE) -> Content:
    return content(attachments=(replace(own_file(pattern, base), missing=missing),))


def names(made: Content, **cells: str) -> list[str | None]:
    return [part.get_filename() for part in parsed(built(made, **cells)).iter_attachments()]


@pytest.mark.parametrize("pattern", ["{{ customer_id }}", "bills/{{ customer_id }}"])
@pytest.mark.parametrize("cell", ["", " ", "\u00a0"])
def test_an_empty_cell_is_named_as_what_is_wrong(base: Path, pattern: str, cell: str) -> None:
    for missing in (REFUSE, FAIL):
        said = reason(own(base, pattern, missing), customer_id=cell)
        assert said == f"attachment {pattern}: the cell of customer_id is empty (row 812)"


def test_an_empty_cell_within_a_name_is_named_too(base: Path) -> None:
    said = reason(own(base, "bills/{{ customer_id }}.pdf"), customer_id="")
    assert (
        said == "attachment bills/{{ customer_id }}.pdf: the cell of customer_id is empty (row 812)"
    )
    said = reason(own(base, "bills/inv-{{ customer_id }}.pdf"), customer_id="")
    assert said == (
        "attachment bills/inv-.pdf: no such file, and the cell of customer_id is empty (row 812)"
    )
    both = own(base, "bills/{{ customer_id }}{{ first_name }}")
    assert "the cells of customer_id and first_name are empty" in reason(
        both, customer_id="", first_name=""
    )


def test_blanks_around_a_path_are_not_part_of_it(base: Path) -> None:
    for cell in ("12.pdf ", " 12.pdf", "\u00a012.pdf\t"):
        assert names(own(base, "bills/{{ customer_id }}"), customer_id=cell) == ["12.pdf"]


def test_a_folder_and_an_unfit_name_tell_the_cell(base: Path) -> None:
    (base / "bills/2026").mkdir()
    for cell, wrong in (("2026", "is a folder, not a file"), ("12.", "ends with a dot or a blank")):
        said = reason(own(base, "bills/{{ customer_id }}"), customer_id=cell)
        assert said == f"attachment bills/{cell}: {wrong} (customer_id is {cell}) (row 812)"


@pytest.mark.parametrize("cell", ["", "13.pdf", "2026/12.pdf"])
def test_who_has_no_file_gets_the_mail_without_it_where_the_campaign_says_so(
    base: Path, cell: str
) -> None:
    made = own(base, "bills/{{ customer_id }}", SEND_WITHOUT)
    assert names(made, customer_id=cell) == []
    assert names(made, customer_id="12.pdf") == ["12.pdf"]
    found = Composer(made, COLUMNS, SALT).survey(("j@example.org", "J", cell))
    assert (found.unavailable, found.goes_without, found.files) == (None, True, ())


@pytest.mark.parametrize("cell", ["../x.pdf", "/etc/passwd", ".env", "2026", "12.pdf\0", "out.pdf"])
def test_what_must_not_be_attached_is_never_only_left_out(base: Path, cell: str) -> None:
    (base / "bills/2026").mkdir()
    (base / "secret.pdf").write_text("secret")
    (base / "bills/out.pdf").symlink_to(base / "secret.pdf")
    made = own(base, "bills/{{ customer_id }}", SEND_WITHOUT)
    assert reason(made, customer_id=cell).startswith("attachment bills/")
    found = Composer(made, COLUMNS, SALT).survey(("j@example.org", "J", cell))
    assert found.unavailable is not None
    assert not found.unavailable.fails


def test_of_several_the_fault_that_refuses_is_told_before_one_that_fails_a_row(base: Path) -> None:
    files = [
        replace(own_file(f"{kind}/{{{{ customer_id }}}}.pdf", base), missing=missing)
        for kind, missing in (("a", SEND_WITHOUT), ("b", FAIL), ("c", REFUSE), ("bills", FAIL))
    ]
    composer = Composer(content(attachments=tuple(files)), COLUMNS, SALT)
    found = composer.survey(("j@example.org", "J", "12"))
    told = Unavailable("attachment c/12.pdf: no such file", is_missing=True, fails=False)
    assert (found.unavailable, found.goes_without, len(found.files)) == (told, True, 1)
    composer = Composer(content(attachments=tuple(files[:2])), COLUMNS, SALT)
    alone = composer.survey(("j@example.org", "J", "12")).unavailable
    assert alone is not None
    assert alone.fails
    for kinds, fails in (((FAIL, REFUSE), False), ((FAIL, FAIL), True)):
        there = tuple(replace(files[-1], missing=missing) for missing in kinds)
        composer = Composer(content(attachments=there), COLUMNS, SALT)
        assert composer.survey(("j@example.org", "J", "12")).fails_if_too_large == fails


def test_what_everybody_gets_counts_in_the_size_of_a_row(base: Path) -> None:
    made = content(
        attachments=(
            SharedFile("terms.pdf", bytes(100_000)),
            own_file("bills/{{ customer_id }}", base),
        )
    )
    size = Composer(made, COLUMNS, SALT).survey(("j@example.org", "J", "12.pdf")).size
    assert encoded(100_007) < size < encoded(100_007) + 400


def test_names_are_found_in_either_normal_form_and_go_out_composed(base: Path) -> None:
    for form in ("NFC", "NFD"):
        folder = base / unicodedata.normalize(form, f"ü-{form}")
        folder.mkdir()
        (folder / unicodedata.normalize(form, "für Jörg.pdf")).write_bytes(b"%PDF")
        for given in ("NFC", "NFD"):
            pattern = unicodedata.normalize("NFC", f"ü-{form}") + "/{{ customer_id }}"
            cell = unicodedata.normalize(given, "für Jörg.pdf")
            assert names(own(base, pattern), customer_id=cell) == ["für Jörg.pdf"]


def test_a_shared_file_is_found_in_either_normal_form(reading: Callable[..., Content]) -> None:
    decomposed = unicodedata.normalize("NFD", "Für alle.pdf")
    made = reading({f"campaigns/{decomposed}": b"%PDF"}, attachments=("Für alle.pdf",))
    assert names(made) == ["Für alle.pdf"]


def test_only_leaving_an_attachment_out_is_another_content(base: Path) -> None:
    refuse, fail, without = (
        own(base, "bills/{{ customer_id }}", missing).digest
        for missing in (REFUSE, FAIL, SEND_WITHOUT)
    )
    assert refuse == fail
    assert without != refuse
