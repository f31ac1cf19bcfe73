"""What one machine has told in the repository, and the next one finds: whatever ended the first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from sendbatch.errors import AnotherRun, LockedError, RecordStopped
from sendbatch.ledger.facts import Intent, Retried
from sendbatch.ledger.git.place import Patience
from sendbatch.ledger.git.record import GitRecord
from sendbatch.values import Status
from tests.kit.githost import GitHost, git
from tests.kit.machine import Machine, announce
from tests.kit.people import entry, outcome_of, person, stage, staged

ANN, BOB, CLEO, DAN, EVE = (person(n, key) for n, key in enumerate(("ann", "bob", "cleo", "dan", "eve"), 2))
EVERYONE = (ANN, BOB, CLEO, DAN, EVE)
REF = "refs/sendbatch/127.0.0.1%2Fshop/news"


class Killed(BaseException):
    """As by SIGKILL: nothing that this machine would still do is done."""


@contextlib.contextmanager
def killed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitRecord]:
    with contextlib.suppress(Killed), machine.opened() as record:
        yield record
        monkeypatch.setattr(GitRecord, "end", lambda self, at, is_over=False: None)
        raise Killed
    monkeypatch.undo()


def test_another_machine_goes_on_where_one_has_ended(host: GitHost, machine: Machine) -> None:
    outcomes = {
        "bob": Status.REJECTED,
        "cleo": Status.DEFERRED,
        "dan": Status.FAILED,
        "eve": Status.IN_DOUBT,
    }
    machine.run(*EVERYONE, outcomes=outcomes)
    other = machine.elsewhere(host)
    with other.opened() as record:
        assert not other.said
        other.plan(record, *EVERYONE)
        found = {one.key: one for one in record.reading.entries()}

    assert {key: one.status for key, one in found.items()} == {"ann": Status.ACCEPTED, **outcomes}
    assert found["bob"].code == 550
    assert found["bob"].enhanced == "5.1.1"
    assert found["cleo"].due_at == machine.at + 60
    assert found["ann"].content == "digest"
    assert found["ann"].dated_at == 10.0
    assert found["ann"].attempts == 1


def test_who_has_the_mail_by_the_word_of_a_file_has_it_for_the_next_machine_too(
    host: GitHost, machine: Machine
) -> None:
    with machine.opened() as record, record.draft() as draft:
        stage(draft, [ANN, BOB], excepts=["ann"])
        draft.merge()

    assert machine.elsewhere(host).standing(ANN, BOB) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_who_was_announced_and_not_sent_to_is_as_before(machine: Machine) -> None:
    with machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        ann, bob = backlog.claim_new(0, 9)
        announce(backlog, [ann.id, bob.id])
        backlog.apply(outcome_of(ann.id, Status.ACCEPTED))
        backlog.give_back([bob.id])
        backlog.end()

    assert machine.standing(ANN, BOB) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_a_run_that_was_killed_leaves_its_block_in_doubt_and_no_one_else(
    host: GitHost, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(machine, monkeypatch) as record:
        backlog = machine.begin(record, *EVERYONE)
        machine.send(backlog, {}, most=2)
        block = backlog.claim_new(0, 2)
        announce(backlog, [one.id for one in block])
        backlog.apply(outcome_of(block[0].id, Status.ACCEPTED))

    other = machine.elsewhere(host)
    with other.opened() as record:
        assert record.recover(other.at) == 2
        other.plan(record, *EVERYONE)
        found = {one.key: one.status for one in record.reading.entries()}

    sent, doubt, left = Status.ACCEPTED, Status.IN_DOUBT, Status.PENDING
    assert found == {"ann": sent, "bob": sent, "cleo": doubt, "dan": doubt, "eve": left}
    assert "looking for 0.05 s whether it is alive" in other.said[0]


def test_what_a_machine_found_in_doubt_is_so_for_the_one_after_it(
    host: GitHost, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(machine, monkeypatch) as record:
        backlog = machine.begin(record, ANN, BOB)
        announce(backlog, [one.id for one in backlog.claim_new(0, 1)])
    machine.run(ANN, BOB)
    assert machine.standing(ANN, BOB) == {"ann": Status.IN_DOUBT, "bob": Status.ACCEPTED}
    assert machine.said[1:] == []


def test_an_intent_that_was_not_announced_never_becomes_durable(machine: Machine) -> None:
    with machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        ann, bob = backlog.claim_new(0, 9)
        announce(backlog, [ann.id])
        with pytest.raises(RecordStopped, match="not announced"):
            backlog.apply([Intent(bob.id, "digest", 10.0, 10.0)])

    assert machine.standing(ANN, BOB) == {"ann": Status.PENDING, "bob": Status.PENDING}


def test_who_is_no_longer_in_the_csv_is_carried_over_and_found_when_they_are_back(
    host: GitHost, machine: Machine
) -> None:
    machine.run(ANN, BOB, outcomes={"bob": Status.REJECTED})
    machine.run(CLEO)
    other = machine.elsewhere(host)
    assert other.standing(*EVERYONE) == {
        "ann": Status.ACCEPTED,
        "bob": Status.REJECTED,
        "cleo": Status.ACCEPTED,
        "dan": Status.PENDING,
        "eve": Status.PENDING,
    }


def test_pages_are_folded_at_the_end_of_a_run_and_tell_the_same(
    host: GitHost, machine: Machine
) -> None:
    many = [person(n, f"p{n}") for n in range(2, 14)]
    with machine.opened() as record:
        backlog = machine.begin(record, *many)
        for _ in range(9):
            machine.send(backlog, {}, most=1)
        backlog.end()

    names = git("ls-tree", "--name-only", REF, at=host.bare).split()
    assert len([name for name in names if name.startswith("receipts-")]) == 1
    found = machine.standing(*many)
    assert list(found.values()) == [Status.ACCEPTED] * 9 + [Status.PENDING] * 3


def test_of_two_that_began_at_once_one_goes_on_and_the_other_sends_nothing_more(
    host: GitHost, machine: Machine
) -> None:
    other = machine.elsewhere(host)
    with machine.opened() as first:
        backlog = machine.begin(first, ANN, BOB)
        with other.opened() as second:
            late = other.begin(second, ANN, BOB)
            (ann, _) = backlog.claim_new(0, 9)
            with pytest.raises(AnotherRun) as raised:
                announce(backlog, [ann.id])
            assert raised.value.exit_code == 5
            other.send(late, {})
            late.end()
        with pytest.raises(RecordStopped, match="not announced"):
            backlog.apply([Intent(ann.id, "digest", 10.0, 10.0)])

    assert machine.standing(ANN, BOB) == dict.fromkeys(("ann", "bob"), Status.ACCEPTED)


def test_a_run_that_moves_its_ref_is_left_alone(host: GitHost, machine: Machine) -> None:
    other = machine.elsewhere(host)
    other.patience = Patience(watch=30.0, answer=20.0, offline=1.0)
    with machine.opened() as record:
        backlog = machine.begin(record, ANN)

        def moves(text: str) -> None:  # as soon as the other one has begun to look
            announce(backlog, [one.id for one in backlog.claim_new(0, 9)])

        other.said = type("Heard", (list,), {"append": lambda self, text: moves(text)})()
        with pytest.raises(LockedError, match="its record in the repository moves"), other.opened():
            pass


def test_what_was_paused_for_too_long_sends_nothing_more(machine: Machine) -> None:
    machine.patience = Patience(watch=0.05, answer=20.0, offline=0.4, holds=-1.0)
    with machine.opened() as record:
        backlog = machine.begin(record, ANN)
        (ann,) = backlog.claim_new(0, 9)
        announce(backlog, [ann.id])
        with pytest.raises(RecordStopped, match="paused"):
            backlog.apply([Intent(ann.id, "digest", 10.0, 10.0)])


def test_doubts_of_a_run_that_may_only_sleep_are_not_sent_to_again_by_a_persons_word_before_it_has_stopped(
    host: GitHost, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(machine, monkeypatch) as record:
        backlog = machine.begin(record, ANN, BOB)
        announce(backlog, [one.id for one in backlog.claim_new(0, 9)])

    other = machine.elsewhere(host)
    other.at += 800
    with other.opened() as record:
        other.plan(record, ANN, BOB)
        with record.draft() as draft, pytest.raises(LockedError, match="may still be sent to"):
            draft.resend()
        with pytest.raises(LockedError, match="may still be sent to"):
            record.resolve([("ann",)], Status.PENDING, other.at)
        assert record.resolve([("bob",)], Status.ACCEPTED, other.at) == []
    other.at += 200
    with other.opened() as record:
        other.plan(record, ANN, BOB)
        assert record.resolve([("ann",)], Status.PENDING, other.at) == []
    assert other.standing(ANN, BOB) == {"ann": Status.PENDING, "bob": Status.ACCEPTED}


def test_what_became_of_everybody_is_told_where_a_run_is_to_end_at_once_too(
    host: GitHost, machine: Machine
) -> None:
    with machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        machine.send(backlog, {}, most=1)
        host.hook("sleep 1")  # longer than it takes to see that somebody wants to end
        machine.stop.now("Ctrl-C")
        backlog.end()

    other = machine.elsewhere(host)
    assert other.standing(ANN, BOB) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}


def test_a_last_push_that_is_cut_off_is_told_as_that_and_not_as_a_repository_that_is_away(
    host: GitHost, machine: Machine
) -> None:
    machine.patience = Patience(watch=0.05, answer=20.0, offline=0.4, hurried=0.0)
    with contextlib.suppress(RecordStopped), machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        machine.send(backlog, {}, most=1)
        host.hook("sleep 1")
        machine.stop.now("Ctrl-C")
        with pytest.raises(RecordStopped, match="was ended at once"):
            backlog.end()


@pytest.mark.parametrize("word", ["retry", "another address"])
def test_who_was_settled_out_of_such_a_doubt_is_not_sent_to_before_it_has_stopped_either(
    host: GitHost, machine: Machine, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    machine.meta["key"] = "customer_id"
    with killed(machine, monkeypatch) as record:
        backlog = machine.begin(record, ANN, BOB)
        announce(backlog, [one.id for one in backlog.claim_new(0, 1)])

    other = machine.elsewhere(host)
    with other.opened() as record:
        other.plan(record, ANN, BOB)
        assert record.resolve([("ann",)], Status.REJECTED, other.at) == []
    ann = ANN if word == "retry" else person(2, "ann", email="ann@new.example")

    def begun(at: float) -> list[str]:
        other.at = at
        with other.opened() as record, record.draft() as draft:
            stage(draft, [ann, BOB])
            if word == "retry":
                draft.retry([Retried(Status.REJECTED)], at)
            record.claim(at)
            return [one.key for one in draft.to_send()]

    died = other.at
    with pytest.raises(LockedError, match="row 2: settled since, and the run that was cut off"):
        begun(died)
    other.run(BOB)  # others are sent to all the while, and the time stays with whom it is about
    with pytest.raises(LockedError, match="row 2: settled since"):
        begun(died + 890)
    assert begun(died + 905) == ["ann"]


def test_a_corrected_address_counts_where_the_message_was_refused_and_not_where_it_was_sent(
    machine: Machine,
) -> None:
    machine.meta["key"] = "customer_id"
    machine.run(ANN, BOB, outcomes={"bob": Status.REJECTED})
    moved = [person(2, "ann", email="ann@new.example"), person(3, "bob", email="bob@new.example")]
    assert machine.standing(*moved) == {"ann": Status.ACCEPTED, "bob": Status.PENDING}
    assert machine.standing(ANN, BOB) == {"ann": Status.ACCEPTED, "bob": Status.REJECTED}


def test_it_is_known_whether_a_message_in_doubt_would_be_the_same_again(machine: Machine) -> None:
    machine.run(ANN, BOB, outcomes=dict.fromkeys(("ann", "bob"), Status.IN_DOUBT))
    with machine.opened() as record, record.draft() as draft:
        staging = staged(draft, ANN, person(3, "bob", name="another"))
        staging.settle()
        corrected = staging.corrected_doubt()
    with machine.opened() as record:
        machine.plan(record, ANN, BOB)
        assert entry(record, "ann").id not in corrected
    assert len(corrected) == 1


def test_nothing_of_a_person_stands_in_the_repository(host: GitHost, machine: Machine) -> None:
    machine.run(*EVERYONE, outcomes={"bob": Status.REJECTED, "cleo": Status.DEFERRED})
    listed = git("cat-file", "--batch-all-objects", "--batch-check", at=host.bare).splitlines()
    blobs = [line.split()[0] for line in listed if " blob " in line]
    packed = "".join(git("cat-file", "blob", blob, at=host.bare) for blob in blobs)
    assert blobs
    for word in ("example.com", "ann", "bob", "no such user", "try again", machine.secret):
        assert word not in packed


def test_ids_of_one_record_are_not_those_of_another(host: GitHost, machine: Machine) -> None:
    machine.run(ANN)
    machine.record = "news@2"
    machine.run(ANN)
    first, second = (host.show(ref, "receipts-000001").split()[0] for ref in (REF, f"{REF}@2"))
    assert first != second


def test_a_checkout_is_left_as_it_was(host: GitHost, machine: Machine) -> None:
    def state() -> tuple[str, ...]:
        about = ("for-each-ref", "status --porcelain --ignored -- :!reports", "config --list --local")
        files = sorted(str(one) for one in (machine.checkout / ".git").rglob("*"))
        return (*(git(*words.split(), at=machine.checkout) for words in about), *files)

    git("status", at=machine.checkout)
    before = state()
    machine.run(*EVERYONE)
    machine.run(*EVERYONE)
    assert state() == before


def test_a_campaign_in_a_subfolder_of_the_repository_is_like_any_other(machine: Machine) -> None:
    machine.checkout = machine.checkout / "campaigns"
    machine.checkout.mkdir()
    machine.run(ANN)
    machine.run(ANN, BOB)
    assert machine.standing(ANN, BOB) == dict.fromkeys(("ann", "bob"), Status.ACCEPTED)


def test_a_shallow_clone_will_do(host: GitHost, machine: Machine) -> None:
    machine.run(ANN)
    shallow = host.bare.parent / "shallow"
    git("clone", "-q", "--depth=1", f"file://{host.bare}", str(shallow), at=host.bare.parent)
    other = Machine(shallow)
    other.run(ANN, BOB)
    assert git("rev-list", "--count", "HEAD", at=shallow) == "1"
    assert machine.standing(ANN, BOB) == dict.fromkeys(("ann", "bob"), Status.ACCEPTED)


def test_a_disk_that_cannot_be_written_will_do(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = machine.checkout / "reports"
    reports.mkdir()
    (reports / "news").mkdir()
    (reports / "news" / "working").write_text("in the way")
    machine.run(ANN)
    assert machine.standing(ANN) == {"ann": Status.ACCEPTED}


def test_an_announcement_that_is_cancelled_leaves_nobody_as_sending(machine: Machine) -> None:
    async def cancelled(block: list[int]) -> None:
        task = asyncio.ensure_future(backlog.announce(block))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with machine.opened() as record:
        backlog = machine.begin(record, ANN, BOB)
        asyncio.run(cancelled([one.id for one in backlog.claim_new(0, 9)]))
        backlog.end()
    assert machine.standing(ANN, BOB) == dict.fromkeys(("ann", "bob"), Status.PENDING)


