"""report.html in a browser, as whoever is handed it opens it: from disk, on a desk and a phone, by day and by
night, on paper."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from sendbatch.ledger.facts import Event
from sendbatch.message.variants import Variants
from sendbatch.reports.html import write
from sendbatch.values import Status, Why
from tests.kit.looking import comes_true
from tests.reports.conftest import Record

pytestmark = pytest.mark.thorough  # each opens pages in a browser

BEGUN = 1_764_230_000.0  # 2025-11-27 07:53:20 UTC, an hour later in Berlin
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
NO_SUCH_USER = "=cmd|'no such user'"
KEPT = os.environ.get("SENDBATCH_SCREENSHOTS")  # a folder, for who wants to look


def a_campaign() -> Record:
    """Two runs, a day apart, with everything that a page has a place for."""
    record = Record()
    record.facts |= {"from": "Café <news@example.com>", "content": "c" * 64}
    record.facts["subjects of " + "c" * 64] = Variants("spring", ("One", "Two")).remembered()
    for number in range(600):
        at = BEGUN + number / 10 + (86_400 if number >= 400 else 0)
        kind = (Status.ACCEPTED,) * 17 + (Status.REJECTED, Status.DEFERRED, Status.IN_DOUBT)
        status = kind[number % 20]
        reply = {
            Status.ACCEPTED: {"content": "c" * 64},
            Status.REJECTED: {"code": 550, "enhanced": "5.1.1", "reply": NO_SUCH_USER, "why": Why.MAILBOX},
            Status.DEFERRED: {"code": 451, "enhanced": "4.7.1", "reply": "later", "why": Why.GREYLISTING},
            Status.IN_DOUBT: {"why": Why.UNANSWERED, "detail": "ended"},
        }[status]  # fmt: skip
        record.add(
            status, key=f"k{number}", email=f"p{number}@d{number % 7}.example", attempts=1 + number % 2,
            first_attempt_at=at, finished_at=at + 0.3, **reply,
        )  # fmt: skip
    for _ in range(60):
        record.add(Status.INVALID, why=Why.ADDRESS, detail="there is no @ in it", email="nobody")
    record.history = [
        Event(BEGUN - 1, "began", "600 recipients; sendbatch run spring.yaml"),
        Event(BEGUN, "limit", '{"rate": 14, "why": "", "until": null}'),
        Event(BEGUN + 20, "slowdown", "the server asks for less: 7 messages a second now"),
        Event(BEGUN + 20, "limit", '{"rate": 7, "why": "asked", "until": null}'),
        Event(BEGUN + 40, "stopped", "Ctrl-C"),
        Event(BEGUN + 86_440, "began", "200 recipients; sendbatch run spring.yaml"),
    ]
    return record


@dataclass
class Opened:
    """A page, and whatever it asked for or complained of."""

    page: Any
    told: list[str]

    def words(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def violations(self) -> list[str]:
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]

    def keep(self, name: str) -> None:
        if KEPT:
            self.page.screenshot(path=Path(KEPT) / f"report-{name}.png", full_page=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    commands = {
        "retry": "sendbatch run spring.yaml --retry rejected",
        "run": "sendbatch run spring.yaml",
    }
    report = replace(a_campaign().report("spring (may)"), commands=commands, made_at=BEGUN + 90_000)
    with path.open("w", encoding="utf-8", newline="") as out:
        write(report, out)
    return path


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """`opened(**how)` opens it; in the end nothing was asked for, and nothing complained."""
    contexts, all_told = [], []

    def opening(viewport: dict[str, int] = DESK, **how: Any) -> Opened:
        context = browser.new_context(viewport=viewport, timezone_id="Europe/Berlin", **how)
        contexts.append(context)
        page, told = context.new_page(), []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on(
            "request", lambda asked: told.append(asked.url) if asked.url != file.as_uri() else None
        )
        page.goto(file.as_uri())
        all_told.append(told)
        return Opened(page, told)

    yield opening
    for context in contexts:
        context.close()
    assert [told for told in all_told if told] == []


def test_ten_seconds_tell_what_happened_and_the_curves_are_drawn(opened: Any) -> None:
    page = opened()
    page.keep("desk")

    assert page.words("h1") == ["spring (may)"]
    assert page.words(".headline") == ["The server accepted 510 of 660; 150 need attention."]
    assert page.page.title() == "spring (may): The server accepted 510 of 660; 150 need attention."
    widths = page.page.locator("svg.statuses rect").evaluate_all(
        "parts => parts.map((part) => Math.round(part.getBoundingClientRect().width))"
    )
    whole = page.page.locator("svg.statuses").bounding_box()["width"]
    assert sum(widths) == pytest.approx(whole, abs=4)
    assert widths[0] == pytest.approx(whole * 510 / 660, abs=2)
    curves = page.page.get_by_role("img")
    assert curves.count() == 2
    said = curves.first.get_attribute("aria-label")
    assert said.startswith("340 messages accepted in 40")
    assert "the limit was between 7.0 a second and 14 a second" in said
    assert page.page.locator(".curve canvas").count() == 2
    drawn = page.page.locator(".curve canvas").first.evaluate(COLOURS)
    assert len(drawn) > 3  # lines, a filling, an axis
    assert page.violations() == []


# Of a canvas: the colours that more than a few of its points have.
COLOURS = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), found = {};
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.slice(at, at + 4).join();
    found[colour] = (found[colour] || 0) + 1;
  }
  return Object.keys(found).filter((colour) => found[colour] > 20);
}"""


def test_times_are_the_readers_and_utc_is_behind_them(opened: Any) -> None:
    page = opened()

    made = page.page.locator("header > .quiet time")
    assert made.inner_text() == "2025-11-28 09:53:20 CET"
    assert made.get_attribute("datetime") == "2025-11-28T08:53:20Z"
    assert made.get_attribute("title") == "2025-11-28 08:53:20 UTC"
    assert "Europe/Berlin" in page.words(".zone")[0]
    first = page.page.locator(".people tbody tr").nth(0).locator("td").nth(6)
    assert re.fullmatch(r"2025-11-27 08:5\d:\d\d", first.inner_text())
    assert re.fullmatch(r"2025-11-27 07:5\d:\d\d UTC", first.get_attribute("title"))


def test_who_needs_attention_is_searched_sorted_and_shown_bit_by_bit(opened: Any) -> None:
    page = opened()
    rows = page.page.locator(".people tbody tr:visible")
    assert rows.count() == 100

    page.page.get_by_role("button", name="Show all 150").click()
    assert rows.count() == 150
    page.page.get_by_label("Status", exact=True).select_option("rejected")
    assert rows.count() == 30
    page.page.get_by_label("Search").fill("p37@ no such")
    assert page.words(".people tbody tr:visible td:nth-child(2)") == ["p37@d2.example"]
    assert page.words("#said") == ["1 recipient found"]
    assert page.words(".tools .quiet") == ["1 of 150 recipients"]
    page.page.get_by_label("Search").fill("no one is called so")
    assert rows.count() == 0
    page.page.get_by_label("Search").fill("")
    page.page.get_by_label("Status", exact=True).select_option("")

    heads = page.page.locator(".people thead")
    heads.get_by_role("button", name="Row").click()
    assert page.words(".people [aria-sort]") == ["Row"]
    assert page.words(".people tbody tr:visible td:nth-child(1)")[:2] == ["661", "660"]
    heads.get_by_role("button", name="Row").press("Enter")
    assert page.words(".people tbody tr:visible td:nth-child(1)")[0] == "19"
    heads.get_by_role("button", name="Last").click()
    assert page.words(".people tbody tr:visible td:nth-child(7)")[60] == "2025-11-27 08:53:22"
    heads.get_by_role("button", name="Last").click()
    assert page.words(".people tbody tr:visible td:nth-child(7)")[0] == "2025-11-28 08:54:20"
    heads.get_by_role("button", name="Address").click()
    assert (
        page.words(".people tbody tr:visible td:nth-child(2)")[60] == "p17@d3.example"
    )  # as numbers go
    assert page.violations() == []


def test_other_tables_are_sorted_too(opened: Any) -> None:
    page = opened()

    page.page.locator("#domains").get_by_role("button", name="Share accepted").click()

    shares = [float(one.removesuffix(" %")) for one in page.words("#domains tbody td:last-child")]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) > 1


def test_what_is_found_is_copied_as_csv_which_no_spreadsheet_runs(opened: Any) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.page.get_by_label("Search").fill("rejected p37@")

    page.page.get_by_role("button", name="Copy as CSV").click()
    page.page.get_by_role("button", name="Copied 1 row").wait_for()

    assert page.page.evaluate("navigator.clipboard.readText()").splitlines() == [
        "Row,Address,Key,Status,What was said,Attempts,Last",
        "39,p37@d2.example,k37,rejected,550 5.1.1 =cmd|'no such user',2,2025-11-27 08:53:24",
    ]
    cells = page.page.evaluate(
        """() => { const row = document.querySelector(".people tbody tr");
        row.cells[4].textContent = "=1+1"; row.cells[2].textContent = 'a,"b'; }"""
    )
    assert cells is None
    page.page.get_by_role("button", name="Copied 1 row").click()
    comes_true(page.page, "navigator.clipboard.readText().then((text) => text.includes('1+1'))")
    assert page.page.evaluate("navigator.clipboard.readText()").splitlines()[1] == (
        '39,p37@d2.example,"a,""b",rejected,\'=1+1,2,2025-11-27 08:53:24'
    )


def test_a_line_for_the_shell_is_copied_as_it_stands(opened: Any) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"])

    page.page.get_by_role("button", name="Copy: sendbatch run spring.yaml --retry rejected").click()

    comes_true(page.page, "document.getElementById('said').textContent === 'copied'")
    found = page.page.evaluate("navigator.clipboard.readText()")
    assert found == "sendbatch run spring.yaml --retry rejected"


def test_the_curves_follow_the_window_and_the_colour_scheme(opened: Any) -> None:
    page = opened()
    canvas = page.page.locator(".curve canvas").first
    wide, light = canvas.bounding_box()["width"], set(canvas.evaluate(COLOURS))

    page.page.set_viewport_size(PHONE)
    comes_true(
        page.page,
        f"document.querySelector('.curve canvas').getBoundingClientRect().width < {wide - 100}",
    )
    assert page.page.evaluate("document.documentElement.scrollWidth") == 360
    page.page.emulate_media(color_scheme="dark")
    comes_true(page.page, "getComputedStyle(document.body).backgroundColor === 'rgb(20, 23, 26)'")
    dark = set(page.page.locator(".curve canvas").first.evaluate(COLOURS))
    assert dark != light
    assert not dark & {"47,143,91,255"}  # the green of the day
    assert page.page.locator(".curve canvas").count() == 2
    page.keep("phone-dark")
    assert page.violations() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Any, scheme: str) -> None:
    page = opened(PHONE, color_scheme=scheme, is_mobile=True, has_touch=True)
    page.keep(f"phone-{scheme}")

    assert page.page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.violations() == []


def test_by_night_all_can_be_read(opened: Any) -> None:
    page = opened(color_scheme="dark")
    page.keep("dark")

    assert page.violations() == []


def test_without_scripts_every_table_is_there(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    page.keep("without-scripts")

    assert page.page.locator(".people tbody tr:visible").count() == 150
    assert page.page.locator("figure details").count() == 2
    page.page.locator("figure summary").first.click()
    assert page.page.locator("figure details tbody tr:visible").count() == 40 + 1
    assert page.words("header > .quiet time")[0] == "2025-11-28 08:53:20 UTC"
    assert not page.page.locator(".tools").is_visible()


def test_it_is_printed_in_the_colours_of_the_day_with_its_curves(opened: Any) -> None:
    page = opened(color_scheme="dark")

    printed = page.page.pdf(format="A4", print_background=True)
    if KEPT:
        (Path(KEPT) / "report.pdf").write_bytes(printed)

    assert printed.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 14
    page.page.set_viewport_size({"width": 720, "height": 1000})  # an A4 sheet within its margins
    page.page.emulate_media(media="print", color_scheme="dark")
    assert (
        page.page.evaluate("getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert "47,143,91,255" in page.page.locator(".curve canvas").first.evaluate(COLOURS)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 720
    page.page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_it_can_be_walked_by_keys(opened: Any) -> None:
    page = opened()
    seen = []
    for _ in range(40):
        page.page.keyboard.press("Tab")
        seen.append(
            page.page.evaluate("document.activeElement.textContent || document.activeElement.type")
        )

    assert "Over time" in seen  # the list of its parts
    assert "Copy" in seen
    assert "search" in seen
    assert "Copy as CSV" in seen
    assert "Address" in seen  # a head, by which the table is sorted
