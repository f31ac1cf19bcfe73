"""The gallery as files, and as a page that nothing in a mail can break out of."""

from __future__ import annotations

import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.errors import LedgerError
from sendbatch.message.headers import Header
from sendbatch.message.invitations.lines import as_text
from sendbatch.message.parts import File, Parts, Sample
from sendbatch.preview.card import Card
from sendbatch.preview.gallery import drop_unless_of, write_gallery
from sendbatch.preview.page import render, size
from sendbatch.values import Envelope, Recipient

from .conftest import MADE

HOSTILE = "\"'></iframe></pre></title><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"

CALENDAR = """\
Content-Type: text/calendar; charset="utf-8"; method=PUBLISH

BEGIN:VCALENDAR
VERSION:2.0
METHOD:PUBLISH
BEGIN:VEVENT
DTSTART:20270612T160000Z
SUMMARY:{}
ORGANIZER:x
END:VEVENT
END:VCALENDAR
"""


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

    index = write_gallery(folder, messages, "spring", MADE)

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
    write_gallery(tmp_path, [mail(2), mail(3)], "spring", MADE)
    (tmp_path / "notes.eml").write_text("mine")

    write_gallery(tmp_path, [mail(7)], "spring", MADE)

    assert {path.name for path in tmp_path.iterdir()} == {"01-row7.eml", "notes.eml", "index.html"}


def test_the_names_sort_in_the_order_of_the_messages(mail, tmp_path) -> None:
    write_gallery(tmp_path, [mail(row) for row in range(2, 122)], "spring", MADE)

    names = sorted(path.name for path in tmp_path.glob("*.eml"))
    assert names[0] == "001-row2.eml"
    assert names[-1] == "120-row121.eml"


def test_a_link_in_the_way_is_replaced_not_followed(mail, tmp_path) -> None:
    folder, victim = tmp_path / "preview", tmp_path / "victim"
    victim.write_text("mine")
    folder.mkdir()
    (folder / "01-row2.eml").symlink_to(victim)

    write_gallery(folder, [mail(2)], "spring", MADE)

    assert victim.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_error_in_words(mail, tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match="the preview cannot be written"):
        write_gallery(tmp_path / "file", [mail()], "spring", MADE)


def test_the_page_shows_what_a_reader_would_see(mail, tmp_path) -> None:
    message = mail(12, files={"terms.pdf": b"x" * 1500}, headers={"X-Campaign": "spring"})

    page = write_gallery(tmp_path, [message], "spring: first of 1,230", MADE).read_text("utf-8")

    tags = Tags(page)
    said = "".join(tags.said)
    for expected in (
        "spring: first of 1,230",
        "Spring is here",
        "news@example.com",
        "jane@example.com",
        "terms.pdf",
        "1.5 KB",
        "X-Campaign",
        "Dear Jane",
    ):
        assert expected in said
    (frame,) = tags.all("iframe")
    assert frame["srcdoc"] == "<p>Dear <b>Jane</b></p>"
    assert [link["href"] for link in tags.all("a")] == ["01-row12.eml"]


def test_nothing_is_asked_of_the_network_and_nothing_runs(mail, tmp_path) -> None:
    html = '<img src="https://track.example/p.gif"><script>1</script>'

    tags = Tags(write_gallery(tmp_path, [mail(html=html)], "spring", MADE).read_text("utf-8"))

    (frame,) = tags.all("iframe")
    assert frame["sandbox"] == ""
    policy = tags.all("meta")[1]["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert not {tag for tag, _ in tags.found} & {"script", "link", "img", "base", "object", "form"}
    assert not [attributes for _, attributes in tags.found if "src" in attributes]


def test_an_invitation_is_shown_as_a_calendar_would(mail, tmp_path) -> None:
    source = CALENDAR.partition("\n\n")[2].format("At {{ name }}\\, here")

    page = write_gallery(tmp_path, [mail(name="Jane", invite=source)], "spring", MADE)

    tags = Tags(page.read_text("utf-8"))
    said = " ".join(" ".join(tags.said).split())
    assert "Invitation PUBLISH: offers an entry, and asks nobody Event At Jane, here Begins 2027" in said
    assert "The calendar of row 2, whole BEGIN:VCALENDAR VERSION:2.0" in said
    assert "p.ics" in said


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_whatever_a_mail_says_adds_no_element_and_no_attribute(text: str) -> None:
    harmless, hostile = (
        Tags(render([every_field(said)], said, MADE)) for said in ("x", HOSTILE + text)
    )

    assert shape(hostile) == shape(harmless)


def every_field(said: str) -> Card:
    parts = Parts(
        Envelope(said, said),
        said,
        0.0,
        said,
        headers=[Header("From", said), Header(said, said)],
        text=[said],
        html=[said],
        attachments=[File(said, said, 3)],
        calendar=CALENDAR.format("".join(map(as_text, said))).encode(),
    )
    return Card(said, Recipient(2, 2, said, said, ()), Sample(parts, 3))


def shape(tags: Tags) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in tags.found]


def test_what_every_reader_of_html_gets_wrong_is_kept_to_the_letter(mail, tmp_path) -> None:
    page = write_gallery(tmp_path, [mail(html=HOSTILE, text=HOSTILE, subject=HOSTILE)], "x", MADE)

    tags = Tags(page.read_text("utf-8"))

    srcdoc = tags.all("iframe")[0]["srcdoc"]
    assert srcdoc is not None
    before, _, behind = HOSTILE.partition("<img")
    assert srcdoc.startswith(before + "<img")
    assert srcdoc.endswith(behind)  # what is added stands in the tag of the picture
    assert HOSTILE in tags.said


def test_the_page_says_when_it_was_made_and_of_what(mail, tmp_path) -> None:
    page = write_gallery(tmp_path, [mail()], "spring", MADE).read_text("utf-8")

    said = " ".join("".join(Tags(page).said).split())
    assert "made on 2027-01-15 08:00 UTC without sending anything; content c0ffeec0ffee." in said


def test_a_gallery_of_something_else_is_dropped_and_other_files_are_left(mail, tmp_path) -> None:
    write_gallery(tmp_path, [mail(2), mail(3)], "spring", MADE)
    (tmp_path / "notes.eml").write_text("mine")

    assert not drop_unless_of(tmp_path, replace(MADE, at=MADE.at + 60))
    assert (tmp_path / "index.html").is_file()
    assert drop_unless_of(tmp_path, replace(MADE, inputs="other people"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.eml"]
    assert not drop_unless_of(tmp_path, MADE)


def test_a_gallery_that_a_link_leads_to_is_not_dropped(mail, tmp_path) -> None:
    folder, link = tmp_path / "theirs", tmp_path / "preview"
    write_gallery(folder, [mail()], "spring", MADE)
    link.symlink_to(folder)

    assert not drop_unless_of(link, replace(MADE, content="another text"))
    assert (folder / "index.html").is_file()


def test_a_mails_links_are_listed_with_where_they_lead(mail, tmp_path) -> None:
    html = '<a href="https://example.com/a?b=1&amp;c=2">to <b>all</b> &amp; more</a>'

    tags = Tags(write_gallery(tmp_path, [mail(html=html)], "x", MADE).read_text("utf-8"))

    said = "".join(tags.said)
    assert "1 link of row 2: where they lead" in said
    assert "to all & more https://example.com/a?b=1&c=2" in " ".join(said.split())
    assert [link["href"] for link in tags.all("a")] == ["01-row2.eml"]


def test_sizes_are_said_as_people_do() -> None:
    assert [size(number) for number in (1, 812, 2345, 1_400_000)] == [
        "1 byte",
        "812 bytes",
        "2.3 KB",
        "1.4 MB",
    ]
