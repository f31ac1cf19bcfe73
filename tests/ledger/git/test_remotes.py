"""A host that is away, refuses, is late, or has been tampered with: nobody is mailed twice, and it is said
what to do."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.errors import (
    CampaignError,
    GuardError,
    Interrupted,
    LedgerError,
    LockedError,
    RecordStopped,
    SendbatchError,
)
from sendbatch.ledger.git import pages
from sendbatch.ledger.git.program import Git
from sendbatch.values import Status
from tests.kit.githost import GitHost, Manners, git, served
from tests.kit.machine import IMPATIENT, SECRET, Machine, announce
from tests.kit.people import outcome_of, person

ANN, BOB = person(2, "ann"), person(3, "bob")
REF = "refs/sendbatch/127.0.0.1%2Fshop/news"
WITNESS = "refs/sendbatch/+witness/127.0.0.1%2Fshop"


@pytest.fixture
def web(host: GitHost) -> Iterator[GitHost]:
    with served(host):
        yield host


@pytest.fixture
def online(web: GitHost) -> Machine:
    return Machine(web.clone(web.bare.parent / "online"))


def refused(machine: Machine, kind: type[SendbatchError]) -> str:
    """What is said where nothing is begun."""
    with pytest.raises(kind) as raised, machine.opened() as record:
        machine.begin(record, ANN, BOB)
    return str(raised.value)


def both_accepted(machine: Machine) -> bool:
    return machine.standing(ANN, BOB) == dict.fromkeys(("ann", "bob"), Status.ACCEPTED)


# -- a host that answers badly, or not ------------------------------------------------------------


def test_it_works_over_http(online: Machine) -> None:
    online.run(ANN, BOB)
    assert both_accepted(online)


def test_a_token_in_the_checkouts_config_is_used_and_never_shown(web: GitHost) -> None:
    machine = Machine(web.clone(web.bare.parent / "logged-in"))
    web.token = "s3cr3t-t0k3n"
    said = refused(machine, LedgerError)
    assert "contents: read" in said
    login = base64.b64encode(f"x-access-token:{web.token}".encode()).decode()
    git("config", f"http.{web.url}.extraheader", f"AUTHORIZATION: basic {login}", at=machine.checkout)
    machine.run(ANN, BOB)
    assert both_accepted(machine)
    git("config", "--unset-all", f"http.{web.url}.extraheader", at=machine.checkout)
    wrong = web.url.replace("http://", "http://x-access-token:wr0ng-t0k3n@")
    git("remote", "set-url", "origin", wrong, at=machine.checkout)
    assert "wr0ng-t0k3n" not in refused(machine, LedgerError)


def test_who_may_not_push_is_told_so_before_anything_is_sent(web: GitHost, online: Machine) -> None:
    web.manners = Manners.REFUSES
    said = refused(online, LedgerError)
    assert "contents: write" in said
    assert web.refs() == {}


def test_a_hook_that_refuses_is_told_in_its_own_words(host: GitHost, machine: Machine) -> None:
    host.hook("printf 'refs of robots\\033[2J are closed' >&2; exit 1")
    said = refused(machine, LedgerError)
    assert "pre-receive hook declined" in said
    assert "refs of robots" in said
    assert "\033" not in said
    assert "refs/sendbatch/**" in said


def test_a_hook_that_refuses_in_the_middle_stops_the_run(host: GitHost, machine: Machine) -> None:
    with machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        (ann, bob) = backlog.claim_new(0, 9)
        announce(backlog, [ann.id])
        backlog.apply(outcome_of(ann.id, Status.ACCEPTED))
        host.hook("exit 1")
        with pytest.raises(RecordStopped, match="does not take"):
            announce(backlog, [bob.id])
        host.hook("exit 0")
    assert machine.standing(ANN, BOB) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_a_push_that_was_taken_and_not_answered_counts(web: GitHost, online: Machine) -> None:
    online.patience = replace(IMPATIENT, offline=20.0)
    with online.opened() as record:
        backlog = online.begin(record, ANN, BOB)
        block = backlog.claim_new(0, 9)
        web.manners = Manners.BREAKS
        announce(backlog, [one.id for one in block])
        pushes = web.pushes
        web.manners = Manners.WELL
        for one in block:
            backlog.apply(outcome_of(one.id, Status.ACCEPTED))
        backlog.end()
    assert pushes <= 4
    assert both_accepted(online)


def test_an_answer_that_comes_after_our_patience_is_found_out_by_asking_again(
    web: GitHost, online: Machine
) -> None:
    online.patience = replace(IMPATIENT, offline=30.0)
    with online.opened() as record:
        backlog = online.begin(record, ANN, BOB)
        block = backlog.claim_new(0, 9)
        record._book._remote.patience = 1.5
        web.manners = Manners.LATE
        announce(backlog, [one.id for one in block])
        web.manners = Manners.WELL
        record._book._remote.patience = 20.0
        for one in block:
            backlog.apply(outcome_of(one.id, Status.ACCEPTED))
        backlog.end()
    assert any("did not answer in time" in said for said in online.said)
    assert both_accepted(online)


def test_a_host_that_is_away_is_waited_for_and_nothing_is_sent_meanwhile(
    web: GitHost, online: Machine
) -> None:
    online.patience = replace(IMPATIENT, offline=60.0)

    async def back_later(block: list[int]) -> None:
        web.manners = Manners.AWAY
        waiting = asyncio.ensure_future(backlog.announce(block))
        while not any("is away" in said for said in online.said):
            await asyncio.sleep(0.01)
            assert not waiting.done()
        web.manners = Manners.WELL
        await waiting

    with online.opened() as record:
        backlog = online.begin(record, ANN, BOB)
        block = backlog.claim_new(0, 9)
        asyncio.run(back_later([one.id for one in block]))
        for one in block:
            backlog.apply(outcome_of(one.id, Status.ACCEPTED))
        backlog.end()
    assert online.said[-1] == "the repository is there again"
    assert both_accepted(online)


def test_a_host_that_stays_away_ends_the_run_with_nobody_twice(web: GitHost, online: Machine) -> None:
    def run() -> None:
        with online.opened() as record:
            backlog = online.begin(record, ANN, BOB)
            ann, bob = backlog.claim_new(0, 9)
            announce(backlog, [ann.id])
            backlog.apply(outcome_of(ann.id, Status.ACCEPTED))
            web.manners = Manners.AWAY
            announce(backlog, [bob.id])

    with pytest.raises(RecordStopped, match="may be in doubt"):
        run()
    web.manners = Manners.WELL
    assert online.standing(ANN, BOB) == {"ann": Status.IN_DOUBT, "bob": Status.PENDING}


def test_a_host_that_is_away_at_the_start_ends_it_before_anything_is_sent(
    web: GitHost, online: Machine
) -> None:
    web.manners = Manners.AWAY
    assert "nothing was sent" in refused(online, RecordStopped)


def test_a_commit_that_cannot_be_read_is_damage_and_no_host_that_is_away(
    host: GitHost, machine: Machine
) -> None:
    machine.run(ANN)
    commit = host.refs()[REF]
    damaged = host.bare / "objects" / commit[:2] / commit[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"x" * 40)
    assert "does not let the record be read" in refused(machine.elsewhere(host), LedgerError)


def test_who_asks_to_stop_while_the_host_is_away_is_heard(web: GitHost, online: Machine) -> None:
    online.patience = replace(IMPATIENT, offline=600.0, pause=600.0)
    with online.opened() as record:
        web.manners = Manners.AWAY
        record._book.told = lambda text: online.stop.soon("Ctrl-C")
        with pytest.raises(Interrupted):
            online.begin(record, ANN, BOB)


def test_a_host_that_knows_no_atomic_pushes_will_do(host: GitHost, machine: Machine) -> None:
    git("config", "receive.advertiseAtomic", "false", at=host.bare)
    machine.run(ANN, BOB)
    assert set(host.refs()) == {REF, WITNESS}
    assert both_accepted(machine)


def test_another_campaigns_run_at_the_same_time_is_no_matter(host: GitHost, machine: Machine) -> None:
    other = machine.elsewhere(host)
    other.record = "autumn"
    with machine.opened() as record:
        machine.begin(record, ANN)
        other.run(BOB)
    assert machine.standing(ANN) == {"ann": Status.PENDING}
    assert other.standing(BOB) == {"bob": Status.ACCEPTED}
    git("update-ref", "-d", f"{REF.rpartition('/')[0]}/autumn", at=host.bare)
    assert "was deleted" in refused(other, GuardError)


# -- a ref that somebody has changed --------------------------------------------------------------


def test_receipts_of_another_key_are_refused(host: GitHost, machine: Machine) -> None:
    machine.run(ANN)
    machine.secret = SECRET[::-1]
    assert "made with another SENDBATCH_RECEIPT_KEY" in refused(machine, GuardError)


def test_a_key_that_is_missing_empty_or_short_is_an_error_that_says_how_to_make_one(
    machine: Machine,
) -> None:
    for secret in ("", "  ", "short"):
        machine.secret = secret
        assert "openssl rand -hex 32" in refused(machine, CampaignError)


def test_a_deleted_ref_is_missed_and_said_with_how_many_it_knew(
    host: GitHost, machine: Machine
) -> None:
    machine.run(ANN, BOB)
    commit = host.refs()[REF]
    git("update-ref", "-d", REF, at=host.bare)
    said = refused(machine, GuardError)
    assert "2 recipients" in said
    (way,) = (line.strip() for line in said.splitlines() if "git push --force" in line)
    assert commit in way
    git("update-ref", REF, commit, at=host.bare)  # as the way on does, from a clone that has it
    assert both_accepted(machine)


def test_a_ref_that_was_set_back_is_missed(host: GitHost, machine: Machine) -> None:
    machine.run(ANN)
    before = host.refs()[REF]
    machine.run(ANN, BOB)
    git("update-ref", REF, before, at=host.bare)
    assert "was set back" in refused(machine, GuardError)


@pytest.mark.parametrize("name", ["about.json", "receipts-000001", "seal"])
def test_a_commit_that_somebody_without_the_key_has_changed_is_refused(
    host: GitHost, machine: Machine, name: str
) -> None:
    machine.run(ANN)
    data = host.show(REF, name).replace("1", "2") + "\n"
    (host.bare / "changed").write_text(data)
    blob = git("hash-object", "-w", "changed", at=host.bare)
    lines = git("ls-tree", REF, at=host.bare).splitlines()
    kept = [line for line in lines if not line.endswith(f"\t{name}")]
    tree = "\n".join([*kept, f"100644 blob {blob}\t{name}"]) + "\n"
    (host.bare / "tree").write_text(tree)
    made = git("-c", "alias.made=!git mktree <tree", "made", at=host.bare)
    commit = git("commit-tree", "-p", REF, "-m", "by hand", made, at=host.bare)
    git("update-ref", REF, commit, at=host.bare)
    said = refused(machine, SendbatchError)  # type: ignore[type-abstract]
    assert "nothing was sent" in said


def test_a_ref_that_leads_to_something_else_altogether_is_refused(
    host: GitHost, machine: Machine
) -> None:
    machine.run(ANN)
    git("update-ref", REF, git("rev-parse", "main", at=host.bare), at=host.bare)
    assert "was changed by somebody" in refused(machine, GuardError)


def test_a_record_of_a_newer_version_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FORMAT", 3)
    machine.run(ANN)
    monkeypatch.undo()
    assert "newer sendbatch" in refused(machine, LedgerError)


def test_a_repository_that_was_renamed_does_not_lose_its_records(
    host: GitHost, machine: Machine
) -> None:
    machine.run(ANN)
    machine.project = "127.0.0.1/store"
    said = refused(machine, GuardError)
    assert "was it renamed?" in said
    assert "127.0.0.1/shop" in said
    machine.project = "127.0.0.1/SHOP"  # another spelling is the same
    assert machine.standing(ANN) == {"ann": Status.ACCEPTED}


# -- git itself -----------------------------------------------------------------------------------


def test_a_machine_without_git_or_with_an_old_one_is_told_so(machine: Machine, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    machine.environ = {"PATH": str(tools)}
    assert "there is no git" in refused(machine, LedgerError)
    (tools / "git").write_text("#!/bin/sh\necho git version 2.17.1\n")
    (tools / "git").chmod(0o755)
    assert "2.17, is too old" in refused(machine, LedgerError)


def test_a_repository_of_another_user_is_told_with_what_to_do(machine: Machine) -> None:
    machine.environ = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": "/nonexistent"}
    said = refused(machine, LedgerError)
    assert "git config --global --add safe.directory" in said


def test_where_there_is_no_repository_or_no_origin_it_is_said(
    machine: Machine, tmp_path: Path
) -> None:
    git("remote", "remove", "origin", at=machine.checkout)
    assert "has no remote origin" in refused(machine, LedgerError)
    (tmp_path / "bare").mkdir()
    machine.checkout = tmp_path / "bare"
    machine.environ = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    assert "this is in none" in refused(machine, LedgerError)


def test_git_has_the_environment_but_our_keys_and_what_would_lead_it_astray(
    machine: Machine,
) -> None:
    environ = {
        "SENDBATCH_RECEIPT_KEY": SECRET, "SENDBATCH_PUSH_TOKEN": "kept", "GIT_DIR": "/nowhere",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "kept too",
    }  # fmt: skip
    machine.environ = environ
    here = Git(machine.checkout, machine.place.environ)
    seen = here.run("-c", "alias.e=!env", "e", seconds=20).out.decode()
    assert "SENDBATCH_PUSH_TOKEN=kept" in seen
    assert SECRET not in seen
    assert "GIT_DIR=/nowhere" not in seen
    assert here.run("config", "user.name", seconds=20).out == b"kept too\n"


def test_a_second_process_on_the_same_machine_is_told_who_has_the_record(machine: Machine) -> None:
    with machine.opened(), pytest.raises(LockedError, match="by another process"), machine.opened():
        pass
