"""The live preview of a real campaign, in a real browser: what is saved is shown, where one was looking."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sendbatch import api
from sendbatch.errors import Finding
from sendbatch.preview.live.rows import Rows
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.live.viewing import Viewing
from tests.kit.looking import comes_true

PATIENCE = 20.0  # seconds, on however busy a machine

CAMPAIGN = """\
name: spring
from: News <news@example.com>
subject: "Hello {{ first_name }}"
recipients: people.csv
templates: {html: letter.html}
smtp: sandbox
"""
LETTER = """\
<!doctype html><html><head><link rel="stylesheet" href="look.css"></head><body>
<h1>Spring, {{ first_name }}</h1>{% include "parts/footer.html" %}
</body></html>
"""


@dataclass
class Desk:
    """A campaign in a folder, and what a person at the terminal was told."""

    folder: Path
    address: str = ""
    saved_files: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[list[Finding]] = field(default_factory=list)
    began_: threading.Event = field(default_factory=threading.Event)

    def began(self, address: str, watched: Sequence[Path]) -> None:
        self.address = address
        self.watched = watched
        self.began_.set()

    def saved(self, files: Sequence[str], seconds: float, *, shown: bool) -> None:
        self.saved_files.append(tuple(files))

    def wrong(self, findings: Sequence[Finding]) -> None:
        self.faults.append(list(findings))

    def write(self, name: str, text: str) -> None:
        """As most editors do: another file that takes its name."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        part = path.with_name(f".{path.name}.swp")
        part.write_text(text)
        os.replace(part, path)

    def ask(self, address: str, **query: object) -> Any:
        url = f"{self.address}{address}?{urlencode(query)}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def html(self, key: str) -> str:
        entry = self.ask("entry", key=key)["entry"]
        return entry["html"] or "" if entry else ""

    def standing(self) -> dict[str, Any]:
        return self.ask("document")["live"]["standing"]


def until(is_so: Callable[[], object]) -> None:
    """Waits for what another thread does."""
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


@contextlib.contextmanager
def live(desk: Desk, **asked: Any) -> Iterator[Desk]:
    stop, raised = Stop(), []

    def serve() -> None:
        try:
            load = partial(api.load, desk.folder / "spring.yaml")
            api.serve(load, desk, stop=stop, **{"edge": Edge(state=None), **asked})
        except BaseException as error:  # noqa: BLE001 - raised in the test
            raised.append(error)
            desk.began_.set()

    thread = threading.Thread(target=serve)
    thread.start()
    desk.began_.wait(PATIENCE)
    try:
        if not raised:
            yield desk
    finally:
        stop.soon("the test")
        thread.join(PATIENCE)
    assert not raised
    assert not thread.is_alive()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("spring.yaml", CAMPAIGN)
    desk.write("letter.html", LETTER)
    desk.write("look.css", "h1 { color: #123456 }\n")
    desk.write("parts/footer.html", "<p>The footer</p>\n")
    people = "".join(f"p{n}@example.org,Name{n}\n" for n in range(2, 60))
    desk.write("people.csv", f"email,first_name\n{people}")
    return desk


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    with live(desk):
        until(lambda: desk.standing()["done"] and desk.standing()["documents"] > 1)
        yield desk


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("letter.html", LETTER.replace("Spring", "Summer"), "Summer, Name7"),
        ("parts/footer.html", "<p>Another end</p>", "Another end"),
        ("look.css", "h1 { color: #abcdef }", "#abcdef"),
        ("people.csv", "email,first_name\nx@example.org,Xe\np7@example.org,Zoë\n", "Spring, Zoë"),
    ],
)
def test_what_is_saved_is_what_is_shown(served: Desk, name: str, text: str, shown: str) -> None:
    assert shown not in served.html("p7@example.org")

    served.write(name, text)

    until(lambda: shown in served.html("p7@example.org"))
    assert any(Path(name).name in files for files in served.saved_files)
    assert served.faults == []


def test_the_campaign_file_may_name_other_files(served: Desk) -> None:
    served.write("more/other.html", "<p>From elsewhere</p>")
    served.write("spring.yaml", CAMPAIGN.replace("letter.html", "more/other.html"))
    until(lambda: "From elsewhere" in served.html("p7@example.org"))

    served.write("more/other.html", "<p>Watched as well</p>")

    until(lambda: "Watched as well" in served.html("p7@example.org"))


def test_all_that_is_wrong_stands_over_the_last_good_letter_until_it_is_mended(
    served: Desk,
) -> None:
    served.write("letter.html", '{% include "later/gone.html" %}\n{{ nobody }}\n{% if %}')
    until(lambda: served.standing()["faults"])

    (fault,) = served.standing()["faults"]
    assert "letter.html:3" in fault["where"]
    assert "Spring, Name7" in served.html("p7@example.org")

    served.write("letter.html", '{% include "later/gone.html" %}\n{% include "also.html" %}')
    until(lambda: len(served.standing()["faults"]) == 2)
    served.write("also.html", "<p>also</p>")
    until(lambda: len(served.standing()["faults"]) == 1)
    served.write("later/gone.html", "<p>found</p>")

    until(lambda: "found" in served.html("p7@example.org"))
    assert served.standing()["faults"] == []
    assert served.faults[-1] == []


def test_a_fault_of_the_letter_goes_once_it_is_mended_however_long_the_list_takes(
    served: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_refused, may_list = threading.Event(), threading.Event()
    refused, listed = Viewing.refused, Viewing.listed

    def hear(*told: Any, **how: Any) -> None:
        refused(*told, **how)
        is_refused.set()

    def list_slowly(*told: Any) -> None:
        may_list.wait(PATIENCE)
        listed(*told)

    monkeypatch.setattr(Viewing, "refused", hear)
    monkeypatch.setattr(Viewing, "listed", list_slowly)
    try:
        served.write("letter.html", "<p>{{ nosuch }}</p>")
        assert is_refused.wait(PATIENCE)
        (fault,) = served.standing()["faults"]
        served.write("letter.html", "<p>Mended</p>")
        until(lambda: "Mended" in served.html("p7@example.org"))
        assert served.standing()["faults"] == []
        served.write("letter.html", "{% if %}")
        until(lambda: served.standing()["faults"])
        (other,) = served.standing()["faults"]
        assert other != fault
        assert [len(found) for found in served.faults] == [1, 0, 1]
    finally:
        may_list.set()


def test_a_csv_that_cannot_be_read_leaves_the_rows_there_were(served: Desk) -> None:
    served.write("people.csv", 'email,first_name\np7@example.org,"never closed\n')
    until(lambda: served.standing()["faults"])

    assert "people.csv:2" in served.standing()["faults"][0]["where"]
    assert "Spring, Name7" in served.html("p7@example.org")

    served.write("people.csv", "email,first_name\np7@example.org,Mended\n")
    until(lambda: "Spring, Mended" in served.html("p7@example.org"))
    assert served.standing()["faults"] == []


def test_who_searches_while_the_csv_is_replaced_is_answered(
    served: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, is_replaced = threading.Event(), threading.Event()
    having = Rows._having

    def slowly(rows: Rows, needle: bytes) -> Iterator[int]:
        found = [*having(rows, needle)]
        looking.set()
        is_replaced.wait(PATIENCE)
        yield from found

    monkeypatch.setattr(Rows, "_having", slowly)
    with ThreadPoolExecutor() as aside:
        answer = aside.submit(served.ask, "rows", q="p7@example.org")
        assert looking.wait(PATIENCE)
        served.write("people.csv", "email,first_name\nzoe@example.com,Zoe\n")
        until(lambda: (now := served.standing())["done"] and now["read"] == 1)
        is_replaced.set()
        assert [one["email"] for one in answer.result()["entries"]] == ["p7@example.org"]

    assert served.ask("rows", q="p7@example.org")["entries"] == []


def test_half_a_file_is_no_fault_when_the_rest_comes_at_once(served: Desk) -> None:
    with (served.folder / "letter.html").open("w") as file:
        file.write("{% if first_name %}<p>In parts ")
        file.flush()
        time.sleep(0.03)
        file.write("{{ first_name }}</p>{% endif %}")

    until(lambda: "In parts Name7" in served.html("p7@example.org"))
    assert served.faults == []


def test_every_row_is_found_and_those_who_get_nothing_say_why(desk: Desk) -> None:
    people = "{file: people.csv, where: first_name != 'Name9'}"
    desk.write("spring.yaml", CAMPAIGN.replace("people.csv", people))
    with live(desk):
        until(lambda: desk.standing()["done"])
        found = desk.ask("rows", q="NAME5")
        assert found["said"] == "11 of 58 rows"
        assert found["entries"][0]["email"] == "p5@example.org"
        (left_out,) = desk.ask("rows", q="name9")["entries"]
        assert "where" in left_out["fault"]["said"]
        assert desk.ask("entry", key="nobody")["entry"] is None


def test_a_campaign_that_was_run_is_shown_by_the_plan_of_its_record(desk: Desk) -> None:
    with (desk.folder / "people.csv").open("a") as file:
        file.write("no address,Nobody\n")
    api.run(desk.folder / "spring.yaml")
    with live(desk):
        until(lambda: desk.standing()["done"] and desk.standing()["documents"] > 1)
        assert desk.ask("rows", q="NAME5")["said"] == "11 of 59 rows"
        assert "Spring, Name7" in desk.html("p7@example.org")
        *_, refused = desk.ask("rows", q="")["entries"]
        assert "invalid" in refused["fault"]["said"]
        desk.write("letter.html", "<p>Anew, {{ first_name }}</p>")
        until(lambda: "Anew, Name7" in desk.html("p7@example.org"))


def test_a_campaign_that_is_wrong_from_the_start_is_shown_once_it_is_mended(desk: Desk) -> None:
    desk.write("spring.yaml", CAMPAIGN.replace("subject", "subjet"))
    with live(desk):
        until(lambda: desk.standing()["faults"])
        desk.write("spring.yaml", CAMPAIGN)
        until(lambda: "Spring, Name7" in desk.html("p7@example.org"))
        assert desk.standing()["faults"] == []


def test_nothing_is_left_and_the_record_is_as_it_was(served: Desk, tmp_path: Path) -> None:
    assert not (tmp_path / "reports").exists()
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    served.html("p7@example.org")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_no_secret_is_in_what_is_wrong(desk: Desk) -> None:
    desk.write(".env", "SMTP_PASSWORD=hunter2-secret\n")
    desk.write("profiles.yaml", "profiles: {p: {host: localhost, password: hunter2-secret}}\n")
    desk.write("spring.yaml", CAMPAIGN.replace("smtp: sandbox", "smtp: p"))
    with live(desk):
        until(lambda: desk.standing()["faults"])
        assert "hunter2" not in json.dumps(desk.standing())
        assert "hunter2" not in str(desk.faults)


def test_the_page_keeps_its_place_while_the_letter_changes(served: Desk, browser) -> None:
    tall = LETTER.replace("<h1>", '<div style="height:3000px">tall</div><h1>')
    served.write("letter.html", tall)
    until(lambda: "tall" in served.html("p7@example.org"))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{served.address}#p7@example.org")
    frame = page.frame_locator("iframe").first
    frame.get_by_text("Spring, Name7").wait_for()
    page.keyboard.press("1")  # a phone
    frame.get_by_text("Spring, Name7").wait_for()
    comes_true(page, "document.documentElement.scrollHeight > 3000")
    page.evaluate("scrollTo(0, 1234)")
    digest = served.ask("document")["made"]["content"]

    served.write("letter.html", tall.replace("Spring", "Autumn"))

    frame.get_by_text("Autumn, Name7").wait_for()
    comes_true(page, "Math.abs(scrollY - 1234) < 5")
    until(lambda: served.ask("document")["made"]["content"] != digest)
    digest = served.ask("document")["made"]["content"]
    page.locator("#summary").get_by_text(digest[:12]).wait_for()
    assert page.locator("#summary").inner_text().startswith("10 mails, made on 20")
    assert "p7" in page.url
    assert page.locator("input[name=width][value=phone]").is_checked()

    served.write("letter.html", "{% if %}")
    page.get_by_text("letter.html:1").first.wait_for()
    assert frame.get_by_text("Autumn, Name7").count() == 1
    served.write("letter.html", tall.replace("Spring", "Winter"))
    frame.get_by_text("Winter, Name7").wait_for()
    page.get_by_text("letter.html:1").first.wait_for(state="detached")
    assert said == []


def test_rows_are_searched_on_the_page(served: Desk, browser) -> None:
    page = browser.new_page()
    page.goto(served.address)
    page.get_by_role("searchbox").fill("name57")
    page.get_by_text("1 of 58 rows").wait_for()
    page.keyboard.press("Enter")
    page.frame_locator("iframe").first.get_by_text("Spring, Name57").wait_for()


def test_whoever_searches_while_rows_are_read_is_shown_those_that_come(
    desk: Desk, browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, add = threading.Event(), Rows.add

    def later(self: Rows, rows: Any) -> None:
        assert goes_on.wait(PATIENCE)
        add(self, rows)

    monkeypatch.setattr(Rows, "add", later)
    with live(desk):
        page = browser.new_page()
        try:
            page.goto(desk.address)
            page.get_by_role("searchbox").fill("name57")
            page.get_by_text("Nothing found so far: rows are still being read.").wait_for()
            assert desk.ask("rows", q="name57")["more"] is True
        finally:
            goes_on.set()
        page.get_by_text("1 of 58 rows").wait_for()
        page.get_by_text("p57@example.org").first.wait_for()
        until(lambda: desk.standing()["done"])
        until(lambda: desk.ask("rows", q="name57")["more"] is False)  # one look reads for a bounded time
        page.close()


def test_a_page_that_stays_open_says_that_the_preview_is_gone_and_comes_back(
    desk: Desk, browser, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    edge = Edge(state=tmp_path / "state")
    page = browser.new_page()
    frame = page.frame_locator("iframe").first
    with live(desk, port=port, edge=edge):
        first = desk.address
        page.goto(first)
        frame.get_by_text("Spring, Name").wait_for()
    page.get_by_text("The preview has ended").wait_for()
    desk.write("letter.html", LETTER.replace("Spring", "Autumn"))
    desk.began_.clear()

    with live(desk, port=port, edge=edge):
        assert desk.address == first
        frame.get_by_text("Autumn, Name").wait_for()
        page.get_by_text("The preview has ended").wait_for(state="detached")
    assert stat.S_IMODE((tmp_path / "state" / "preview.key").stat().st_mode) == 0o600


def test_without_a_port_of_ones_choice_each_preview_has_an_address_of_its_own(desk: Desk) -> None:
    with live(desk):
        first = desk.address.rsplit("/", 2)[1]
    desk.began_.clear()
    with live(desk):
        assert desk.address.rsplit("/", 2)[1] != first
        assert len(first) >= 32
