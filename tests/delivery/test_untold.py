"""Whom the record may not know to be settled, and what is said of them."""

from __future__ import annotations

from sendbatch.delivery.untold import Untold, Unwritten
from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import Intent, Noted, Released, Settled
from sendbatch.values import Recipient, Status
from tests.kit.people import OUTCOMES


def person(number: int) -> Recipient:
    return Recipient(number, number + 1, f"p{number}", f"p{number}@example.org", ())


def intent(number: int) -> Intent:
    return Intent(number, "digest", 1.0, 1.0)


def settled(number: int, status: Status) -> Settled:
    return Settled(number, OUTCOMES[status], None, 2.0)


def test_how_each_has_ended_is_told_apart() -> None:
    untold = Untold()
    for number in range(1, 8):
        untold.begin(person(number))
    untold.written([intent(n) for n in (1, 2, 3, 4, 5)])
    untold.written([settled(1, Status.ACCEPTED), Noted("slowdown", "less", 1.0)])
    untold.lost([7])
    unwritten = [settled(2, Status.ACCEPTED), settled(3, Status.REJECTED), Released(4), intent(6)]
    told = {one.recipient.id: one.ended for one in untold.doubts(unwritten)}
    assert told == {
        2: Status.ACCEPTED,
        3: Status.REJECTED,
        4: Status.PENDING,
        5: Status.SENDING,
        6: Status.PENDING,
    }


def test_all_of_it_is_said_and_the_line_names_those_who_have_the_mail() -> None:
    untold = Untold()
    for number in range(1, 10):
        untold.begin(person(number))
    unwritten = [settled(number, Status.ACCEPTED) for number in range(1, 8)]
    error = Unwritten(
        RecordStopped("db/news does not answer", hint="run it again"), untold.doubts(unwritten)
    )
    assert error.exit_code == 3
    assert error.accepted == [f"p{number}" for number in range(1, 8)]
    assert str(error.settled_by("sendbatch resolve news.yaml p1 --as accepted")) == (
        "error: db/news does not answer; it was not told what became of 9 recipients, who may be in doubt "
        "there\n"
        "  the server has accepted: row 2 p1@example.org, row 3 p2@example.org, row 4 p3@example.org, "
        "row 5 p4@example.org, row 6 p5@example.org and 2 more\n"
        "  not sent: row 9 p8@example.org, row 10 p9@example.org\n"
        "  run it again\n"
        "  whom the server has accepted, should they be in doubt then, this settles:\n"
        "    sendbatch resolve news.yaml p1 --as accepted"
    )
