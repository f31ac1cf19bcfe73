"""The samples and the starters as they arrive, in a real browser: the pictures are there, and it fits."""

from __future__ import annotations

import base64
import email
import email.policy
import shutil
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import Desk

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(
    file.stem for file in (ROOT / "campaigns").glob("*.yaml") if file.stem != "profiles"
)
CUT_OFF = """() => [...document.querySelectorAll("td, div, p, h1")].filter(
  each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX == "visible"
  && each.clientWidth > 0).length"""


def mails(outbox: Path) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(outbox.glob("*.eml"))
    ]
    assert found
    return found


def page_of(message: EmailMessage) -> str:
    """The HTML, with the pictures of the mail in the places that name them."""
    body = message.get_body(("html",))
    assert body is not None
    page: str = body.get_content()
    for part in message.walk():
        if part["Content-ID"]:
            data = base64.b64encode(part.get_payload(decode=True)).decode("ascii")
            page = page.replace(
                f"cid:{part['Content-ID'].strip('<>')}",
                f"data:{part.get_content_type()};base64,{data}",
            )
    assert "cid:" not in page
    return page


def looked_at(browser: Any, message: EmailMessage, pictures: int) -> None:
    """On a telephone and at a desk: it is no wider than the screen, and its pictures have come."""
    for width in (360, 1200):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.set_content(page_of(message))
        widths = page.evaluate("[...document.images].map(each => each.naturalWidth)")
        assert len(widths) == pictures
        assert all(widths)
        assert page.evaluate("[...document.images].every(each => each.alt)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == 0
        page.close()


@pytest.mark.thorough
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_shown_with_its_pictures(browser: Any, desk: Desk, name: str) -> None:
    for folder in ("campaigns", "templates"):
        left_by_others = shutil.ignore_patterns("reports")
        shutil.copytree(ROOT / folder, desk.folder / folder, ignore=left_by_others)
    assert "warning" not in desk.run("check", f"campaigns/{name}.yaml").ended(0).err
    desk.run("run", f"campaigns/{name}.yaml").ended(0)
    [outbox] = (desk.folder / "campaigns/reports").glob("*/outbox")
    looked_at(browser, mails(outbox)[0], {"welcome": 0, "sowing": 1, "visit": 0}[name])


def test_a_picture_that_all_but_outlook_show_is_shown(browser: Any, desk: Desk) -> None:
    desk.run("init", "--markdown", "news").ended(0)
    [letter] = (desk.folder / "news").rglob("*.md")
    [picture] = (desk.folder / "news").rglob("*.png")
    where = picture.relative_to(letter.parent)
    tag = f"<!--[if !mso]><!--><img src='{where}' width='200' alt='Once more'><!--<![endif]-->"
    letter.write_text(f"{letter.read_text()}\n\n{tag}\n\nRaw {tag} within.\n")
    desk.run("run", "news/campaign.yaml").ended(0)
    found = mails(desk.folder / "news/reports/newsletter.sandbox/outbox")
    looked_at(browser, found[0], 3)


@pytest.mark.parametrize(("options", "pictures"), [([], 0), (["--markdown"], 1)])
def test_what_init_writes_is_shown_with_its_pictures(
    browser: Any, desk: Desk, options: list[str], pictures: int
) -> None:
    desk.run("init", *options, "news").ended(0)
    checked = desk.run("check", "news/campaign.yaml").ended(0)
    assert "warning" not in checked.err
    desk.run("run", "news/campaign.yaml").ended(0)
    found = mails(desk.folder / "news/reports/newsletter.sandbox/outbox")
    assert len(found) == 3
    looked_at(browser, found[0], pictures)
