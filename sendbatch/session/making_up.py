"""Recipients made up in the place of real ones, so that their messages take the same ways: what strangers
may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import NamedTuple

from sendbatch.campaign.language.environment import is_template, names_in
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import usable
from sendbatch.errors import CampaignError, Finding, Place, one_line
from sendbatch.findings import Rule
from sendbatch.message.versions.texts import TEXTS
from sendbatch.planning.preparing import Prepared
from sendbatch.preview.made_up import LEVELS, MadeUp, own_words
from sendbatch.preview.stand_ins import with_stand_ins
from sendbatch.rendering.batches import Alike, Looked
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Looking
from sendbatch.session.job import Job
from sendbatch.values import Recipient
from sendbatch.words import listed

_ROUNDS = 5
_FEW_ALONE = 5  # letters that one person gets: fewer may be languages
_MOST_NAMED = 100
_EACH = 6  # rows made up in one round, at each level


def pool_of(prepared: Prepared) -> Pool:
    """It builds the messages of rows that are made up: no file of a recipient's own is read for them."""
    return prepared.pool.of(with_stand_ins(prepared.content))


def made_up(
    job: Job, prepared: Prepared, pool: Pool, real: Sequence[tuple[Recipient, Alike]]
) -> dict[int, MadeUpRow]:
    """By the real one's ID; whoever has no like was tried some hundred times."""
    words, numbers = own_words(prepared.content), count(-1, -1)
    looking = pool.looking(Looking(traces=True))
    found: dict[int, MadeUpRow] = {}
    for _ in range(_ROUNDS):
        tried: dict[int, tuple[Recipient, Alike, MadeUpRow]] = {}
        rows = []
        for level in range(LEVELS):
            for one, alike in real:
                for _ in range(0 if one.id in found else _EACH):
                    made = MadeUp(job.edge.random, words, level)
                    row = made.recipient(one, next(numbers))
                    if row.email.lower() != one.email.lower():
                        tried[row.id] = one, alike, MadeUpRow(row, made.stays)
                        rows.append(row)
        if not rows:
            break
        for row, looked in looking.looks(rows, job.now(), job.stop.heed):
            one, alike, made_row = tried[row.id]
            if isinstance(looked, Looked) and _is_like(looked.alike, alike):
                found.setdefault(one.id, made_row)
    return found


class MadeUpRow(NamedTuple):
    """`stays` are the real one's cells of which something is in it, and whether all of it is."""

    recipient: Recipient
    stays: Mapping[str, bool]


def refuse_letters_of_ones_own(campaign: Campaign, prepared: Prepared) -> None:
    """Raises CampaignError where the file of a letter is called as one person is: its text is theirs, and
    nothing of it can be made up."""
    by_row, recipients = prepared.content.by_row, campaign.recipients
    if by_row is None:
        return
    key = usable(recipients.email) if recipients.key is None else recipients.key
    whose = {usable(recipients.email), *(names_in(key) if is_template(key) else (key,))}
    path = next((one.written for one in by_row.paths.values() if names_in(one.written) & whose), None)
    if path is None:
        shares = (axis.shares for axis in prepared.spread.axes if axis.what == TEXTS)
        numbers = [share.number - share.by_fallback for share in chain.from_iterable(shares)]
        taken, alone = sum(number > 0 for number in numbers), numbers.count(1)
        if alone > _FEW_ALONE and 2 * alone > taken:
            path = next(iter(by_row.paths.values())).written
    if path is not None:
        said = f"--masked: {one_line(path, 200)} is a letter for each person, and a text cannot be made up"
        hint = "show the page without --masked only to whoever may see the letters"
        raise CampaignError(Rule.WRONG_USAGE.finding(said, hint=hint))


def what_stays(
    columns: Mapping[int, str], rows: Iterable[tuple[Recipient, MadeUpRow]]
) -> str | None:
    """In a sentence, by these columns."""
    whole: dict[str, None] = {}
    parts: dict[str, None] = {}
    for real, made in rows:
        for place, name in columns.items():
            is_whole = made.stays.get(real.cells[place])
            if is_whole is not None:
                (whole if is_whole else parts)[one_line(name, 60)] = None
    said = [f"whole cells of {listed([*whole], _MOST_NAMED)}"] if whole else []
    if only := [name for name in parts if name not in whole]:
        said.append(
            f"of {listed(only, _MOST_NAMED)} a part of a cell (such as a first digit, a year, or a word of "
            "the templates)"
        )
    if not said:
        return None
    return f"Not made up, so that the templates take the same ways: {'; '.join(said)}."


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
