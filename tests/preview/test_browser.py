"""The page in a real browser: readable on a phone, and no mail in it does anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.preview.gallery import write_gallery

HTML = """<!doctype html><body><h1>Spring</h1>
<a href="https://example.com/away" target="_top">away</a>
<img src="https://track.example/pixel.gif">
<script>document.body.textContent = "ran"</script>
<meta http-equiv="refresh" content="0;url=https://example.com/refreshed">"""


@pytest.fixture
def gallery(mail, tmp_path: Path) -> str:
    long_word = "a" * 300
    messages = [
        mail(2, html=HTML, text=f"{long_word}\n<script>document.title='ran'</script>"),
        mail(3, "b" * 60 + "@example.com", subject=long_word, html=None),
    ]
    return write_gallery(tmp_path, messages, "spring").as_uri()


@pytest.fixture
def browser(chromium: str) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


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
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))

    assert reached[:2] == ["A", "A"]
    assert {"SUMMARY", "PRE"} <= set(reached)
