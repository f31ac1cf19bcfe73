"""What must hold before anything is sent, over a real record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Bounds, Campaign, Profile
from sendbatch.errors import GuardError
from sendbatch.ledger.facts import Intent, Settled, Unsound
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.sqlite.record import open_ledger
from sendbatch.ledger.store import Record
from sendbatch.planning import guards, keys
from sendbatch.planning.guards import Numbers
from sendbatch.planning.options import Options
from sendbatch.planning.request import Ways
from sendbatch.values import Outcome, Reply, Status
from tests.kit import people
from tests.kit.campaigns import YAML, campaign
from tests.kit.desk import addresses, plan
from tests.kit.people import person, remember
from tests.kit.selecting import sending

NOW = 1_790_000_000.0  # in September 2026
COMMAND = "sendbatch run spring.yaml"
WAYS = Ways(COMMAND, COMMAND)


@pytest.fixture
def spring(tmp_path: Path) -> Campaign:
    return campaign(tmp_path / "campaigns")


@pytest.fixture
def tried(ledger: Record) -> Record:
    """A record of ten, three of whom have the mail as `text1`, through mail.example."""
    plan(ledger, addresses(10))
    remember(ledger, content="text1", server="mail.example", key="")
    with ledger.draft() as draft:
        draft.note("server", "mail.example", 0.0)
        draft.merge()
    taken = Outcome(Status.ACCEPTED, Reply(250, "ok", "MESSAGE"))
    for entry in list(ledger.reading.entries())[:3]:
        sending(ledger).apply(
            [Intent(entry.id, "text1", NOW, NOW), Settled(entry.id, taken, None, NOW)]
        )
    return ledger


def through(spring: Campaign, host: str, port: int = 25, name: str = "mail") -> Campaign:
    return replace(spring, profile=Profile(name, host, port, "starttls"))


@pytest.mark.parametrize(
    ("host", "port", "server"),
    [
        ("Mail.Example.", 587, "mail.example"),
        ("mail.example", 25, "mail.example"),
        ("127.0.0.1", 1025, "127.0.0.1:1025"),
        ("LOCALHOST", 25, "localhost:25"),
    ],
)
def test_a_record_belongs_to_a_host_and_on_loopback_to_its_port(
    spring: Campaign, host: str, port: int, server: str
) -> None:
    assert guards.server_of(through(spring, host, port).profile) == server
    assert guards.server_of(spring.profile) == "sandbox"


class TestEdition:
    def records(self, base: Path, *names: str) -> RecordFolder:
        for name in names:
            (base / name).mkdir(parents=True)
            with open_ledger(base / name) as ledger:
                plan(ledger, ["ada@example.com"])
        return RecordFolder(base, "spring")

    def refuse(self, folder: RecordFolder, *, given: bool = False) -> None:
        guards.edition_is_meant(folder, given=given, command=COMMAND)

    def test_without_records_and_beside_one_without_a_name_none_is_needed(
        self, tmp_path: Path
    ) -> None:
        self.refuse(RecordFolder(tmp_path / "nowhere", "spring"))
        self.refuse(self.records(tmp_path, "spring", "spring@2026-01"))

    def test_where_only_editions_are_it_must_be_said_which(self, tmp_path: Path) -> None:
        folder = self.records(tmp_path, "spring@2026-01", "spring@2026-02", "other@1")
        with pytest.raises(GuardError) as refused:
            self.refuse(folder)
        assert "2026-01, 2026-02" in str(refused.value)
        assert "--run ''" in str(refused.value)
        assert "other" not in str(refused.value)

    def test_of_many_editions_the_newest_are_named_and_the_others_counted(
        self, tmp_path: Path
    ) -> None:
        names = [f"spring@2026-0{month}" for month in range(1, 10)]
        with pytest.raises(GuardError) as refused:
            self.refuse(self.records(tmp_path, *names))
        said = refused.value.message
        assert said.endswith("of 2026-05, 2026-06, 2026-07, 2026-08, 2026-09 and 4 earlier")

    def test_one_that_is_given_is_meant_were_it_without_a_name(self, tmp_path: Path) -> None:
        folder = self.records(tmp_path, "spring@2026-01")
        self.refuse(folder, given=True)
        self.refuse(replace(folder, run="2026-09"))


class TestAddresses:
    def test_in_a_record_of_ours_every_address_is_its_own_key(
        self, ledger: Record, spring: Campaign
    ) -> None:
        bjork = person(3, "björk@xn--bcher-kva.example", email="Björk@bücher.example")
        people.plan(ledger, person(2, "ada@example.com", email="Ada@example.com"), bjork)
        with ledger.draft() as draft:
            keys.own_addresses(draft, spring, is_new=False)

    def test_an_address_that_is_not_the_one_of_its_key_is_not_believed(
        self, ledger: Record, spring: Campaign, tmp_path: Path
    ) -> None:
        ada = person(2, "ada@example.com", email="ada@example.com")
        people.plan(ledger, ada, person(3, "bob@example.com", email="eve@example.com"))
        said = "row 3: an address that is not the one of its key"
        with ledger.draft() as draft, pytest.raises(Unsound, match=said):
            keys.own_addresses(draft, spring, is_new=False)

        keyed = YAML.replace("file: people.csv", "file: people.csv\n  key: name")
        with ledger.draft() as draft:
            keys.own_addresses(draft, campaign(tmp_path / "keyed", yaml=keyed), is_new=False)


class TestContent:
    def said(self, ledger: Record, spring: Campaign, digest: str) -> str | None:
        return guards.other_content(ledger.reading, spring, digest, Numbers(10, 7), WAYS, NOW)

    def test_the_same_as_before_passes(self, tried: Record, spring: Campaign) -> None:
        assert self.said(tried, spring, "text1") is None

    def test_another_one_offers_both_ways_with_their_numbers(
        self, tried: Record, spring: Campaign
    ) -> None:
        assert self.said(tried, spring, "text2") == (
            "the text changed since 3 of 10 were sent it.\n"
            "  go on with the new text for the other 7:  sendbatch run spring.yaml --accept-changes\n"
            "  a new edition, to all 10:                 sendbatch run spring.yaml --run 2026-09"
        )

    def test_what_narrows_the_line_is_said_beside_the_numbers(
        self, tried: Record, spring: Campaign
    ) -> None:
        for options, here in (
            (Options(limit=3), ", here 3 at most"),
            (Options(only=("ada@example.com",)), ", here those of --only"),
            (Options(only=("ada@example.com",), limit=3), ", here those of --only, 3 at most"),
        ):
            numbers = Numbers(10, 7, options.here)
            said = guards.other_content(tried.reading, spring, "text2", numbers, WAYS, NOW)
            assert said is not None
            assert f"for the other 7{here}:" in said
            assert f"a new edition, to all 10{here}:" in said

    def test_before_anybody_got_it_it_may_change(self, ledger: Record, spring: Campaign) -> None:
        plan(ledger, addresses(3))
        remember(ledger, content="text1")
        assert self.said(ledger, spring, "text2") is None


class TestServer:
    def said(self, ledger: Record, spring: Campaign) -> str | None:
        return guards.other_server(ledger.reading, spring, Numbers(10, 7), WAYS, NOW)

    def test_the_same_host_passes_on_any_port(self, tried: Record, spring: Campaign) -> None:
        assert self.said(tried, through(spring, "mail.example", 2525, "backup")) is None

    def test_another_one_says_how_many_went_through_which(
        self, tried: Record, spring: Campaign
    ) -> None:
        said = self.said(tried, through(spring, "backup.example"))
        assert said is not None
        assert said.startswith(
            "this record belongs to mail.example (3 through mail.example), not backup.example."
        )
        assert "--accept-changes" in said
        assert "--run 2026-09" in said

    def test_before_anybody_was_tried_it_may_change(self, ledger: Record, spring: Campaign) -> None:
        plan(ledger, addresses(3))
        remember(ledger, server="mail.example")
        assert self.said(ledger, through(spring, "backup.example")) is None


def test_a_new_edition_is_named_after_the_month_or_the_day(spring: Campaign) -> None:
    assert guards.next_edition(spring, NOW) == "2026-09"
    assert guards.next_edition(replace(spring, run="2026-09"), NOW).startswith("2026-09-")


@pytest.mark.parametrize("holders", [900, 1000, 1100])
def test_as_many_as_expected_pass(holders: int) -> None:
    guards.as_expected(Bounds(900, 1100), holders)
    guards.as_expected(None, holders)


@pytest.mark.parametrize(("holders", "said"), [(899, "899 recipients"), (1101, "1,101 recipients")])
def test_fewer_or_more_than_expected_refuse(holders: int, said: str) -> None:
    with pytest.raises(GuardError, match=f"{said}, expected are 900–1,100"):
        guards.as_expected(Bounds(900, 1100), holders)


def test_strictly_one_invalid_or_duplicate_row_refuses() -> None:
    guards.strictly({Status.PENDING: 3, Status.FILTERED: 5, Status.SUPPRESSED: 1})
    with pytest.raises(GuardError, match="1 invalid row and 2 duplicate rows"):
        guards.strictly({Status.INVALID: 1, Status.DUPLICATE: 2})
    with pytest.raises(GuardError, match=r"^error: 1 duplicate row, and"):
        guards.strictly({Status.DUPLICATE: 1})
