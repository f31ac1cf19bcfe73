"""What is taken for a mail, and what is not; nothing takes long or raises anything but what is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.arrival.reading import read_mail
from sendbatch.errors import CampaignError
from tests.kit.thoroughness import examples

from .conftest import WELL, look

HEAD = b"From: a@b.example\nSubject: x\n"
PART = b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n'


def refused(data: bytes) -> str:
    with pytest.raises(CampaignError) as error:
        look(data)
    return error.value.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (bytes(range(256)) * 20, "does not begin with headers"),
        (b"<!DOCTYPE html><html></html>", "it is HTML"),
        (b"  <html>", "it is HTML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "as Outlook saves it (.msg)"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\xff\xfeF\0r\0o\0m\0", "UTF-16"),
        (b"Dear Jane,\nhello", "does not begin with headers"),
        (b"name: value\n\nhello", "neither From, nor Date, nor Subject"),
        (HEAD + b"X: " + b"y" * 10_000_000 + b"\n\nhi", "its headers have more than"),
        (HEAD + b"X: 1\n" * 5_000 + b"\nhi", "more than 5,000 headers"),
        (
            b"From a Sat Jan  1 00:00:00 2020\n" + HEAD + b"\nhi\n\n"
            b"From b Sat Jan  1 00:00:00 2020\n" + HEAD + b"\nhi\n",
            "a mailbox (mbox) with 2 mails",
        ),
    ],
)
def test_what_is_no_mail_is_refused_with_what_it_is(data: bytes, says: str) -> None:
    assert says in refused(data)


def test_a_folder_a_missing_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.eml"
    huge.touch()
    os.truncate(huge, 100 * 1024 * 1024)
    for path, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.eml", "No such file"),
        (huge, "no mailbox takes a mail of that size"),
    ):
        with pytest.raises(CampaignError) as error:
            read_mail(path)
        assert says in error.value.message


@pytest.mark.parametrize(
    "mail",
    [
        HEAD + b"".join(PART % (n, n) for n in range(10_000)),
        HEAD + b"Content-Type: multipart/mixed\n\nno boundary",
        HEAD + b"Content-Type: text/html; charset=none\n\n<div>" + b"<b>" * 20_000,
        HEAD + b"To: " + b"<" * 400_000 + b"\n\nhi",
        HEAD + b"Authentication-Results: " + b"(" * 400_000 + b"\n\nhi",
        HEAD + b'Authentication-Results: a; dkim=pass x.y="' + b"\\a" * 200_000 + b"\n\nhi",
        HEAD + b"Authentication-Results: a; dkim=pass " + b"a ." * 100_000 + b"\n\nhi",
        HEAD + b"Authentication-Results: a; dkim=pass a" + b" " * 400_000 + b"\n\nhi",
        HEAD + b"DKIM-Signature: d=a; h=" + b"a:" * 200_000 + b"\n\nhi",
        HEAD + b"DKIM-Signature: d=a\n" * 2_000 + b"\nhi",
        HEAD + b"".join(PART % (n, n) for n in range(190)) + b"\n" * 300_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 100_000,
        HEAD + b'Content-Type: multipart/mixed; x="' + b";" * 450_000 + b"\n\nhi",
        HEAD + PART % (1, 1) + b'Content-Type: text/html; x="' + b";" * 1_000_000 + b"\n\nhi",
        HEAD + b"Content-Type: text/plain; charset*=punycode''" + b"a" * 400_000 + b"\n\nhi",
        HEAD + b"Content-Type: text/plain; charset=punycode\n\na-" + b"b" * 300_000,
        b"From a 00:00\n" + HEAD + b"\n\nFrom " + b"00:00 " * 200_000 + b"\n \n",
    ],
)
def test_a_mail_as_broken_as_can_be_is_looked_at(mail: bytes) -> None:
    assert len(look(mail).findings) > 0


LINES = [*WELL.splitlines(), "", "\x00", '\xff(;"=', "--", "\t=?utf-8?q?"]


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_no_order_of_lines_raises_anything_else(lines: list[str]) -> None:
    try:
        found = look("\n".join(lines))
    except CampaignError:
        return
    assert all(finding.message for finding in found.findings)
