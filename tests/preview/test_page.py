"""The page in a real browser: found, walked, heard and printed, at a desk and on a phone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import Finding, Place
from sendbatch.preview.album import Album
from sendbatch.preview.document import Chosen, Document, Known, Nothing, fault_of, said
from sendbatch.preview.gallery import write_page
from tests.kit.looking import comes_true, looked_at, mail_in

from .conftest import MADE, built, document_of, write

pytestmark = pytest.mark.thorough  # each opens pages in a browser

SMALL = Finding(
    "html-size", "warning", Place("spring.html", 3), "the HTML is large", "make it smaller"
)
BROKEN = Finding(
    "unbuildable-message",
    "error",
    Place("spring.html", 7, 9, "<p>{{ 12 // age }}"),
    "division by zero",
)
HTML = (
    "<!doctype html><body style='margin:0;font-family:sans-serif'><div style='display:none'>Sow peas</div>"
    "<div style='background:#175;color:#fff;padding:40px'><h1>Spring is here</h1></div>"
    "<p style='padding:20px'>Dear {0}, <a href='https://shop.example/{0}'>the shop</a> is open.</p>"
)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    album = Album()
    entries = [
        built(
            row,
            f"p{row}@example.com",
            subject=f"Spring {row}",
            html=HTML.format(f"P{row}"),
            files=files,
        ).entry(album, chosen=why, findings=found, file=f"0{row}-row{row}.eml")
        for row, files, why, found in (
            (
                2,
                {"terms.pdf": b"x" * 1500},
                [Chosen("{% if vip %} holds (spring.html:4)", 12)],
                [SMALL],
            ),
            (
                3,
                {},
                [Chosen("the longest first_name (31 characters)", 1), Chosen("age is empty", 40)],
                [],
            ),
            (4, {}, [], []),
        )
    ]
    entries.append(fault_of(BROKEN, Known("zoe@example.com", 9, "zoe")))
    document = Document(
        "gallery", "spring (november)", MADE, entries, album, 1230,
        note=["2 more kinds are not shown."],
        nothing=[Nothing("not a usable address", 12, (5, 6, 1007)), Nothing("filtered by where", 1200)],
        findings=[said(SMALL)],
    )  # fmt: skip
    path = tmp_path / "index.html"
    write_page(path, document)
    return path


def test_the_list_is_walked_by_keys_and_searched(browser, gallery: Path) -> None:
    with looked_at(browser, gallery) as looked:
        page = looked.page
        assert "Dear P2" in mail_in(page).locator("body").inner_text()
        for key, heading in (("j", "Spring 3"), ("ArrowDown", "Spring 4"), ("k", "Spring 3")):
            page.keyboard.press(key)
            page.get_by_role("heading", name=heading).wait_for()
        assert page.url.endswith("#row-3")
        assert page.locator("#list [aria-current]").get_attribute("data-id") == "row-3"
        mail_in(page).locator("body").click()
        page.keyboard.press("j")  # within the mail, too
        page.get_by_role("heading", name="Spring 4").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("longest p3@")
        page.get_by_text("1 of 4 mails").wait_for()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Spring 3").wait_for()
        page.get_by_role("searchbox").fill("nobody at all")
        page.get_by_text("Nothing found.").wait_for()
        page.get_by_role("searchbox").fill("")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.get_by_role("dialog", name="Keys").is_visible()
        page.keyboard.press("Escape")
        assert (looked.asked, looked.heard) == ([], [])


def test_what_an_inbox_shows_and_why_somebody_was_chosen_stand_in_the_list(
    browser, gallery: Path
) -> None:
    with looked_at(browser, gallery) as looked:
        first = looked.page.locator("#list a").first.inner_text().split("\n")
        assert first[:2] == ["Example News", "row 2"]
        for words in (
            "Spring 2",
            "Sow peas",
            "p2@example.com",
            "1 finding",
            "{% if vip %} holds (spring.html:4)",
        ):
            assert words in first
        chosen = looked.page.locator(".chosen").inner_text()
        assert "{% if vip %} holds (spring.html:4) (12 of this kind)" in chosen
        assert (
            "warning: the HTML is large spring.html:3"
            in looked.page.locator(".head .said").inner_text()
        )


def test_a_message_that_could_not_be_built_has_its_place_and_its_line(
    browser, gallery: Path
) -> None:
    with looked_at(browser, gallery, "#row-9") as looked:
        fault = looked.page.locator(".fault").inner_text()
        assert "error: division by zero spring.html:7:9" in fault
        assert "<p>{{ 12 // age }}" in fault
        looked.kept("fault")


def test_the_overview_counts_who_gets_nothing_and_why(browser, gallery: Path) -> None:
    with looked_at(browser, gallery) as looked:
        page = looked.page
        assert page.get_by_text("1,212 get nothing").is_visible()
        page.keyboard.press("o")
        page.get_by_role("heading", name="Overview").wait_for()
        words = " ".join(page.locator("main").inner_text().split())
        assert "4 mails of 1,230 recipients." in words
        assert "not a usable address 12 5, 6, 1,007, …" in words
        assert "filtered by where 1,200" in words
        assert "2 more kinds are not shown." in words
        assert "the HTML is large" in words
        looked.kept("overview")


def test_place_width_look_tab_and_scroll_are_kept_on_reload(browser, gallery: Path) -> None:
    with looked_at(browser, gallery, "#row-3") as looked:
        page = looked.page
        mail_in(page)
        page.keyboard.press("1")
        mail_in(page)
        page.keyboard.press("d")
        mail_in(page)
        page.get_by_role("tab", name="Source").click()
        page.evaluate("scrollTo(0, 150)")
        page.reload()
        page.get_by_role("heading", name="Spring 3").wait_for()
        assert page.get_by_role("tab", name="Source").get_attribute("aria-selected") == "true"
        comes_true(page, "scrollY === 150")
        page.get_by_role("tab", name="HTML").click()
        mail_in(page)
        assert page.locator("input[name=width]:checked").input_value() == "phone"
        assert page.locator("input[name=look]:checked").input_value() == "dark"


def test_the_place_within_a_long_mail_is_kept_on_reload(browser, mail, tmp_path: Path) -> None:
    path = write(tmp_path, [mail(html="<p>A line of it.</p>" * 200)])
    with looked_at(browser, path) as looked:
        page = looked.page
        mail_in(page)
        page.evaluate("scrollTo(0, 1500)")
        page.reload()
        mail_in(page)
        comes_true(page, "scrollY === 1500")


def test_each_part_of_a_mail_stands_behind_its_tab(browser, gallery: Path) -> None:
    with looked_at(browser, gallery) as looked:
        page = looked.page
        mail_in(page)
        page.get_by_role("tab", name="HTML").focus()
        for words in (
            "Dear Jane",
            "terms.pdf application/pdf, 1.5 KB",
            "the shop https://shop.example/P2",
        ):
            page.keyboard.press("ArrowRight")
            assert words in " ".join(page.locator("#panel").inner_text().split())
        page.keyboard.press("ArrowRight")
        assert "Message-ID" in page.locator("#panel").inner_text()
        page.keyboard.press("End")
        assert "Content-Type: multipart/mixed" in page.locator("#panel").inner_text()
        assert page.get_by_role("link", name="Save the .eml").get_attribute("href") == "02-row2.eml"
        page.keyboard.press("Home")
        assert page.get_by_role("tab", name="HTML").get_attribute("aria-selected") == "true"


def test_a_page_that_stands_alone_has_the_source_as_a_file(browser, mail, tmp_path: Path) -> None:
    one = mail(html=None)
    document = document_of([one])
    path = tmp_path / "alone.html"
    write_page(path, replace(document, entries=[replace(document.entries[0], file="")]))
    with looked_at(browser, path) as looked:
        looked.page.get_by_role("tab", name="Source").click()
        with looked.page.expect_download() as saving:
            looked.page.get_by_role("button", name="Save as .eml").click()
        assert Path(saving.value.path()).read_bytes() == one.message.data


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 360, "light")],
)
def test_it_is_sound_to_those_who_hear_it_and_never_scrolls_sideways(
    browser, gallery: Path, name: str, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 800}
    with looked_at(browser, gallery, viewport=size, color_scheme=scheme) as looked:
        page = looked.page
        page.locator("#list a").first.wait_for()
        assert looked.axe() == []
        looked.kept(f"{name}-list")
        page.locator("#list a").first.click()
        mail_in(page)
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) == width
        assert looked.axe() == []
        looked.kept(f"{name}-mail")
        for tab in ("Text", "Links", "Headers", "Source"):
            page.get_by_role("tab", name=tab).click()
            assert page.evaluate(wide) == width
        assert looked.axe() == []
        for place in ("#overview", "#row-9"):
            page.goto(gallery.as_uri() + place)
            page.locator("main h2").wait_for()
            assert looked.axe() == []
            assert page.evaluate(wide) == width
        assert looked.heard == []


def test_on_a_phone_the_list_and_the_mail_take_turns(browser, gallery: Path) -> None:
    with looked_at(browser, gallery, viewport={"width": 360, "height": 740}) as looked:
        page = looked.page
        assert page.locator("#list").is_visible()
        assert not page.locator("#message").is_visible()
        page.locator("#list a").nth(1).click()
        mail_in(page)
        assert not page.locator("#list").is_visible()
        assert page.locator("input[name=width]:checked").input_value() == "phone"
        page.get_by_role("button", name="All mails").click()
        assert page.locator("#list").is_visible()


def test_the_mail_that_is_shown_is_printed_without_what_surrounds_it(
    browser, gallery: Path
) -> None:
    with looked_at(browser, gallery, "#row-3") as looked:
        page = looked.page
        mail_in(page)
        assert page.pdf().startswith(b"%PDF")
        page.emulate_media(media="print")
        for part in (".top", "#list", ".tools", ".tabs"):
            assert not page.locator(part).is_visible()
        assert page.get_by_role("heading", name="Spring 3").is_visible()
        assert page.locator("iframe.mail").is_visible()
        looked.kept("print")
        width = "document.querySelector('.sheet').getBoundingClientRect().width"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(width) <= 680  # all of the mail is on the paper
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(width) > 680


def test_without_scripts_it_is_a_list(browser, gallery: Path) -> None:
    with looked_at(browser, gallery, java_script_enabled=False) as looked:
        words = looked.page.locator("body").inner_text()
        assert "Without them it is a list." in words
        assert "Spring 2" in words
        assert "division by zero" in words


def test_a_list_of_hundreds_shows_one_mail_at_a_time(browser, mail, tmp_path: Path) -> None:
    path = write(tmp_path, [mail(row, f"p{row}@example.com") for row in range(2, 402)])
    with looked_at(browser, path, "#row-390") as looked:
        page = looked.page
        mail_in(page)
        assert page.locator("iframe").count() == 1
        assert page.get_by_text("389 of 400").is_visible()
        page.get_by_role("searchbox").fill("p399@")
        page.get_by_text("1 of 400 mails").wait_for()
