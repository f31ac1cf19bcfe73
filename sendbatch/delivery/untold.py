"""Of whom another machine's record may not know how they ended: for a run that could not tell it any more.

It is known here who was begun and is not settled in the record. Where no answer came to a commit, nobody
knows whether its intents stand; so whoever is begun may be found *sending* there, and be in doubt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sendbatch.delivery import words
from sendbatch.errors import RecordStopped, one_line
from sendbatch.ledger.facts import Change, Intent, Noted, Released, Remembered, Settled
from sendbatch.values import Recipient, Status
from sendbatch.words import word

NAMED = 5  # of those who ended alike


class Doubt(NamedTuple):
    """How one who was begun has ended: SENDING where the whole message may have left and nothing came,
    PENDING where it did not leave."""

    recipient: Recipient
    ended: Status


class Unwritten(RecordStopped):
    """The record can no longer be written, and these may be in doubt in it. `line` settles those that the
    server has accepted, if any."""

    def __init__(self, why: RecordStopped, doubts: Sequence[Doubt], line: str = "") -> None:
        settled = f"{words.SETTLED_BY}\n    {line}" if line else ""
        goes_on = f"  {why.hint}" if why.hint else ""
        hint = "\n".join(filter(None, (_told(doubts), goes_on, settled)))
        super().__init__(f"{why.message}; {words.may_be_in_doubt(len(doubts))}", hint=hint)
        self.doubts = tuple(doubts)
        self._why = why

    @property
    def accepted(self) -> list[str]:
        """Keys of those that the server has accepted."""
        return [one.recipient.key for one in self.doubts if one.ended is Status.ACCEPTED]

    def settled_by(self, line: str) -> Unwritten:
        """The same, with this line."""
        return Unwritten(self._why, self.doubts, line)


def _told(doubts: Sequence[Doubt]) -> str:
    """How each of them has ended, a line for those alike."""
    lines = []
    for ended in dict.fromkeys(one.ended for one in doubts):
        alike = [one.recipient for one in doubts if one.ended is ended]
        named = ", ".join(f"row {one.row} {one_line(one.email, 80)}" for one in alike[:NAMED])
        more = f" and {len(alike) - NAMED:,} more" if len(alike) > NAMED else ""
        lines.append(f"  {words.ENDED_SO.get(ended, word(ended))}: {named}{more}")
    return "\n".join(lines).lstrip()


class Untold:
    """`begin` is told before an intent is written, `written` what has become durable, `lost` whose intent did
    not hold."""

    def __init__(self) -> None:
        self._begun: dict[int, Recipient] = {}
        self._durable: set[int] = set()  # their intents: the dot may have left

    def begin(self, recipient: Recipient) -> None:
        self._begun[recipient.id] = recipient

    def written(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if isinstance(change, Intent):
                self._durable.add(change.id)
            elif not isinstance(change, Noted | Remembered):
                self._forget(change.id)

    def lost(self, ids: Collection[int]) -> None:
        for id_ in ids:
            self._forget(id_)

    def _forget(self, id_: int) -> None:
        self._begun.pop(id_, None)
        self._durable.discard(id_)

    def doubts(self, unwritten: Sequence[Change]) -> list[Doubt]:
        """Who may be in doubt, by line, where these changes may not stand in the record."""
        ended = {one.id: one.outcome.status for one in unwritten if isinstance(one, Settled)}
        returned = {one.id for one in unwritten if isinstance(one, Released)}
        found = []
        for id_, recipient in self._begun.items():
            left = Status.SENDING if id_ in self._durable - returned else Status.PENDING
            found.append(Doubt(recipient, ended.get(id_, left)))
        return sorted(found, key=lambda one: one.recipient.row)
