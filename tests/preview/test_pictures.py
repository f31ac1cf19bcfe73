"""Pictures that come with a mail, on the page: all of them are in it, and nothing else is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.message.content import Picture
from sendbatch.message.parts import Inline
from sendbatch.preview.card import Card
from sendbatch.preview.gallery import write_gallery
from tests.kit.pictures import GIF, png

from .conftest import MADE

LOGO, MAP = f"{'a' * 32}@example.com", f"{'b' * 32}@example.com"
HTML = f"""<h1>Spring</h1><img src="cid:{LOGO}" alt="Logo" width="40"><img src=cid:{MAP} alt=Map>
<p style="background:url('cid:{LOGO}')">behind</p><img src="https://track.example/pixel.gif" alt="Pixel">"""


@pytest.fixture
def gallery(mail, tmp_path: Path) -> Path:
    entry = mail(2, html=HTML)
    parts = entry.sample.parts._replace(
        pictures=[
            Inline(LOGO, "logo.png", "image/png", b""),
            Inline(MAP, "map.gif", "image/gif", GIF),
        ]
    )
    entry = entry._replace(sample=entry.sample._replace(parts=parts))
    shared = [Picture(LOGO, "logo.png", "image/png", png(40, 20), "logo.png")]
    return write_gallery(tmp_path, [entry], "spring", MADE, shared)


def test_pictures_of_the_mail_stand_on_the_page_and_those_of_the_network_do_not(
    gallery: Path,
) -> None:
    page = gallery.read_text()
    assert "cid:" not in page
    assert page.count("data:image/png;base64,") == 2
    assert page.count("data:image/gif;base64,") == 1
    assert 'src="https://track' not in page


def test_a_mail_without_pictures_is_shown_to_the_letter(mail) -> None:
    entry = mail(2, html="<p>cid: is how a picture is named")
    assert Card("x.eml", entry.recipient, entry.sample).html_with_pictures == (
        "<p>cid: is how a picture is named"
    )


def test_a_browser_shows_them(browser, gallery: Path) -> None:
    page = browser.new_page()
    page.goto(gallery.as_uri())
    frame = page.frames[1]
    frame.get_by_role("heading", name="Spring").wait_for()

    widths = {
        name: frame.get_by_alt_text(name).evaluate("p => p.decode().then(() => p.naturalWidth)")
        for name in ("Logo", "Map")
    }
    assert widths == {"Logo": 40, "Map": 1}
