"""Rows of a CSV as the checks hand them over, and what has become of them in the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sendbatch.ledger.facts import Change, Difference, Entry, Failed, Intent, Settled
from sendbatch.ledger.store import Draft, Record, Staging
from sendbatch.reasons import reason
from sendbatch.rendering import batches
from sendbatch.values import Checked, Outcome, Reply, Status, Whom, Why

COLUMNS = ("email", "name")
LATER = Reply(451, "try again later", "RCPT", "4.3.0")
NEVER = Reply(550, "no such user", "RCPT", "5.1.1")
TAKEN = Reply(250, "queued", "MESSAGE", "2.0.0")

OUTCOMES = {
    Status.ACCEPTED: Outcome(Status.ACCEPTED, TAKEN),
    Status.REJECTED: Outcome(Status.REJECTED, NEVER),
    Status.DEFERRED: Outcome(Status.DEFERRED, LATER, Whom.RECIPIENT, Why.REFUSED, "recipient"),
    Status.IN_DOUBT: Outcome(Status.IN_DOUBT, None, Whom.CONNECTION, Why.UNANSWERED, "ended"),
    Status.FAILED: Outcome(Status.FAILED, None, Whom.MESSAGE, Why.TOO_LARGE, "9 8"),
}
LEFT_OUT = {
    Status.INVALID: Why.NO_ADDRESS,
    Status.FILTERED: Why.FILTERED,
    Status.SUPPRESSED: Why.SUPPRESSED,
    Status.DUPLICATE: Why.DUPLICATE,
}


def person(line: int, key: str, *, email: str | None = None, name: str = "you") -> Checked:
    """A row that may claim its key; the address is made of the key where none is given."""
    address = email if email is not None else f"{key}@example.com"
    domain = address.rpartition("@")[2].lower()
    return Checked(line, Status.PENDING, key, address, domain, (address, name))


def left_out(row: Checked, status: Status, why: Why | None = None) -> Checked:
    return row._replace(status=status, why=why or LEFT_OUT[status])


def staged(draft: Draft, *rows: Checked, columns: Sequence[str] = COLUMNS) -> Staging:
    """These rows, added and marked, before anything is settled."""
    staging = draft.stage(columns)
    staging.add(map(batches.staged, rows))
    staging.mark(map(batches.marks, rows))
    return staging


def stage(
    draft: Draft,
    rows: Iterable[Checked],
    suppress: Iterable[tuple[str, str]] = (),
    excepts: Sequence[str] = (),
) -> Difference:
    """A plan of these rows, in the draft; `excepts` has who has the mail by a person's word."""
    rows = list(rows)
    staging = staged(draft, *rows)
    staging.known_as((row.line, row.former_key) for row in rows if row.former_key)
    staging.suppress(suppress)
    staging.except_(0, excepts)
    staging.settle()
    difference = staging.difference()
    staging.finish(
        inputs="inputs",
        recipients_digest="recipients",
        content_digest="content",
        started_at=1.0,
        completed_at=2.0,
    )
    if excepts:
        draft.except_them("stands in a log", 44.0)
    return difference


def plan(
    record: Record,
    *rows: Checked,
    suppress: Iterable[tuple[str, str]] = (),
    excepts: Sequence[str] = (),
) -> Difference:
    with record.draft() as draft:
        difference = stage(draft, rows, suppress, excepts)
        draft.merge()
    return difference


def remember(record: Record, **lines: str) -> None:
    """Write lines of `meta`, `_` for a blank in their keys."""
    with record.draft() as draft:
        for key, value in lines.items():
            draft.remember(key.replace("_", " "), value)
        draft.merge()


def said(one: Entry) -> str | None:
    """The reason as people are told it."""
    return reason(one.why, one.detail, one.code, one.row) or None


def entries(record: Record, *, all_rows: bool = True) -> list[Entry]:
    return list(record.reading.entries(all_rows=all_rows))


def entry(record: Record, key: str) -> Entry:
    """The one row with this key but for duplicates, in the current plan or not."""
    (found,) = (
        one for one in entries(record) if one.key == key and one.status is not Status.DUPLICATE
    )
    return found


def statuses(record: Record, *, all_rows: bool = False) -> list[tuple[str, Status]]:
    return [(one.key, one.status) for one in entries(record, all_rows=all_rows)]


def outcome_of(id_: int, status: Status, at: float = 20.0) -> list[Change]:
    """The changes of a hand-over that ends so."""
    intent = Intent(id_, "digest", 10.0, 10.0)
    due = at + 60 if status is Status.DEFERRED else None
    match status:
        case Status.PENDING:
            return []
        case Status.SENDING:
            return [intent]
        case Status.ACCEPTED | Status.IN_DOUBT:
            return [intent, Settled(id_, OUTCOMES[status], due, at)]
        case Status.FAILED:
            return [Failed(id_, Why.TOO_LARGE, "9 8", at)]
        case _:
            return [Settled(id_, OUTCOMES[status], due, at)]


def clock() -> float:
    """For a queue whose retries nobody waits for."""
    return 0.0


def bring(record: Record, key: str, status: Status, at: float = 20.0) -> Entry:
    """Let this become of a row that can be sent to."""
    record.backlog(clock).apply(outcome_of(entry(record, key).id, status, at))
    found = entry(record, key)
    assert found.status is status
    return found


def someone(record: Record, status: Status, key: str = "ann") -> Entry:
    """A plan of one row that has come to this."""
    plan(record, person(2, key))
    return bring(record, key, status)
