"""`SENDBATCH_REPORT_KEY` at the command: a run's encrypted files, and `report --encrypted`."""

from __future__ import annotations

import pyrage
import pytest

from sendbatch.reports.encryption import REPORT_KEY
from tests.kit.command import Desk


def test_a_weak_key_is_told_of_before_anything_is_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REPORT_KEY, "guess")
    told = desk.run("run", "spring.yaml")
    assert told.code == 2
    assert "SENDBATCH_REPORT_KEY can be guessed" in told.err
    assert "guess\n" not in told.said
    assert desk.nothing_was_sent()


def test_a_run_leaves_its_reports_encrypted_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = pyrage.x25519.Identity.generate()
    monkeypatch.setenv(REPORT_KEY, str(ada.to_public()))
    assert desk.run("run", "spring.yaml").code == 0
    sealed = (desk.record() / "report.csv.age").read_bytes()
    assert b"bjork@example.org" in pyrage.decrypt(sealed, [ada])
    monkeypatch.delenv(REPORT_KEY)
    desk.write("people.csv", "email,first_name\nnew@example.com,New\n")
    assert desk.run("run", "spring.yaml").code == 0
    assert list(desk.record().glob("*.age")) == []  # that of the run before tells less than is so


def test_a_report_is_written_encrypted(desk: Desk) -> None:
    ada = pyrage.x25519.Identity.generate()
    desk.call("run", "spring.yaml").ended(0)
    command = desk.start(
        "report", "spring.yaml", "--format", "csv", "--encrypted", **{REPORT_KEY: str(ada.to_public())}
    )
    assert command.stdout is not None
    sealed = command.stdout.buffer.read()
    command.communicate()
    assert command.returncode == 0
    assert b"ada@example.com" in pyrage.decrypt(sealed, [ada])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "csv", "--encrypted"), "not set, or empty"),
        (("--history", "--encrypted"), "--history names nobody"),
    ],
)
def test_what_cannot_be_encrypted_is_said(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.run("run", "spring.yaml")
    told = desk.run("report", "spring.yaml", *words)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""
