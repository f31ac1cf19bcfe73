"""Pictures that come with mails, on the page: each of them once, and not more than a file can hold."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from pathlib import Path

import pytest

from sendbatch.preview.album import Album
from sendbatch.preview.document import Document, Known, entry_of
from sendbatch.preview.gallery import write_page
from sendbatch.preview.page import render
from tests.kit.pages import document_in
from tests.kit.pictures import GIF, png

from .conftest import MADE

LOGO, MAP = f"{'a' * 32}@example.com", f"{'b' * 32}@example.com"
HTML = f"""<h1>Spring</h1><img src="cid:{LOGO}" alt="Logo" width="40"><img src=cid:{MAP} alt=Map>
<p style="background:url('cid:{LOGO}')">behind</p><img src="https://track.example/pixel.gif" alt="Pixel">"""


def with_pictures(html: str, pictures: dict[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Spring"
    mail.set_content("text")
    mail.add_alternative(html, subtype="html")
    _, part = mail.iter_parts()
    for cid, data in pictures.items():
        part.add_related(data, "image", "gif" if data == GIF else "png", cid=f"<{cid}>")
    return mail.as_bytes()


def page_of(*mails: bytes) -> Document:
    album = Album()
    entries = [
        entry_of(data, Known("a@example.com", row), album)
        for row, data in enumerate(mails, start=2)
    ]
    return Document("gallery", "spring", MADE, entries, album, len(entries))


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    pictures = {LOGO: png(40, 20), MAP: GIF}
    path = tmp_path / "index.html"
    write_page(path, page_of(*[with_pictures(HTML, pictures)] * 3))
    return path


def test_pictures_of_the_mails_stand_on_the_page_once_and_are_no_attachments(gallery: Path) -> None:
    page = gallery.read_text()
    assert page.count("data:image/png;base64,") == 1
    assert page.count("data:image/gif;base64,") == 1
    document = document_in(gallery)
    for entry in document["recipients"]:
        assert entry["attachments"] == []
        assert {document["pictures"][one["name"]][:15] for one in entry["inline"].values()} == {
            "data:image/png;",
            "data:image/gif;",
        }


def test_a_mail_without_pictures_is_shown_to_the_letter() -> None:
    (entry,) = page_of(with_pictures("<p>cid: is how a picture is named</p>", {LOGO: GIF})).entries
    assert entry.html == "<p>cid: is how a picture is named</p>"
    assert entry.inline == {}


def test_a_picture_that_the_html_has_written_out_stands_on_the_page_once_too() -> None:
    url = f"data:image/png;base64,{base64.b64encode(png(90, 90) + bytes(900)).decode()}"
    document = page_of(
        *[with_pictures(f'<img src="{url}"><i style="background:url({url})">', {})] * 2
    )
    assert len(document.album.urls) == 1
    assert all(
        "cid:" in (one.html or "") and "data:" not in (one.html or "") for one in document.entries
    )


@pytest.mark.thorough
def test_forty_megabytes_of_pictures_leave_a_page_of_five() -> None:
    pictures = {f"{number}@x": bytes([number]) * 1_000_000 for number in range(40)}
    html = "".join(f'<img src="cid:{cid}">' for cid in pictures)
    document = page_of(with_pictures(html, pictures))
    assert len(render(document).encode()) < 5_000_000
    shown = [*document.entries[0].inline.values()]
    assert len(shown) == 40
    assert {one.size for one in shown} == {1_000_000}
    assert 0 < sum(one.name in document.album.urls for one in shown) < 40


def test_a_browser_shows_them_and_says_which_it_cannot_show(browser, tmp_path: Path) -> None:
    large = b"\x89PNG" + bytes(3_000_000)
    path = tmp_path / "page.html"
    html = (
        f"{HTML}<img src='cid:large' alt='Large' width=300 height=100><img src=cid:gone width=200>"
    )
    write_page(path, page_of(with_pictures(html, {LOGO: png(40, 20), MAP: GIF, "large": large})))
    page = browser.new_page()
    page.goto(path.as_uri())
    page.locator("iframe[data-settled]").wait_for()
    frame = page.frames[1]

    widths = {
        name: frame.get_by_alt_text(name).evaluate("p => p.naturalWidth")
        for name in ("Logo", "Map")
    }
    assert widths == {"Logo": 40, "Map": 1}
    assert "url(" in frame.get_by_text("behind").evaluate(
        "p => getComputedStyle(p).backgroundImage"
    )
    large_one = frame.get_by_alt_text("Large")
    assert "3.0%20MB%3A%20see%20the%20.eml" in large_one.get_attribute("src")
    assert large_one.get_attribute("title") == "Large\ntoo large for this page: cid:large"
    assert "no such picture in the mail" in frame.locator("img").last.get_attribute("title")
    assert "1 picture too large for this page" in page.locator(".seen").text_content()
    page.close()
