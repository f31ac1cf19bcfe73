"""The gallery as files, and as a page that nothing in a mail can break out of."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.errors import Finding, LedgerError, Place
from sendbatch.preview.album import Album
from sendbatch.preview.document import (
    Chosen,
    Document,
    Known,
    Nothing,
    as_json,
    entry_as_json,
    entry_of,
    fault_of,
    said,
)
from sendbatch.preview.gallery import drop_unless_of, write_gallery, write_page
from sendbatch.preview.page import render
from tests.kit.pages import document_in

from .conftest import MADE, document_of, write

HOSTILE = "\"'></iframe></pre></title><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"


class Tags(HTMLParser):
    """The elements of a page, and the text that stands in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_message_is_a_file_as_it_would_be_sent_for_its_owner_only(mail, tmp_path) -> None:
    folder = tmp_path / "reports" / "preview"
    messages = [mail(2), mail(12, "bo@example.com")]

    index = write(folder, messages)

    assert index == folder / "index.html"
    assert {path.name for path in folder.iterdir()} == {
        "01-row2.eml",
        "02-row12.eml",
        "index.html",
    }
    assert (folder / "02-row12.eml").read_bytes() == messages[1].message.data
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700


def test_an_older_gallery_is_replaced_and_other_files_are_left(mail, tmp_path) -> None:
    write(tmp_path, [mail(2), mail(3)])
    (tmp_path / "notes.eml").write_text("mine")

    write(tmp_path, [mail(7)])

    assert {path.name for path in tmp_path.iterdir()} == {"01-row7.eml", "notes.eml", "index.html"}


def test_the_names_sort_in_the_order_of_the_messages(mail, tmp_path) -> None:
    write(tmp_path, [mail(row) for row in range(2, 122)])

    names = sorted(path.name for path in tmp_path.glob("*.eml"))
    assert names[0] == "001-row2.eml"
    assert names[-1] == "120-row121.eml"


def test_a_link_in_the_way_is_replaced_not_followed(mail, tmp_path) -> None:
    folder, victim = tmp_path / "preview", tmp_path / "victim"
    victim.write_text("mine")
    folder.mkdir()
    (folder / "01-row2.eml").symlink_to(victim)

    write(folder, [mail(2)])

    assert victim.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_error_in_words(mail, tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match="the preview cannot be written"):
        write(tmp_path / "file", [mail()])


def test_the_page_says_what_a_reader_would_see(mail, tmp_path) -> None:
    message = mail(12, files={"terms.pdf": b"x" * 1500}, headers={"X-Campaign": "spring"})

    page = write(tmp_path, [message], "spring: first of 1,230", total=1230)

    document = document_in(page)
    assert document["title"] == "spring: first of 1,230"
    assert document["total"] == 1230
    (entry,) = document["recipients"]
    assert entry["subject"] == "Spring is here"
    assert entry["sender"] == "Example News <news@example.com>"
    assert entry["email"] == "jane@example.com"
    assert entry["attachments"] == [{"name": "terms.pdf", "type": "application/pdf", "size": 1500}]
    assert ["X-Campaign", "spring"] in entry["headers"]
    assert entry["html"] == "<p>Dear <b>Jane</b></p>"
    assert entry["text"] == "Dear Jane"
    assert entry["id"] == "row-12"
    assert entry["file"] == "01-row12.eml"


def test_without_scripts_the_page_is_a_list(mail, tmp_path) -> None:
    page = write(tmp_path, [mail(12), mail(13, subject="<i>")])

    tags = Tags(page.read_text("utf-8"))
    heard = " ".join("".join(tags.said).split())
    assert (
        "Spring is here Dear Jane Example News <news@example.com> to jane@example.com, row 12"
        in heard
    )
    assert [link["href"] for link in tags.all("a")] == ["#message", "01-row12.eml", "02-row13.eml"]


def test_nothing_is_asked_of_the_network_and_only_the_pages_own_script_runs(mail, tmp_path) -> None:
    html = "<p onclick=x>hi</p><script>evil()</script><img src=https://x.example/p.gif>"
    tags = Tags(write(tmp_path, [mail(html=html)]).read_text("utf-8"))

    policy = tags.all("meta")[1]["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert not {tag for tag, _ in tags.found} & {"iframe", "link", "img", "base", "object", "form"}
    assert [attributes.get("type") for attributes in tags.all("script")] == [
        "application/json",
        None,
    ]
    assert not [attributes for _, attributes in tags.found if "src" in attributes]


def test_an_invitation_is_shown_as_a_calendar_would(mail, tmp_path) -> None:
    source = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:PUBLISH\nBEGIN:VEVENT\nDTSTART:20270612T160000Z\n"
        "SUMMARY:At {{ name }}\\, here\nORGANIZER:x\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    (entry,) = document_in(write(tmp_path, [mail(name="Jane", invite=source)]))["recipients"]

    assert entry["invitation"]["said"] == [
        ["Invitation", "PUBLISH: offers an entry, and asks nobody"],
        ["Event", "At Jane, here"],
        ["Begins", "2027-06-12 16:00 (UTC)"],
        ["Organizer", "x"],
    ]
    assert entry["invitation"]["text"].startswith("BEGIN:VCALENDAR\nVERSION:2.0")
    assert [one["name"] for one in entry["attachments"]] == ["p.ics"]


@given(st.text(max_size=60))
def test_whatever_a_mail_says_adds_no_element_and_no_attribute(text: str) -> None:
    harmless, hostile = (
        Tags(render(every_field(said))) for said in ("x", f"{HOSTILE}<!--<script>{text}")
    )

    assert shape(hostile) == shape(harmless)


def every_field(text: str) -> Document:
    album = Album()
    raw = re.sub("[\r\n\x00]", " ", text).encode("utf-8", "replace")
    data = b"From: %b\r\nSubject: %b\r\nX-%b: %b\r\nContent-Type: text/html\r\n\r\n%b" % (
        (raw,) * 5
    )
    finding = Finding(text, "error", Place(text, 1, 2, text), text, text)
    known = Known(
        text, 2, text, text, "send", [Chosen(text, 3)], [finding], (text, text), text, text
    )
    entries = [entry_of(data, known, album), fault_of(finding, known)]
    return Document(
        "gallery",
        text,
        MADE,
        entries,
        album,
        2,
        False,
        [text],
        [Nothing(text, 2, (1,))],
        [said(finding)],
    )


def shape(tags: Tags) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in tags.found]


def test_what_every_reader_of_html_gets_wrong_is_kept_to_the_letter(mail, tmp_path) -> None:
    page = write(tmp_path, [mail(html=HOSTILE, text=HOSTILE, subject=HOSTILE)], "x")

    (entry,) = document_in(page)["recipients"]
    assert entry["html"] == entry["text"] == entry["subject"] == HOSTILE


def test_a_fault_stands_in_the_place_of_its_mail_with_its_line(mail, tmp_path) -> None:
    finding = Finding(
        "x", "error", Place("a.html", 3, 7, "{{ 1 / 0 }}"), "division by zero", "mend it"
    )
    document = replace(
        document_of([mail()]), entries=[fault_of(finding, Known("bo@example.com", 7, "bo"))]
    )
    write_page(tmp_path / "page.html", document)

    (entry,) = document_in(tmp_path / "page.html")["recipients"]
    assert (entry["id"], entry["email"], entry["html"]) == ("row-7", "bo@example.com", None)
    assert entry["fault"] == {
        "severity": "error",
        "rule": "x",
        "said": "division by zero",
        "where": "a.html:3:7",
        "line": "{{ 1 / 0 }}",
        "hint": "mend it",
    }
    heard = "".join(Tags((tmp_path / "page.html").read_text()).said)
    assert "division by zero a.html:3:7" in " ".join(heard.split())


def test_why_somebody_is_shown_and_who_gets_nothing_is_said(mail) -> None:
    album = Album()
    entry = mail(2).entry(album, chosen=[Chosen("the longest name", 12), Chosen("the first row")])
    document = replace(
        document_of([]),
        entries=[entry],
        album=album,
        nothing=[Nothing("invalid", 3, (4, 9))],
        masked=True,
    )
    written = as_json(document)
    assert '{"why":"the longest name","like":12},{"why":"the first row","like":null}' in written
    assert '"nothing":[{"why":"invalid","number":3,"rows":[4,9]}]' in written
    assert '"masked":true' in written


LARGE = 5_000_000  # bytes of a page, at most


@pytest.mark.thorough
def test_a_page_of_many_long_mails_stays_one_file_that_can_be_handed_on(mail) -> None:
    html = "".join(f"<p><a href='https://x.example/{n}'>{n}</a></p>" for n in range(5000))
    document = document_of([mail(row, html=html, text=html) for row in range(2, 42)])
    assert len(render(document).encode()) < LARGE
    cut = entry_as_json(document.entries[0], document.album)
    assert len(cut) < LARGE
    assert f'"html":{len(html)}' not in cut  # alone it is whole
    assert f'"cut":{{"html":{len(html)},"text":{len(html)}}}' in as_json(document)


@pytest.mark.thorough
def test_html_of_ten_megabytes_is_cut_and_it_is_said(mail) -> None:
    document = document_of([mail(html="<p>word</p>" * 1_000_000, text="x")])
    page = render(document)
    assert len(page.encode()) < LARGE
    assert '"cut":{"html":11000000}' in page
    assert document.entries[0].html_size == 11_000_000


def test_the_page_says_when_it_was_made_and_of_what(mail, tmp_path) -> None:
    page = write(tmp_path, [mail()]).read_text("utf-8")

    heard = " ".join("".join(Tags(page).said).split())
    assert "made on 2027-01-15 08:00 UTC without sending anything; content c0ffeec0ffee." in heard


def test_a_gallery_of_something_else_is_dropped_and_other_files_are_left(mail, tmp_path) -> None:
    write(tmp_path, [mail(2), mail(3)])
    (tmp_path / "notes.eml").write_text("mine")

    assert not drop_unless_of(tmp_path, replace(MADE, at=MADE.at + 60))
    assert (tmp_path / "index.html").is_file()
    assert drop_unless_of(tmp_path, replace(MADE, inputs="other people"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.eml"]
    assert not drop_unless_of(tmp_path, MADE)


def test_a_gallery_that_a_link_leads_to_is_not_dropped(mail, tmp_path) -> None:
    folder, link = tmp_path / "theirs", tmp_path / "preview"
    write(folder, [mail()])
    link.symlink_to(folder)

    assert not drop_unless_of(link, replace(MADE, content="another text"))
    assert (folder / "index.html").is_file()


def test_no_files_lie_beside_a_page_of_people_who_are_made_up(mail, tmp_path) -> None:
    write(tmp_path, [mail(2)])
    write_gallery(tmp_path, replace(document_of([mail(2)]), masked=True), {})
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
