"""`sendbatch inspect` as people call it."""

from __future__ import annotations

import json

import pytest

from tests.arrival.conftest import WELL, changed
from tests.kit.command import Desk


def test_a_mail_is_told_in_words(desk: Desk) -> None:
    desk.write("a.eml", WELL)
    told = desk.run("inspect", "a.eml").ended(0)
    assert told.err == ""
    assert "from      Schön <news@example.com>" in told.out
    assert "verdict   mx.gmail.example: dkim pass (example.com)" in told.out
    assert "signed    example.com (abc), holds, over from, to, subject" in told.out
    assert told.out.endswith("nothing is wrong with it\n")


def test_an_error_ends_with_1_and_is_told_to_programs(desk: Desk) -> None:
    desk.write("a.eml", changed(("dmarc=pass", "dmarc=fail")))
    told = json.loads(desk.run("inspect", "a.eml", "--format", "json").ended(1).out)
    assert told["verdict"]["server"] == "mx.gmail.example"
    assert [one["rule"] for one in told["findings"]] == ["failed-dmarc"]
    assert told["signatures"][0]["holds"] is True


def test_what_was_sent_is_compared(desk: Desk) -> None:
    desk.write("sent.eml", WELL)
    desk.write("a.eml", changed(("Subject: Hello", "Subject: Goodbye")))
    told = desk.run("inspect", "a.eml", "--sent", "sent.eml").ended(0)
    assert "a.eml:14: warning: Subject was sent as Hello, and is now Goodbye" in told.out


def test_what_the_sandbox_kept_can_be_inspected(desk: Desk) -> None:
    desk.run("run", "spring.yaml").ended(0)
    kept = next((desk.folder / "reports/spring.sandbox/outbox").glob("*.eml"))
    told = desk.run("inspect", kept, "--sent", kept).ended(0)
    assert "no Authentication-Results" in told.out


@pytest.mark.parametrize(("content", "says"), [("<html></html>", "it is HTML"), ("", "is empty")])
def test_what_is_no_mail_ends_with_2(desk: Desk, content: str, says: str) -> None:
    desk.write("a.eml", content)
    told = desk.run("inspect", "a.eml").ended(2)
    assert told.err.startswith("a.eml: error: ")
    assert says in told.err
    assert told.out == ""


def test_addresses_are_masked_in_ci(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(
        "a.eml",
        changed(
            ("To: jane@gmail.example", "To: jane@gmail.example, tom@x.example"),
            ("mx.gmail.example;", "jane@mx.gmail.example;"),
        ),
    )
    monkeypatch.setenv("CI", "true")
    for form in ("text", "json"):
        told = desk.run("inspect", "a.eml", "--sent", "a.eml", "--format", form)
        assert "jane@" not in told.out
        assert "jane@" in desk.run("inspect", "a.eml", "--show-addresses", "--format", form).out


def test_a_hostile_mail_drives_no_terminal_and_no_ci(desk: Desk) -> None:
    hostile = "\x1b]0;x\x07\r::error::gone"
    pairs = ("Subject: Hello", f"Subject: {hostile}"), ("mx.gmail.example;", f"::x:: {hostile};")
    desk.write("a.eml", changed(*pairs))
    told = desk.run("inspect", "a.eml").out
    assert "\x1b" not in told
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())
