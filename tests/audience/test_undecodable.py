"""Bytes that are no text as they are said to be: what they may be is shown, and never claimed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sendbatch.audience.guessing import MULTIPLE, SINGLE, likely, sample
from sendbatch.audience.reading import open_table
from sendbatch.errors import AudienceError
from tests.kit.thoroughness import examples

from .conftest import Export

GERMAN = "Jürgen Müller,Köln\nb@example.com,Käthe Groß,Düsseldorf\n"
FRENCH = "Zoé,Orléans\nb@example.com,François,Besançon\n"
POLISH = "Łukasz Żółć,Łódź\nb@example.com,Małgorzata,Wrocław\n"
CZECH = "Jiří Dvořák,Plzeň\nb@example.com,Božena Němcová,České Budějovice\n"
HUNGARIAN = "Győző,Kőszeg\nb@example.com,Ödön Szűcs,Székesfehérvár\n"
RUSSIAN = "Иван Петров,Москва\nb@example.com,Ольга,Санкт-Петербург\n"
GREEK = "Γιώργος Παπαδόπουλος,Αθήνα\nb@example.com,Ελένη,Θεσσαλονίκη\n"
TURKISH = "Ayşe Yılmaz,İstanbul\nb@example.com,Çağlar Öztürk,Eskişehir\n"
JAPANESE = "山田太郎,東京\nb@example.com,鈴木さくら,オオサカ\n"
CHINESE = "王小明,北京\nb@example.com,李娜,上海\n"
TAIWANESE = "陳小明,臺北\nb@example.com,林美玲,高雄\n"
KOREAN = "김철수,서울\nb@example.com,이영희,부산\n"
HEBREW = "משה כהן,ירושלים\nb@example.com,שרה,תל אביב\n"
ARABIC = "محمد علي,القاهرة\nb@example.com,فاطمة,الرياض\n"
THAI = "สมหญิง ใจดี,เชียงใหม่\nb@example.com,ประยุทธ์,ชลบุรี\n"

KINDS = [
    *((GERMAN, encoding) for encoding in ("cp1252", "mac_roman", "cp850", "cp437")),
    *((FRENCH, encoding) for encoding in ("cp1252", "mac_roman", "cp850")),
    *((POLISH, encoding) for encoding in ("cp1250", "cp852", "iso8859-2", "mac_latin2")),
    *((CZECH, encoding) for encoding in ("cp1250", "cp852")),
    *((HUNGARIAN, encoding) for encoding in ("cp1250", "cp852")),
    *((RUSSIAN, encoding) for encoding in ("cp1251", "koi8-r", "cp866", "mac_cyrillic")),
    (GREEK, "cp1253"),
    (TURKISH, "cp1254"),
    *((JAPANESE, encoding) for encoding in ("cp932", "euc_jp")),
    (CHINESE, "gbk"),
    (TAIWANESE, "big5"),
    (KOREAN, "euc_kr"),
    (HEBREW, "cp1255"),
    (ARABIC, "cp1256"),
    (THAI, "cp874"),
]


def advised(said: str) -> list[str]:
    return re.findall(r"encoding: (\S+)", said)


@pytest.mark.parametrize(("people", "encoding"), KINDS)
def test_the_encoding_that_is_likeliest_is_shown_first_with_what_it_would_read(
    export: Export, people: str, encoding: str
) -> None:
    content = f"email,name,city\na@example.com,{people}"
    said = export.said(content.encode(encoding))
    first = advised(said)[0]
    assert export.cells(content.encode(encoding), first) == export.cells(content)
    assert f"encoding: {first}   would read: {people.split(',')[0].split()[0]}" in said


@pytest.mark.parametrize(("people", "encoding"), KINDS)
def test_who_follows_the_advice_is_never_sent_back(
    export: Export, people: str, encoding: str
) -> None:
    content = f"email,name,city\na@example.com,{people}".encode(encoding)
    for wrong in ("utf-8", "ascii", "cp932"):
        try:
            export.rows(content, wrong)
        except AudienceError as error:
            found = advised(str(error))
            assert found
            for one in found:
                export.rows(content, one)
        else:
            assert wrong != "ascii"


def test_what_reads_only_the_first_lines_is_not_advised(export: Export) -> None:
    content = "email,name\n" + "a@example.com,Zoé\n" * 9000
    said = export.said(content.encode("mac_roman") + b"z@example.com,\x81\x8d\n")
    assert advised(said)
    assert "cp1252" not in advised(said)


def test_one_line_of_another_encoding_is_to_be_corrected(export: Export) -> None:
    content = "email,name\na@example.com,Zoé\nb@example.com,Łódź\n".encode()
    said = export.said(content + b"c@example.com,Zo\xe9\n")
    assert "people.csv:4: error: this line is not utf-8: byte 17 of it is 0xE9" in said
    assert "other lines are UTF-8 (they read: Zoé, Łódź): correct this one" in said
    assert advised(said) == []


def test_utf_8_said_to_be_something_else_is_seen(export: Export) -> None:
    said = export.said("email,name\na@example.com,山\n".encode(), "ascii")
    assert "it is UTF-8: write encoding: utf-8, or leave it out" in said


@pytest.mark.parametrize("head", [b"PK\x03\x04\xff", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_is_no_csv(export: Export, head: bytes) -> None:
    assert "this is a workbook of a spreadsheet program: save it as CSV" in export.said(head)


def test_utf_16_with_its_bom_is_named_although_it_has_nul_bytes(export: Export) -> None:
    assert advised(export.said("email\na@example.com\n".encode("utf-16"))) == ["utf-16"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_bom_is_named_by_its_nul_bytes(export: Export, encoding: str) -> None:
    said = export.said("email,name\na@example.com,Zoe\n".encode(encoding))
    assert "people.csv:1: error: there is a NUL byte in this line" in said
    assert advised(said) == [encoding]


def test_the_byte_is_found_far_beyond_what_was_read_ahead(export: Export) -> None:
    long = b"x" * 20_000
    said = export.said(b"email,name\n" + long + b",\xc3\xa9\xe9,z\n")
    assert "people.csv:2: error: this line is not utf-8: byte 20,004 of it is 0xE9" in said


def test_a_compressed_file_is_guessed_at_too(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(f"email,name,city\na@example.com,{POLISH}".encode("cp1250")))
    with pytest.raises(AudienceError, match="encoding: cp1250   would read: Łukasz"):
        list(open_table(path, "utf-8"))


@settings(max_examples=examples(200))
@given(st.binary(max_size=80))
@example(b"\xff\xfe")
@example(b"\xef\xbb")
def test_any_bytes_are_guessed_at(data: bytes) -> None:
    for encoding in likely(data):
        assert encoding in (*SINGLE, *MULTIPLE)
        assert len(sample(data.decode(encoding))) <= 40


@pytest.mark.parametrize(("people", "encoding"), [(JAPANESE, "iso2022_jp"), (KOREAN, "iso2022_kr")])
@pytest.mark.parametrize("said_to_be", ["utf-8", "cp1252"])
def test_letters_that_only_a_mark_before_them_tells_from_ascii_are_not_read_as_ascii(
    export: Export, people: str, encoding: str, said_to_be: str
) -> None:
    content = f"email,name,city\na@example.com,{people}"
    with pytest.raises(AudienceError, match="changes to another set of letters") as refused:
        export.rows(content.encode(encoding), said_to_be)
    assert f"encoding: {encoding}   would read: {people.split(',')[0].split()[0]}" in str(
        refused.value
    )
    assert export.cells(content.encode(encoding), encoding) == export.cells(content)


def test_other_control_characters_are_no_marks_of_letters(export: Export) -> None:
    assert export.cells(b"email,name\na@example.com,\x1b[31mAnn\n")
