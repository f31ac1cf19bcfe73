"""What cannot be read says which line, and what to write instead; memory stays flat."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from sendbatch.audience.lines import LONGEST_LINE
from sendbatch.audience.reading import open_table
from sendbatch.errors import AudienceError, Place

from .conftest import Export


def said_of(path: Path, encoding: str | None = "utf-8", place: Place | None = None) -> str:
    with pytest.raises(AudienceError) as caught, open_table(path, encoding, place) as table:
        list(table)
    return str(caught.value).replace(str(path), path.name)


def test_a_file_that_is_missing_is_named_where_the_campaign_names_it(tmp_path: Path) -> None:
    place = Place("spring.yaml", 5, 9, "  file: people.csv")
    said = said_of(tmp_path / "people.csv", place=place).splitlines()
    assert (
        said[0] == "spring.yaml:5:9: error: people.csv: cannot be read: No such file or directory"
    )
    assert said[1].endswith("file: people.csv")


@pytest.mark.parametrize("above", ["", "email,name\n"])
def test_who_is_asked_to_stop_reads_no_further_in_lines_that_are_all_blank(
    tmp_path: Path, above: str
) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(above.encode() + b"\n" * 100_000))
    lines = 0

    def stops_at_the_tenth() -> None:
        nonlocal lines
        lines += 1
        if lines == 10:
            raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        open_table(path, heed=stops_at_the_tenth) as table,
    ):
        next(iter(table))
    assert lines == 10


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_a_folder_is_no_csv(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert said_of(tmp_path / name) == f"error: {name}: cannot be read: Is a directory"


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "", "a\0b", "idna", "unicode_escape"])
def test_an_unknown_encoding_is_named(export: Export, encoding: str) -> None:
    said = export.said("email\n", encoding)
    assert said.startswith("error: people.csv: there is no text encoding named ")


def test_what_is_not_utf_8_has_its_line_and_what_was_probably_meant(export: Export) -> None:
    said = export.said("email,name\na@example.com,A\nb@example.com,Zoé\n".encode("cp1252"))
    assert "people.csv:3: error: this line is not utf-8: byte 17 of it is 0xE9\n" in said
    assert "\n    encoding: cp1252   would read: Zoé" in said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_is_found_far_beyond_what_was_read_ahead(export: Export, end: str) -> None:
    content = f"email,name{end}".encode() + f"a@example.com,Zoë{end}".encode() * 3000
    said = export.said(content + b"b@example.com,Zo\xe9" + end.encode() + content)
    assert "people.csv:3002: error: this line is not utf-8" in said


def test_a_character_cut_off_at_the_end_of_the_file_is_in_its_last_line(export: Export) -> None:
    said = export.said("email,name\na@example.com,Zoé".encode()[:-1])
    assert "people.csv:2: error: this line is not utf-8" in said


def test_utf_16_is_recognised_by_its_bom(export: Export) -> None:
    said = export.said("email\na@example.com\n".encode("utf-16"))
    assert "people.csv:1: error: this line is not utf-8" in said
    assert "encoding: utf-16" in said


def test_utf_16_without_a_bom_is_full_of_nul(export: Export) -> None:
    assert "people.csv:1: error: there is a NUL byte" in export.said("email\n".encode("utf-16-le"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_utf_8_said_to_be_another_encoding_is_recognised(export: Export, encoding: str) -> None:
    said = export.said("email,name\na@example.com,Zoé\n", encoding)
    assert f"people.csv:1: error: this line is not {encoding}" in said
    assert "encoding: utf-8" in said


def test_lines_are_counted_in_the_encoding_not_in_its_bytes(export: Export) -> None:
    content = "email,name\na@example.com,\u0a0a\u010a\n".encode("utf-16") + b"\x00\xd8\n\0"
    assert "people.csv:3: error: this line is not utf-16" in export.said(content, "utf-16")


def test_who_cannot_name_an_encoding_is_not_told_to(tmp_path: Path) -> None:
    path = tmp_path / "never.csv"
    path.write_bytes(b"zo\xe9@example.com\n")
    assert said_of(path, None).endswith("\n  save the file as UTF-8")


def test_a_line_without_an_end_is_refused_in_bounded_memory(export: Export) -> None:
    content = b"email,name\n" + b"x" * 50_000_000
    export.write(content)
    del content
    tracemalloc.start()
    try:
        said = said_of(export.path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert f"people.csv:2: error: the line is longer than {LONGEST_LINE:,} characters" in said
    assert most < 5 * LONGEST_LINE


def test_endless_text_packed_small_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(b"email\n" + b"\t" * 20_000_000, 1, mtime=0))
    assert "the line is longer than" in said_of(path)


PACKED = gzip.compress(
    b"email\n" + b"".join(b"%d@example.com\n" % i for i in range(20_000)), mtime=0
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"email\na@example.com\n", "Not a gzipped file"),
        (PACKED[:-100], "ended before"),
        (PACKED[:5], "ended before"),
        (PACKED[:20000] + b"\xff" * 50 + PACKED[20050:], ""),
        (PACKED[:-8] + bytes(8), "CRC check failed"),
        (PACKED + b"more", "Not a gzipped file"),
    ],
)
def test_a_broken_compressed_file_is_said_to_be_unreadable(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(content)
    said = said_of(path)
    assert said.startswith("error: people.csv.gz: cannot be read: ")
    assert why in said


def test_a_wrong_encoding_is_told_although_the_file_breaks_off_later(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    long = b"email\nzo\xe9@example.com," + bytes(range(48, 122)) * 5000
    path.write_bytes(gzip.compress(long, 0, mtime=0)[:-2000])
    assert "people.csv.gz:2: error: this line is not utf-8" in said_of(path)
