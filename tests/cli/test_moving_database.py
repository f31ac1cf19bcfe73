"""`sendbatch record export|import` into a database and out of it."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.ledger.ends import leaving
from sendbatch.ledger.portable import digest_of
from sendbatch.ledger.postgres.moving import PostgresSource, PostgresTarget
from sendbatch.runtime.edge import Edge
from sendbatch.session.job import folder_of
from tests.cli.test_moving import Step, digest, killed_at
from tests.kit.command import Desk
from tests.kit.mailhost import MailHost
from tests.kit.postgres import Database

EXPORT = ("record", "export", "spring.yaml", "${DB}")
IMPORT = ("record", "import", "spring.yaml", "${DB}")


@pytest.fixture
def half_sent(
    desk: Desk, mailhost: MailHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """One of three has the mail, one was refused, one is pending; ${DB} is a database."""
    monkeypatch.setenv("DB", database.url)
    monkeypatch.setenv("SENDBATCH_LEASE", "1")
    mailhost.answers["bjork@example.org"] = "550 5.1.1 no such user"
    mailhost.take_over(desk)
    desk.write("profiles.yaml", "project: shop\n" + mailhost.profiles)
    desk.write("people.csv", (desk.folder / "people.csv").read_text().replace("Ada", "A\x01da"))
    desk.run("run", "spring.yaml", "--yes", "--limit", "2")
    return desk


def digest_there(desk: Desk) -> str:
    folder = folder_of(load_campaign(Path("spring.yaml")), "${DB}", Edge().environ)
    with leaving(folder, holder="a test", now=lambda: 0.0, without_log=False) as source:
        return digest_of(source)


def test_a_record_goes_into_a_database_and_on_from_there(half_sent: Desk, mailhost: MailHost) -> None:
    before, rows = digest(half_sent.record("spring")), half_sent.rows()

    told = half_sent.run(*EXPORT).ended(0).err

    assert "${DB}" in told
    assert os.environ["DB"] not in told
    assert digest_there(half_sent) == before
    refused = half_sent.run("run", "spring.yaml", "--yes").ended(4).err
    assert "this record has moved to shop/spring in " in refused
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]
    assert rows["ada@example.com"]["status"] == "accepted"


def test_it_comes_back_out_of_the_database(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run(*EXPORT).ended(0)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(1)
    there = digest_there(half_sent)

    half_sent.run(*IMPORT).ended(0)

    assert digest(half_sent.record("spring")) == there
    half_sent.run("run", "spring.yaml", "--yes").ended(1)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(4)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]
    half_sent.run(*EXPORT).ended(0)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


@pytest.mark.thorough
def test_reports_of_a_record_that_was_elsewhere_are_no_lost_one(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}", "--limit", "1", "--run", "x")
    half_sent.run(*IMPORT, "--run", "x").ended(0)
    half_sent.run("run", "spring.yaml", "--yes", "--run", "x").ended(1)
    assert mailhost.receivers == ["ada@example.com", "ada@example.com", "carl@example.net"]


@pytest.mark.thorough
def test_a_database_that_has_a_record_of_it_is_not_written_over(half_sent: Desk) -> None:
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}", "--limit", "1", "--run", "x")
    shutil.rmtree(half_sent.record("spring@x"))
    half_sent.run("run", "spring.yaml", "--yes", "--limit", "1", "--run", "x")
    assert "there is a record of this campaign already" in half_sent.run(*EXPORT, "--run", "x").ended(4).err


def test_who_was_forgotten_is_known_there(half_sent: Desk, mailhost: MailHost) -> None:
    half_sent.run("forget", "ada@example.com", "--yes").ended(0)
    half_sent.run(*EXPORT).ended(0)
    half_sent.change("people.csv", "carl@example.net,,", "carl@example.net,Carl,")
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


STEPS: list[tuple[Step, bool]] = [
    ((PostgresTarget, "claim", 1), False),
    ((PostgresTarget, "fill", 4), False),
    ((PostgresTarget, "open", 1), True),
    ((PostgresTarget, "open", 1), False),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "is_before"), STEPS, ids=str)
def test_killed_at_a_step_the_same_command_ends_it(
    half_sent: Desk, mailhost: MailHost, step: Step, is_before: bool
) -> None:
    whole = digest(half_sent.record("spring"))
    killed_at(step, is_before=is_before, place="${DB}")
    here, there = (
        "nobody is here to ask" in half_sent.run("run", "spring.yaml", *more).err
        for more in ((), ("--record", "${DB}"))
    )
    assert not (here and there)

    half_sent.run(*EXPORT).ended(0)

    assert digest_there(half_sent) == whole
    half_sent.run("run", "spring.yaml", "--yes").ended(4)
    half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [1, 2])
def test_killed_as_it_leaves_a_database_the_same_command_ends_it(
    half_sent: Desk, mailhost: MailHost, number: int
) -> None:
    half_sent.run(*EXPORT).ended(0)
    there = digest_there(half_sent)
    killed_at((PostgresSource, "mark", number), is_before=False, place="${DB}", comes=True)
    assert half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").code in (2, 4)
    half_sent.run(*IMPORT).ended(0)
    assert digest(half_sent.record("spring")) == there
    half_sent.run("run", "spring.yaml", "--yes").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]


def test_what_another_record_has_left_in_a_database_is_not_overwritten(
    half_sent: Desk, mailhost: MailHost
) -> None:
    half_sent.run(*EXPORT).ended(0)
    half_sent.run("record", "export", "spring.yaml", "away", "--record", "${DB}").ended(0)
    other = half_sent.folder / "other"
    half_sent.run("run", "spring.yaml", "--yes", "--record", other, "--only", "carl@example.net")

    half_sent.run("record", "export", "spring.yaml", "${DB}", "--record", other).ended(4)

    refused = half_sent.run("run", "spring.yaml", "--yes", "--record", "${DB}").ended(4).err
    assert "this record was moved to" in refused
    half_sent.run("record", "export", "spring.yaml", "${DB}", "--record", "away").ended(0)


def test_the_line_that_goes_on_is_named_and_goes_on(
    half_sent: Desk, mailhost: MailHost, database: Database
) -> None:
    """Out, back, and out again by a call whose record is named."""
    half_sent.change("people.csv", "carl@example.net,,", "carl@example.net,Carl,")

    def line_after(*words: str) -> list[str]:
        said = half_sent.run("record", *words).ended(0).err
        assert database.url not in said
        return shlex.split(said.partition("go on from there:")[2].strip())[1:]

    there = line_after("export", "spring.yaml", "${DB}")
    assert there == ["run", "spring.yaml", "--record", "${DB}"]
    half_sent.run(*there, "--yes", "--limit", "1").ended(1)
    assert line_after("import", "spring.yaml", "${DB}") == ["run", "spring.yaml"]
    assert line_after("import", "spring.yaml", "reports", "--record", "${DB}") == there
    half_sent.run(*there, "--yes").ended(1)
    assert mailhost.receivers == ["ada@example.com", "carl@example.net"]
