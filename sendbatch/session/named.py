"""Who is meant by the keys and addresses that a person typed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from sendbatch.campaign.names import guess
from sendbatch.errors import CampaignError, one_line
from sendbatch.ledger.store import Draft
from sendbatch.planning.options import spellings
from sendbatch.reasons import reason
from sendbatch.values import Recipient
from sendbatch.words import listed, word

_MOST_NAMED = 10
_MOST_GUESSED = 20_000  # rows among which one that was meant is looked for


def named(draft: Draft, typed: Sequence[str], by: str = "--recipient") -> list[Recipient]:
    """Who is meant, each once. Raises CampaignError with all that mean nobody; `by` is what named them."""
    found: dict[int, Recipient] = {}
    strangers = []
    for one in typed:
        recipient = draft.people.named(spellings(one))
        if recipient is None:
            strangers.append(one)
        else:
            found[recipient.id] = recipient
    if strangers:
        names = listed([one_line(one, 320) for one in strangers], _MOST_NAMED)
        wrong = f"{by} names nobody in the plan: {names}"
        raise CampaignError(wrong, hint=_meant(draft, strangers[0]))
    return [*found.values()]


def _meant(draft: Draft, typed: str) -> str:
    """Why there is no message for a row that is there, or a guess at the key or address."""
    known: dict[str, None] = {}
    for entry in islice(draft.people.entries(), _MOST_GUESSED):
        if {entry.key, entry.email} & {*spellings(typed)}:
            words = reason(entry.why, entry.detail, entry.code)
            return one_line(f"row {entry.row} gets nothing: {word(entry.status)}: {words}", 500)
        known |= {entry.key: None, entry.email: None}
    near = guess(typed, known)
    if near is not None:
        return f"did you mean {one_line(near, 320)}?"
    return "give the key or the address as the CSV has it"
