"""A proof goes to reviewers: it uses the account's quota, and counts as nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch import api
from sendbatch.errors import CampaignError
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.values import Status
from tests.kit.mailhost import MailHost
from tests.session.conftest import Declare

RITA, SAM = "rita@example.com", "sam@example.com"
THREE_A_DAY = "    rate: 3/day\n"


def test_each_reviewer_gets_the_first_messages_and_nobody_else_one(
    live: Declare, edge: Edge, mailhost: MailHost, tmp_path: Path
) -> None:
    proofs = api.proof(live(), to=[RITA, SAM], count=2, edge=edge)
    assert [(one.recipient.email, one.reviewer) for one in proofs] == [
        ("ada@example.org", RITA),
        ("ada@example.org", SAM),
        ("bob@example.org", RITA),
        ("bob@example.org", SAM),
    ]
    assert {one.outcome.status for one in proofs} == {Status.ACCEPTED}
    assert mailhost.receivers == [RITA, SAM] * 2
    assert mailhost.mails[2]["Subject"] == "[proof for bob@example.org] Hello Bob"
    assert not list(tmp_path.rglob("ledger.sqlite"))


def test_a_proof_bears_an_id_of_its_own_each_time(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    for _ in range(2):
        api.proof(live(), to=[RITA], count=1, edge=edge)
        edge.clock.now += 1  # type: ignore[attr-defined]
    api.run(live(), yes=True, edge=edge)
    ids = [mail["Message-ID"] for mail in mailhost.mails]
    assert len(ids) == len(set(ids)) == 2 + 3


@pytest.mark.parametrize("meant", ["eve@example.net", "EVE@example.net"])
def test_a_proof_of_one_recipient_is_of_that_one(
    live: Declare, edge: Edge, mailhost: MailHost, meant: str
) -> None:
    (one,) = api.proof(live(), to=[RITA], recipient=meant, edge=edge)
    assert one.recipient.email == "eve@example.net"
    assert mailhost.receivers == [RITA]


def test_the_messages_shown_are_of_those_who_wait_for_theirs(live: Declare, edge: Edge) -> None:
    api.run(live(), options=Options(limit=1), yes=True, edge=edge)
    (one,) = api.proof(live(), to=[RITA], count=1, edge=edge)
    assert one.recipient.email == "bob@example.org"


def test_where_everybody_has_the_mail_the_first_are_shown(live: Declare, edge: Edge) -> None:
    api.run(live(), yes=True, edge=edge)
    (one,) = api.proof(live(), to=[RITA], count=1, edge=edge)
    assert one.recipient.email == "ada@example.org"


def test_what_the_server_says_to_a_proof_is_told(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    mailhost.answers[SAM] = "550 5.1.1 no such user"
    told = {
        one.reviewer: one.outcome for one in api.proof(live(), to=[RITA, SAM], count=1, edge=edge)
    }
    assert told[RITA].status is Status.ACCEPTED
    assert told[SAM].status is Status.REJECTED
    assert told[SAM].reply is not None
    assert (told[SAM].reply.code, told[SAM].reply.enhanced) == (550, "5.1.1")


def test_a_message_that_cannot_be_built_is_told_and_the_others_go_out(
    tmp_path: Path, live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    spring = live()
    (tmp_path / "letter.txt").write_text("{{ 1 // (name != 'Ada')|int }}\n")
    proofs = api.proof(spring, to=[RITA], count=2, edge=edge)
    assert [one.outcome.status for one in proofs] == [Status.FAILED, Status.ACCEPTED]
    assert mailhost.receivers == [RITA]


def test_proofs_that_the_quota_has_no_room_for_are_refused_and_use_none_of_it(
    live: Declare, edge: Edge, mailhost: MailHost
) -> None:
    spring = live(profile=THREE_A_DAY)
    with pytest.raises(CampaignError, match="no room for 4 proofs"):
        api.proof(spring, to=[RITA, SAM], count=2, edge=edge)
    assert mailhost.receivers == []
    assert len(api.proof(spring, to=[RITA], count=3, edge=edge)) == 3


def test_proofs_use_the_quota_that_a_run_has(live: Declare, edge: Edge, mailhost: MailHost) -> None:
    spring = live(profile=THREE_A_DAY)
    api.proof(spring, to=[RITA, SAM], count=1, edge=edge)
    ended = api.run(spring, options=Options(no_wait=True), yes=True, edge=edge)
    assert (ended.exit_code, ended.totals) == (3, {Status.ACCEPTED: 1, Status.PENDING: 2})
    assert len(mailhost.receivers) == 3


@pytest.mark.parametrize("reviewers", [["rita"], [RITA, "a@b@c"]])
def test_a_proof_to_no_address_is_refused_before_anything_is_built(
    live: Declare, edge: Edge, mailhost: MailHost, reviewers: list[str]
) -> None:
    with pytest.raises(CampaignError, match="--to"):
        api.proof(live(), to=reviewers, edge=edge)
    assert mailhost.visits == []
