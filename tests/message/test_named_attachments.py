"""Attachments under a name and of a type that the campaign gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import FAIL, SEND_WITHOUT, Attachment
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, OwnFile, SharedFile
from sendbatch.message.reading import own_file

from .conftest import COLUMNS, SALT, built, content, parsed, reason


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills/12.pdf").write_bytes(b"%PDF 12")
    return tmp_path


def own(base: Path, **changes: str) -> OwnFile:
    return replace(own_file("bills/{{ customer_id }}.pdf", base), **changes)


def files(made: Content, **cells: str) -> list[tuple[str | None, str, object]]:
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in parsed(built(made, **cells)).iter_attachments()
    ]


def test_a_file_is_saved_under_the_name_that_the_campaign_gives_it(base: Path) -> None:
    shared = SharedFile("terms-v3.tmp", b"%PDF terms", saved_as="Terms.pdf")
    renamed = SharedFile("t.pdf", b"%PDF", saved_as="Terms for {{ first_name }}.pdf")
    bill = own(base, saved_as="Bill of {{ first_name }}, {{ customer_id }}.pdf")
    assert files(content(attachments=(shared, renamed, bill)), first_name="Jörg") == [
        ("Terms.pdf", "application/pdf", b"%PDF terms"),
        ("Terms for Jörg.pdf", "application/pdf", b"%PDF"),
        ("Bill of Jörg, 12.pdf", "application/pdf", b"%PDF 12"),
    ]


def test_its_type_is_the_one_declared_else_that_of_the_name_else_that_of_the_file() -> None:
    for saved_as, declared, kind in (
        (None, None, "application/pdf"),
        ("a.docx", "application/x-ours", "application/x-ours"),
        ("a.csv", None, "text/csv"),
        ("a.unknown", None, "application/pdf"),
        ("{{ first_name }}", None, "application/pdf"),
        (None, "text/plain", "text/plain"),
    ):
        made = content(attachments=(SharedFile("t.pdf", b"x", saved_as, declared),))
        assert [one[1] for one in files(made)] == [kind]


def test_a_name_made_of_empty_cells_tells_which_before_anything_is_sent(base: Path) -> None:
    for file in (
        SharedFile("t.pdf", b"x", "{{ first_name }}"),
        SharedFile("t.pdf", b"x", "{{ first_name }}.pdf"),
        own(base, saved_as="{{ first_name }}"),
        own(base, saved_as="{{ first_name }}", missing=SEND_WITHOUT),
    ):
        made = content(attachments=(file,))
        told = reason(made, first_name=" ")
        assert told.startswith("the name of attachment ")
        assert told.endswith(": the cell of first_name is empty (row 812)")
        found = Composer(made, COLUMNS, SALT).survey(("j@example.org", "", "12")).unavailable
        assert found is not None
        assert not found.fails
        assert not found.is_missing
    failing = content(attachments=(own(base, saved_as="{{ first_name }}", missing=FAIL),))
    found = Composer(failing, COLUMNS, SALT).survey(("j@example.org", "", "12")).unavailable
    assert found is not None
    assert found.fails


def test_what_a_cell_puts_into_a_name_makes_no_path_and_no_header() -> None:
    made = content(attachments=(SharedFile("t.pdf", b"x", "{{ first_name }}.pdf"),))
    for cell, name in {
        "../../etc/passwd": ".._.._etc_passwd.pdf",
        "a\r\nBcc: eve@example.net": "a Bcc: eve@example.net.pdf",
        "C:\\x": "C:_x.pdf",
        'a"; filename="b.exe': 'a"; filename="b.exe.pdf',
        "fdp\u202eexe": "fdpexe.pdf",
    }.items():
        assert [one[0] for one in files(made, first_name=cell)] == [name]


def test_name_and_type_are_part_of_the_content_only_where_they_are_used(
    base: Path, reading: Callable[..., Content]
) -> None:
    plain = SharedFile("t.pdf", b"x")
    changed = [
        content(attachments=(file,)).digest
        for file in (
            plain,
            replace(plain, saved_as="a.pdf"),
            replace(plain, media_type="text/plain"),
            replace(plain, saved_as="text/plain"),
            own(base),
            own(base, saved_as="a.pdf"),
        )
    ]
    assert len(set(changed)) == len(changed)
    declared = Attachment("t.pdf", name="Terms.pdf", type="application/x-ours")
    made = reading({"campaigns/t.pdf": b"x"}, attachments=(declared,))
    assert files(made) == [("Terms.pdf", "application/x-ours", b"x")]
