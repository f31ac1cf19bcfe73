"""Recipients made up in the place of real ones, so that their messages take the same ways: what strangers
may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from sendbatch.errors import Finding, Place
from sendbatch.findings import Rule
from sendbatch.planning.preparing import Prepared
from sendbatch.preview.made_up import LEVELS, MadeUp, own_words
from sendbatch.preview.stand_ins import with_stand_ins
from sendbatch.rendering.batches import Alike, Looked
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Looking
from sendbatch.session.job import Job
from sendbatch.values import Recipient

_ROUNDS = 5
_EACH = 6  # rows made up in one round, at each level


def pool_of(prepared: Prepared) -> Pool:
    """It builds the messages of rows that are made up: no file of a recipient's own is read for them."""
    return prepared.pool.of(with_stand_ins(prepared.content))


def made_up(
    job: Job, prepared: Prepared, pool: Pool, real: Sequence[tuple[Recipient, Alike]]
) -> dict[int, Recipient]:
    """By the real one's ID; whoever has no like was tried some hundred times."""
    words, numbers = own_words(prepared.content), count(-1, -1)
    looking = pool.looking(Looking(traces=True))
    found: dict[int, Recipient] = {}
    for _ in range(_ROUNDS):
        tried: dict[int, tuple[Recipient, Alike]] = {}
        rows = []
        for level in range(LEVELS):
            for one, alike in real:
                for _ in range(0 if one.id in found else _EACH):
                    row = MadeUp(job.edge.random, words, level).recipient(one, next(numbers))
                    tried[row.id] = one, alike
                    rows.append(row)
        if not rows:
            break
        for row, looked in looking.looks(rows, job.now(), job.stop.heed):
            one, alike = tried[row.id]
            if isinstance(looked, Looked) and _is_like(looked.alike, alike):
                found.setdefault(one.id, row)
    return found


def _is_like(made: Alike, real: Alike) -> bool:
    """The number of attachments may differ: files of their own are stood in for."""
    return (made.ways, made.versions) == (real.ways, real.versions)


def without_data(finding: Finding, files: Mapping[str, object]) -> Finding:
    """What its rule says of all its like: the words of a finding may quote a cell. The place stays, where
    it is in one of these `files`, which the author wrote."""
    rule = next((one for one in Rule if one.id == finding.rule), None)
    said = rule.meaning if rule is not None else "something was found"
    place = finding.place
    if place is not None:
        place = replace(place, text=None) if place.file in files else None
    return replace(finding, place=place, message=said, hint=rule.remedy if rule else None)


def place_in(reason: str, files: Mapping[str, object]) -> Place | None:
    """Where a fault of a template is, as far as its words begin with a file of the author's."""
    file, colon, rest = reason.partition(":")
    line = rest.partition(":")[0]
    if file not in files or not colon:
        return None
    return Place(file, int(line) if line.isdecimal() else None)
