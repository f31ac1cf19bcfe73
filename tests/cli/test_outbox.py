"""What the sandbox kept, on a page that one looks at: the mails, and the proofs apart from them."""

from __future__ import annotations

import json
import os
import re
import stat
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import Desk
from tests.kit.looking import comes_true
from tests.kit.mailhost import MailHost

PAGE = "reports/spring.sandbox/outbox.html"


def document(page: Path) -> Any:
    """What the page's own script reads."""
    found = re.search(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page.read_text("utf-8"), re.S
    )
    assert found is not None
    return json.loads(found[1])


def shown(desk: Desk, *words: str) -> list[Any]:
    """The entries of the page that the verb writes."""
    desk.run("outbox", "spring.yaml", *words).ended(0)
    entries: list[Any] = document(desk.folder / PAGE)["recipients"]
    return entries


def put(desk: Desk, name: str, data: bytes) -> Path:
    """A file in the outbox that the sandbox did not write."""
    return desk.write(f"reports/spring.sandbox/outbox/{name}", data)


def mail(number: int) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = (
        "news@example.com",
        f"p{number}@example.com",
        f"Mail {number}",
    )
    made.set_content("Hello")
    return made.as_bytes().replace(b"\n", b"\r\n")


def test_the_mails_are_shown_the_newest_first(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    told = desk.run("outbox", "spring.yaml").ended(0)
    assert told.out == ""
    assert told.err == f"what the sandbox kept is shown in {PAGE}\n"
    assert stat.S_IMODE((desk.folder / PAGE).stat().st_mode) == 0o600
    made = document(desk.folder / PAGE)
    assert (made["kind"], made["title"], made["total"]) == ("outbox", "spring", 3)
    kept = [str(one["To"].addresses[0].addr_spec) for one in desk.kept()]
    assert [entry["email"] for entry in made["recipients"]] == kept[::-1]
    assert {entry["group"] for entry in made["recipients"]} == {"send"}
    files = [desk.record() / entry["file"] for entry in made["recipients"]]
    assert all(file.is_file() for file in files)


def test_proofs_stand_apart_and_change_nothing_of_what_is_sent(desk: Desk) -> None:
    desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--count", "2").ended(0)
    assert [(one["group"], one["email"]) for one in shown(desk)] == [
        ("proof", "rita@example.com")
    ] * 2
    desk.run("run", "spring.yaml").ended(0)
    desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--count", "1").ended(0)
    groups = [one["group"] for one in shown(desk)]
    assert groups == ["proof"] * 3 + ["send"] * 3  # those of the newest first
    assert len(desk.kept()) == 3
    assert "nothing to send" in desk.run("run", "spring.yaml").ended(0).err


def test_an_outbox_of_before_in_which_proofs_lie_among_the_mails_is_shown_as_it_is(
    desk: Desk,
) -> None:
    put(desk, "000001.eml", mail(1).replace(b"Mail 1", b"[proof for a@example.com] Mail 1"))
    desk.run("run", "spring.yaml").ended(0)
    assert [path.name for path in sorted((desk.record() / "outbox").glob("*.eml"))][
        -1
    ] == "000004.eml"
    assert len(shown(desk)) == 4


def test_without_any_it_says_which_run_makes_one(desk: Desk) -> None:
    told = desk.run("outbox", "spring.yaml").ended(2)
    assert told.err.splitlines() == [
        "error: reports/spring.sandbox/outbox: the sandbox has kept no mail of this campaign yet",
        "  this run keeps every mail there and delivers none:",
        "    sendbatch run spring.yaml",
    ]
    assert not (desk.folder / "reports").exists()


def test_a_campaign_that_is_sent_for_real_by_now_shows_what_was_kept_before(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    assert (
        "sendbatch run spring.yaml --smtp sandbox" in desk.run("outbox", "spring.yaml").ended(2).err
    )
    desk.run("run", "spring.yaml", "--smtp", "sandbox").ended(0)
    assert len(shown(desk)) == 3
    (desk.folder / "profiles.yaml").unlink()
    assert len(shown(desk)) == 3
    assert not mailhost.mails


def test_each_edition_has_its_own(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--run", "2026-12").ended(0)
    assert "other editions (--run): 2026-12" in desk.run("outbox", "spring.yaml").ended(2).err
    desk.run("outbox", "spring.yaml", "--run", "2026-12").ended(0)
    assert (desk.folder / "reports/spring@2026-12.sandbox/outbox.html").is_file()


def test_it_can_be_written_elsewhere(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.run("outbox", "spring.yaml", "--out", "seen.html").ended(0)
    entries = document(desk.folder / "seen.html")["recipients"]
    assert [entry["file"] for entry in entries] == ["", "", ""]  # nothing lies beside it
    assert not (desk.folder / PAGE).exists()
    told = desk.run("outbox", "spring.yaml", "--out", "no/seen.html").ended(2)
    assert "--out no/seen.html: its folder is not there" in told.err


@pytest.mark.parametrize("name", ["people.csv", "spring.yaml", "spring.html"])
def test_a_file_of_another_kind_is_not_overwritten(desk: Desk, name: str) -> None:
    desk.run("run", "spring.yaml").ended(0)
    before = (desk.folder / name).read_bytes()
    told = desk.run("outbox", "spring.yaml", "--out", name).ended(2)
    assert f"--out {name}: this file is there, and it is no gallery" in told.err
    assert (desk.folder / name).read_bytes() == before


@pytest.mark.parametrize("verb", ["outbox", "preview"])
def test_a_dash_is_no_file_to_write(desk: Desk, verb: str) -> None:
    desk.run("run", "spring.yaml").ended(0)
    told = desk.run(verb, "spring.yaml", "--out", "-").ended(2)
    assert "--out -: the page is written to a file" in told.err
    assert not (desk.folder / "-").exists()


def test_what_is_kept_later_leaves_no_older_page_beside_it(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    shown(desk)
    desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--count", "1").ended(0)
    assert not (desk.folder / PAGE).exists()


def test_what_is_no_whole_mail_is_a_fault_in_its_place(desk: Desk) -> None:
    put(desk, "000001.eml", mail(1))
    put(desk, "000002.eml", mail(2)[:-3])
    put(desk, "000003.eml", b"")
    put(desk, "000004.eml", b"\xff\x00 no mail \x1b[31m\r\n")
    put(desk, ".hidden.part", mail(5))
    put(desk, "notes.eml", mail(6))
    secret = desk.write("secret.txt", mail(7))
    (desk.record() / "outbox/000008.eml").symlink_to(secret)
    os.mkfifo(desk.record() / "outbox/000009.eml")
    (desk.record() / "outbox/000010.eml").mkdir()
    faults = {one["email"]: (one["fault"] or {}).get("said") for one in shown(desk)}
    cut = "is no whole mail: its end is missing, or it was changed"
    assert faults == {
        "000010.eml": "is no file",
        "000009.eml": "is no file",
        "000008.eml": "is a symbolic link, and is not followed",
        "000004.eml": cut,
        "000003.eml": cut,
        "000002.eml": cut,
        "p1@example.com": None,
    }
    assert "Mail 7" not in (desk.folder / PAGE).read_text("utf-8")


@pytest.mark.parametrize("name", ["outbox", "outbox/proofs"])
def test_a_folder_that_is_a_link_is_not_read(desk: Desk, name: str) -> None:
    put(desk, "000001.eml", mail(1))
    desk.write("elsewhere/000001.eml", mail(2))
    folder = desk.record() / name
    if folder.exists():
        folder.rename(desk.folder / "away")
    folder.symlink_to(desk.folder / "elsewhere")
    assert "nothing is read through one" in desk.run("outbox", "spring.yaml").ended(2).err
    assert not (desk.folder / PAGE).exists()


def test_of_many_the_newest_are_shown_and_it_is_said(desk: Desk) -> None:
    for number in range(1, 251):
        put(desk, f"{number:06}.eml", mail(number))
        put(desk, f"proofs/{number:06}.eml", mail(number))
    entries = shown(desk)
    assert len(entries) == 300
    assert [one["id"] for one in entries if one["group"] == "send"][::199] == [
        "send-000250",
        "send-000051",
    ]
    made = document(desk.folder / PAGE)
    assert made["total"] == 500
    said = " ".join(made["note"])
    assert (
        "The newest 200 of 250 mails are shown; all of them are in reports/spring.sandbox/outbox."
        in said
    )
    assert "The newest 100 of 250 proofs are shown" in said
    assert (desk.folder / PAGE).stat().st_size < 5_000_000


def test_a_mail_that_is_hostile_runs_nothing_and_asks_for_nothing(desk: Desk, browser: Any) -> None:
    attack = (
        "<script>document.title='run'</script><img src='http://127.0.0.1:9/x' onerror='alert(1)'>"
    )
    desk.change("spring.html", "<p>", f"{attack}<p>")
    desk.change("people.csv", "Ada", "\"</script><script>document.title='run'</script>\"")
    desk.run("run", "spring.yaml").ended(0)
    shown(desk)
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((desk.folder / PAGE).as_uri())
    page.get_by_text("Björk, spring is here").first.click()
    comes_true(page, "document.querySelector('iframe') !== null")
    assert asked == [(desk.folder / PAGE).as_uri()]
    assert page.title() != "run"
    assert page.get_by_text("</script><script>").count() > 0
    page.close()


def test_each_mail_can_be_saved_from_the_file_that_it_was_kept_as(desk: Desk, browser: Any) -> None:
    desk.run("run", "spring.yaml").ended(0)
    desk.run("proof", "spring.yaml", "--to", "rita@example.com", "--count", "1").ended(0)
    for entry in shown(desk):
        page = browser.new_page()
        page.goto(f"{(desk.folder / PAGE).as_uri()}#{entry['id']}")
        page.get_by_role("tab", name="Source").click()
        leads = page.locator("a[download$='.eml']").first
        leads.wait_for(state="attached")
        address = leads.evaluate("link => link.href")
        assert address == (desk.record() / entry["file"]).as_uri()
        assert leads.get_attribute("download") == Path(entry["file"]).name
        page.close()


def test_a_browser_that_cannot_be_opened_is_no_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    desk.run("run", "spring.yaml").ended(0)
    assert "open that file yourself" in desk.run("outbox", "spring.yaml", "--open").ended(0).err


def test_the_browser_is_given_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("run", "spring.yaml").ended(0)
    browser = desk.write("browser", f'#!/bin/sh\nprintf %s "$1" > {desk.folder}/opened\n')
    browser.chmod(0o755)
    told = desk.start("outbox", "spring.yaml", "--open", BROWSER=f"{browser} %s")
    assert told.wait() == 0
    told.communicate()
    assert (desk.folder / "opened").read_text() == (desk.folder / PAGE).as_uri()
