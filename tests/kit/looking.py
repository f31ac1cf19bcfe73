"""A page in a browser, and all that it did which a person would not see: requests, words on the console.

Where SENDBATCH_SCREENSHOTS names a folder, pictures of what tests look at are kept there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kit.waiting import until

WITHIN = ("file:", "data:", "about:", "blob:")


class Looked:
    """`asked` are the requests that left the page, `forbidden` those that its policy kept from leaving,
    `heard` is what the console says."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.forbidden: list[str] = []
        self.heard: list[str] = []
        page.on("request", lambda one: one.url.startswith(WITHIN) or self.asked.append(one.url))
        page.on("requestfailed", self._failed)
        page.on("console", lambda one: self.heard.append(one.text))
        page.on("pageerror", lambda one: self.heard.append(str(one)))

    def _failed(self, request: Any) -> None:
        if request.failure == "csp":
            self.asked.remove(request.url)
            self.forbidden.append(request.url)

    def kept(self, name: str) -> None:
        """A picture of it as it is now."""
        folder = os.environ.get("SENDBATCH_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def axe(self) -> list[str]:
        """What the rules of WCAG 2 (A and AA) find wrong."""
        from axe_playwright_python.sync_playwright import Axe

        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
        options = {"runOnly": rules, "iframes": False}  # what stands in a mail is not the page's
        found = Axe().run(self.page, options=options).response["violations"]
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@contextmanager
def looked_at(browser: Any, path: Path, fragment: str = "", **wishes: Any) -> Iterator[Looked]:
    """The file in a window of its own."""
    wishes.setdefault("viewport", {"width": 1280, "height": 800})
    context = browser.new_context(**wishes)
    looked = Looked(context.new_page())
    try:
        looked.page.goto(path.as_uri() + fragment)
        yield looked
    finally:
        context.close()


def mail_in(page: Any) -> Any:
    """The frame of the mail that is shown, once it has its height."""
    page.locator("iframe.mail[data-settled]").wait_for()
    return page.locator("iframe.mail").element_handle().content_frame()


def comes_true(page: Any, script: str) -> None:
    """Until the script says so. It is asked from here: asked again and again within the page, as Playwright's
    own wait does it, its policy forbids it."""
    until(lambda: page.evaluate(script), script)
