"""`sendbatch record` moves a record of receipts out of a repository, onto a disk or into a database."""

from __future__ import annotations

import pytest

from sendbatch.ledger.git.record import GitRecord
from sendbatch.ledger.sqlite.arriving import SqliteTarget
from tests.cli.test_moving import Step, killed_at
from tests.cli.test_record_in_repository import THREE, host, job, lose_disk  # noqa: F401
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database

EXPORT = ("record", "export", "spring.yaml", "away")


def test_receipts_become_a_record_on_a_disk_and_the_repository_refuses(
    job: Desk, mailhost: MailHost  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "2").ended(0)
    lose_disk(job)

    job.run(*EXPORT).ended(0)

    refused = job.run("run", "spring.yaml", "--yes").ended(4).err
    assert "this record has moved to" in refused
    job.run("run", "spring.yaml", "--yes", "--record", "away").ended(0)
    assert mailhost.receivers == THREE
    assert "has moved" in job.run(*EXPORT).ended(0).err


def test_who_has_a_receipt_alone_is_known_when_they_come_back(
    job: Desk, mailhost: MailHost  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    whole = (job.folder / "people.csv").read_text()
    job.change("people.csv", "ada@example.com,Ada,paid\n", "")
    lose_disk(job)
    job.run(*EXPORT).ended(0)

    job.write("people.csv", whole)
    job.run("run", "spring.yaml", "--yes", "--record", "away").ended(0)

    assert mailhost.receivers == THREE


@pytest.mark.thorough
def test_a_database_takes_them_where_all_are_in_the_list(
    job: Desk,  # noqa: F811
    mailhost: MailHost,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB", database.url)
    job.run("run", "spring.yaml", "--yes").ended(0)
    whole = (job.folder / "people.csv").read_text()
    job.change("people.csv", "ada@example.com,Ada,paid\n", "")
    lose_disk(job)
    refused = job.run("record", "export", "spring.yaml", "${DB}").ended(4).err
    assert "some have a receipt and are not in the list of recipients" in refused

    job.write("people.csv", whole)
    job.run("record", "export", "spring.yaml", "${DB}").ended(0)
    job.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(0)

    assert mailhost.receivers == THREE


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("step", "is_before"),
    [((GitRecord, "mark", 1), False), ((SqliteTarget, "open", 1), False), ((GitRecord, "mark", 2), False)],
    ids=str,
)
def test_killed_at_a_step_the_same_command_ends_it(
    job: Desk, mailhost: MailHost, step: Step, is_before: bool  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "2").ended(0)
    killed_at(step, is_before=is_before)
    job.run("run", "spring.yaml", "--yes").ended(4)
    job.run(*EXPORT).ended(0)
    job.run("run", "spring.yaml", "--yes", "--record", "away").ended(0)
    assert mailhost.receivers == THREE


def test_nothing_moves_into_a_repository(job: Desk) -> None:  # noqa: F811
    job.run("run", "spring.yaml", "--yes").ended(0)
    job.run(*EXPORT).ended(0)
    told = job.run("record", "import", "spring.yaml", "away").ended(4).err
    assert "no record moves into a repository" in told


def test_receipts_are_traced_by_whoever_has_their_key(
    job: Desk, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    lose_disk(job)
    told = job.run("trace", "Ada <ADA@example.com>", "--show-addresses").ended(0).out
    assert "refs/sendbatch/shop/spring" in told
    assert "ada@example.com: accepted" in told
    job.run("trace", "nobody@example.com").ended(1)

    monkeypatch.delenv("SENDBATCH_RECEIPT_KEY")
    told = job.run("trace", "ada@example.com").ended(2).out
    assert "the receipts of spring in the repository: " in told


def test_who_is_forgotten_is_known_by_a_hash_in_the_repository(
    job: Desk, mailhost: MailHost  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    lose_disk(job)

    for one in ("ada@example.com", "carl@example.net"):
        told = job.run("forget", one, "--yes").ended(0).err
        assert "refs/sendbatch/shop/spring: 1 row blanked" in told
    job.run("run", "spring.yaml", "--yes").ended(0)

    assert sorted(mailhost.receivers) == ["ada@example.com", "bjork@example.org"]
    ledger = (job.folder / "reports/spring/working/ledger.sqlite").read_bytes()
    report = (job.folder / "reports/spring/report.csv").read_bytes()
    assert b"ada@" not in ledger + report
    assert b"carl@" not in ledger + report
    rows = [row["status"] for key, row in job.rows().items() if key.startswith("forgotten ")]
    assert rows == ["accepted", "suppressed"]
    job.run("forget", "ada@example.com", "--yes").ended(0)
    job.run("forget", "nobody@example.com", "--yes").ended(1)


def test_reports_beside_receipts_are_made_anew_and_a_record_that_moves_takes_the_hash_along(
    job: Desk, mailhost: MailHost  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes", "--limit", "1").ended(0)
    job.run("forget", "ada@example.com", "--yes").ended(0)
    job.run("forget", "bjork@example.org", "--yes").ended(0)
    assert "ada@" not in (job.folder / "reports/spring/report.csv").read_text()

    job.run(*EXPORT).ended(0)
    job.run("run", "spring.yaml", "--yes", "--record", "away").ended(0)

    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


def test_receipts_that_cannot_be_changed_are_said(
    job: Desk, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    job.run("run", "spring.yaml", "--yes").ended(0)
    monkeypatch.delenv("SENDBATCH_RECEIPT_KEY")
    told = job.run("forget", "ada@example.com", "--yes").ended(2).err
    assert "the receipts of spring in the repository" in told
