"""What the record amounts to: totals, timings, and whether that is a success.

Nothing here holds more of the record than a screenful, whatever the number of recipients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

from sendbatch.campaign.model import Tolerance
from sendbatch.findings import Group, Groups
from sendbatch.ledger.approvals import NO_APPROVALS, Approvals, approvals_of
from sendbatch.ledger.facts import Entry, Held
from sendbatch.ledger.store import Reading
from sendbatch.reasons import reason
from sendbatch.reports.variants import Variant, by_variant
from sendbatch.values import Status

# In the order in which a person should look at them: doubt first, as only a person can settle it.
NEEDS_ATTENTION = (
    Status.IN_DOUBT,
    Status.REJECTED,
    Status.FAILED,
    Status.DEFERRED,
    Status.INVALID,
)
UNFINISHED = (Status.PENDING, Status.SENDING)
LOOKED_AT = 10_000  # recipients of each status, for what they have in common
NOT_COUNTED = (Status.FILTERED, Status.SUPPRESSED, Status.DUPLICATE, Status.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class ReplyGroup:
    """A reply that `recipients` recipients were last answered with."""

    code: int
    enhanced: str | None
    text: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What is the matter with these recipients: `found.words` are the reply and the reason."""

    status: Status
    found: Group


@dataclass(frozen=True, slots=True)
class Without:
    """Who stands so and has no mail: how many, and the rows of the first."""

    status: Status
    rows: tuple[int, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What a record amounts to.

    `totals` has each status that occurs in the current plan, `departed` each of those once tried
    that the plan no longer has. `first_attempt_at` and `finished_at` (seconds since the epoch)
    span all attempts, over all runs. `replies` come most frequent first. `contents` are full
    digests with the number of recipients each was sent to, `servers` with the number accepted
    through each. `attention` is why a person should look at whom: the first few reasons.
    """

    totals: Mapping[Status, int]
    departed: Mapping[Status, int]
    first_attempt_at: float | None
    finished_at: float | None
    replies: tuple[ReplyGroup, ...]
    contents: tuple[tuple[str, int], ...]
    servers: tuple[tuple[str, int], ...]
    attention: tuple[Attention, ...]
    held: tuple[Held, ...] = ()  # who is deferred by 5xx, by the reply
    variants: tuple[Variant, ...] = ()  # of the subject, by content
    approvals: Approvals = NO_APPROVALS  # of what was sent

    @property
    def counted(self) -> int:
        """How many were to get the mail: all but filtered, suppressed, duplicate, withdrawn."""
        return counted(self.totals)

    @property
    def needing_attention(self) -> int:
        return sum(self.totals.get(status, 0) for status in NEEDS_ATTENTION)

    @property
    def settled(self) -> Tally:
        """The same where nobody is sending: a row still *sending* was left by a run that died, and is in
        doubt."""
        variants = tuple(replace(one, totals=settled(one.totals)) for one in self.variants)
        return replace(self, totals=settled(self.totals), variants=variants)

    @property
    def seconds(self) -> float | None:
        """From the first attempt to the last outcome; None before there is one."""
        if self.first_attempt_at is None or self.finished_at is None:
            return None
        return max(0.0, self.finished_at - self.first_attempt_at)

    @property
    def messages_a_second(self) -> float | None:
        """Accepted messages over the whole span, pauses between runs included."""
        accepted = self.totals.get(Status.ACCEPTED, 0)
        return accepted / self.seconds if accepted and self.seconds else None


def take(store: Reading, attention: int = 10, *, live: bool = False) -> Tally:
    """Reads what the record amounts to, with at most `attention` reasons to look at somebody.

    `live` says that a process is sending now. Otherwise a row still *sending* was left by one that
    died, and counts as in doubt.
    """
    totals = _without_zeros(store.totals())
    if not live:
        totals = settled(totals)
    first_attempt_at, finished_at = store.span()
    return Tally(
        totals=totals,
        departed=_without_zeros(store.departed()),
        first_attempt_at=first_attempt_at,
        finished_at=finished_at,
        replies=tuple(ReplyGroup(*group) for group in store.replies()),
        contents=tuple(store.contents()),
        servers=tuple(store.servers()),
        attention=_attention(store, totals, attention, live),
        held=tuple(store.held()) if Status.DEFERRED in totals else (),
        variants=tuple(_counted(one, live=live) for one in by_variant(store)),
        approvals=approvals_of(store),
    )


def without_mail(
    store: Reading, totals: Mapping[Status, int], most: int = 20
) -> tuple[Without, ...]:
    """Who needs attention, by status, with the first `most` rows of all together; `totals` are the
    record's."""
    found: list[Without] = []
    for status in NEEDS_ATTENTION:
        if number := totals.get(status, 0):
            room = most - sum(len(one.rows) for one in found)
            rows = islice(store.report_rows((status,)), room) if room else ()
            found.append(Without(status, tuple(row[0] for row in rows), number))
    return tuple(found)


def counted(totals: Mapping[Status, int]) -> int:
    """How many of `totals` were to get the mail."""
    return sum(number for status, number in totals.items() if status not in NOT_COUNTED)


def exit_code(totals: Mapping[Status, int], tolerance: Tolerance) -> int:
    """How a run over these recipients ends: 0 all have the mail, 1 not all, 3 not finished.

    `tolerance` is how many of those that count may go without and it still is 0.
    """
    if any(totals.get(status, 0) for status in UNFINISHED):
        return 3
    everyone = counted(totals)
    without = everyone - totals.get(Status.ACCEPTED, 0)
    if tolerance.share is None:
        return 0 if without <= tolerance.count else 1
    # The small term: 0.29 of 100 is 28.999… in binary and must allow 29.
    return 0 if without <= tolerance.share * everyone + 1e-9 else 1


def _counted(variant: Variant, *, live: bool) -> Variant:
    return variant if live else replace(variant, totals=settled(variant.totals))


def settled(totals: Mapping[Status, int]) -> dict[Status, int]:
    """The same where nobody is sending: a row still *sending* is in doubt."""
    known = dict(totals)
    if left := known.pop(Status.SENDING, 0):
        known[Status.IN_DOUBT] = known.get(Status.IN_DOUBT, 0) + left
    return known


def _without_zeros(totals: Mapping[Status, int]) -> dict[Status, int]:
    return {status: number for status, number in totals.items() if number}


def _attention(
    store: Reading, totals: Mapping[Status, int], most: int, live: bool
) -> tuple[Attention, ...]:
    """A fair share of each status, so that a thousand invalid rows do not hide one in doubt."""
    heads = []
    for status in NEEDS_ATTENTION:
        if most and status in totals:
            doubtful = status is Status.IN_DOUBT and not live
            sought = (status, Status.SENDING) if doubtful else (status,)
            found = Groups(wordings=1)
            for entry in islice(store.entries(sought), LOOKED_AT):
                who, code = (
                    entry.email or entry.key or "(no address)",
                    f"{entry.code} {entry.enhanced}",
                )
                found.add(_words(entry), entry.row, who, code)
            heads.append([Attention(status, one) for one in islice(found, most)])
    in_turn = [one for turn in zip_longest(*heads) for one in turn if one is not None]
    return tuple(sorted(in_turn[:most], key=lambda one: NEEDS_ATTENTION.index(one.status)))


def _words(entry: Entry) -> str:
    said = reason(entry.why, entry.detail, entry.code)
    reply = " ".join(str(part) for part in (entry.code, entry.enhanced, entry.reply) if part)
    return " · ".join(part for part in (reply, said) if part)
