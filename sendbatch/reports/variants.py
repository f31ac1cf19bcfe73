"""What became of each variant of the subject.

Which of them a recipient got is not written down: it follows from their key, and from the subjects that the
content had which they were sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sendbatch.ledger.person import is_forgotten
from sendbatch.ledger.store import Reading
from sendbatch.message.variants import Variants, recalled
from sendbatch.values import Status

# Where those stand who were tried with one: a person compares these.
OF_VARIANTS = (Status.ACCEPTED, Status.IN_DOUBT, Status.REJECTED, Status.DEFERRED)


@dataclass(frozen=True, slots=True)
class Variant:
    """`name` is its letter, `content` the full digest of what it was a variant of. `totals` are those who
    were last tried with it, by status."""

    name: str
    subject: str
    content: str
    totals: Mapping[Status, int]

    @property
    def recipients(self) -> int:
        return sum(self.totals.values())


def variants_of(store: Reading) -> dict[str, Variants]:
    """Those of each content that had any, by its digest."""
    found = {content: recalled(text) for content, text in store.subjects().items()}
    return {content: variants for content, variants in found.items() if variants is not None}


def by_variant(store: Reading) -> list[Variant]:
    """Of all variants of each content that anybody of the plan was tried with; the content of the last run
    is at the end."""
    known = variants_of(store)
    if not known:
        return []
    number_of = {content: variants.chooser() for content, variants in known.items()}
    counts: dict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
    for key, content, status in store.tried_with(known):  # of everybody, at each report
        if not is_forgotten(key):  # which one they got is forgotten, too
            counts[content][number_of[content](key), status] += 1
    order = [content for content, _ in store.contents()] + [store.meta("content") or ""]
    last = {content: place for place, content in enumerate(order)}
    return [
        Variant(
            name,
            known[content].subjects[number],
            content,
            {Status(status): many for (of, status), many in counts[content].items() if of == number},
        )
        for content in sorted(counts, key=lambda one: (last.get(one, -1), one))
        for number, name in enumerate(known[content].names)
    ]
