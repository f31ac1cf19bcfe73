"""The page in a real browser: readable on a phone, and no mail in it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.preview.gallery import write_gallery

from .conftest import MADE

HTML = """<!doctype html><body><h1>Spring</h1>
<a href="https://example.com/away" target="_top">away</a>
<a href="https://example.com/here" target=_self>here</a> <a href="#below" id="below">below</a>
<a href="mailto:help@example.com">write</a> <form action="https://example.com"><button>Go</button></form>
<svg width="80" height="20"><a href="https://example.com/svg"><text y="15">drawn</text></a></svg>
<svg width="80" height="20"><a xlink:href="https://example.com/old"><text y="15">older</text></a></svg>
<math><xmp><b></b><a href="https://example.com/old">oldest</a></xmp>
<!--><a href="https://example.com/hidden">hidden</a>
<img src="https://track.example/pixel.gif" width="1" height="1">
<img src="https://example.com/hero.jpg" width="600" height="200" style="width:150px;height:auto" alt="Meadow">
<picture><source srcset="https://example.com/p.webp"><img src="p.jpg" width="90" height="30"></picture>
<img src="logo.png" srcset="https://example.com/2x.png 2x" alt="Logo" width="70">
<script>document.body.textContent = "ran"</script>
<meta http-equiv="refresh" content="0;url=https://example.com/refreshed">"""


@pytest.fixture
def gallery(mail, tmp_path: Path) -> str:
    long_word = "a" * 300
    messages = [
        mail(2, html=HTML, text=f"{long_word}\n<script>document.title='ran'</script>"),
        mail(3, "b" * 60 + "@example.com", subject=long_word, html=None),
    ]
    return write_gallery(tmp_path, messages, "spring", MADE).as_uri()


def test_nothing_in_a_mail_runs_loads_or_leads_away(browser, gallery: str) -> None:
    page = browser.new_page()
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))

    page.goto(gallery)
    frame = page.frames[1]
    frame.get_by_role("heading", name="Spring").wait_for()
    frame.get_by_text("away").click()

    assert page.title() == "spring"
    assert page.url == gallery
    assert [url for url in answered if not url.startswith("file:")] == []


def test_a_clicked_link_leaves_the_mail_where_it_is_and_says_where_it_leads(
    browser, gallery: str
) -> None:
    page = browser.new_page()
    page.goto(gallery)
    frame = page.frames[1]
    heading = frame.get_by_role("heading", name="Spring")
    heading.wait_for()

    for word in ("away", "here", "below", "write", "Go", "drawn", "older", "oldest", "hidden"):
        frame.get_by_text(word, exact=True).click()
        assert heading.is_visible(), word
    assert len(page.context.pages) == 1
    assert (
        frame.get_by_text("here", exact=True).get_attribute("title") == "https://example.com/here"
    )
    assert frame.get_by_text("below", exact=True).get_attribute("title") == "#below"
    page.get_by_text("of row 2: where they lead").click()
    assert page.get_by_text("https://example.com/here").is_visible()


def test_a_picture_that_is_not_fetched_has_its_size_and_says_so(browser, gallery: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(gallery)
    frame = page.frames[1]
    frame.get_by_role("heading", name="Spring").wait_for()

    sizes = []
    for picture in frame.locator("img").all():
        assert picture.evaluate("p => p.complete && p.naturalWidth > 0")
        box = picture.bounding_box()
        sizes.append((box["width"], box["height"]))
    assert sizes[:3] == [(1, 1), (150, 50), (90, 30)]
    assert sizes[3][0] == 70
    meadow = frame.get_by_alt_text("Meadow")
    assert meadow.get_attribute("title") == "Meadow\nnot loaded here: https://example.com/hero.jpg"


def test_a_mail_without_quirks_stays_so(browser, gallery: str) -> None:
    page = browser.new_page()
    page.goto(gallery)

    assert page.frames[1].evaluate("document.compatMode") == "CSS1Compat"


@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_never_scrolls_sideways(browser, gallery: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})

    page.goto(gallery)

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_html_and_text_stand_side_by_side_at_a_desk_and_below_each_other_on_a_phone(
    browser, gallery: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(gallery)

    html, text = page.locator("iframe").bounding_box(), page.locator("pre").first.bounding_box()
    assert html["x"] + html["width"] <= text["x"]

    page.set_viewport_size({"width": 375, "height": 800})
    html, text = page.locator("iframe").bounding_box(), page.locator("pre").first.bounding_box()
    assert html["y"] + html["height"] <= text["y"]


def test_the_keyboard_reaches_every_message_and_its_headers(browser, gallery: str) -> None:
    page = browser.new_page()
    page.goto(gallery)

    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))

    assert reached[:2] == ["A", "A"]
    assert {"SUMMARY", "PRE"} <= set(reached)
