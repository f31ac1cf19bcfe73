"""The gallery: whom of a plan it shows, its page in the record's folder or elsewhere, and when it is
removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.campaign.names import guess, usable
from sendbatch.errors import CampaignError, LedgerError, one_line
from sendbatch.findings import Rule
from sendbatch.ledger.facts import Plan
from sendbatch.ledger.store import Draft, Reading
from sendbatch.planning.options import spellings
from sendbatch.planning.preparing import Prepared
from sendbatch.rendering.batches import Alike, Looked
from sendbatch.rendering.setup import Looking
from sendbatch.session.job import Job
from sendbatch.values import Message, Recipient
from sendbatch.words import listed

if TYPE_CHECKING:
    from sendbatch.preview.choosing import Choice
    from sendbatch.preview.document import Document, Made
    from sendbatch.preview.told import Words
    from sendbatch.session.overview import Overview

# A run that finds no gallery imports nothing of that room: it begins that much sooner.

FOLDER = "preview"
_MOST_NAMED = 10
_MOST_GUESSED = 20_000  # keys among which one that was meant is looked for


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked of the gallery: these `recipients` (keys or addresses) in any case, and no more
    than `most` others (None: as many as there are kinds of messages, within bounds)."""

    recipients: tuple[str, ...] = ()
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Gallery:
    """A page that was written, and the plan whose messages it shows."""

    page: Path
    plan: Overview

    @property
    def exit_code(self) -> int:
        """As that of the plan."""
        return self.plan.exit_code


class Showing:
    """Whom a gallery shows, found while every message is built: `told` is given each of them."""

    def __init__(self, job: Job, draft: Draft, prepared: Prepared, asked: Asked) -> None:
        from sendbatch.preview.choosing import Survey

        self._job, self._draft, self._prepared, self._asked = job, draft, prepared, asked
        self._named = named(draft, asked.recipients)
        self._survey = Survey(_used(job, draft, prepared))
        self._candidates = _Candidates(draft, prepared)

    def told(self, recipient: Recipient, looked: Looked) -> None:
        """One more message that can be built."""
        if self._candidates.has(recipient):
            self._survey.add(recipient, looked.alike)

    def choice(self) -> Choice:
        """Whom to show."""
        from sendbatch.preview.choosing import MOST

        most = MOST if self._asked.most is None else self._asked.most
        return self._survey.choice(self._looked_at(), most)

    def _looked_at(self) -> list[tuple[Recipient, Alike]]:
        """Those who are asked for, without whom no message can be built for."""
        pool = self._prepared.pool.looking(Looking(traces=True))
        found = pool.looks(self._named, self._job.now(), self._job.stop.heed)
        return [(one, looked.alike) for one, looked in found if isinstance(looked, Looked)]

    def write(self, choice: Choice) -> Path:
        """The page's path. Raises LedgerError where it cannot be written."""
        from sendbatch.preview.gallery import write_gallery
        from sendbatch.preview.told import Words

        job, draft, prepared = self._job, self._draft, self._prepared
        plan = draft.people.plan()
        made = _made(job, plan, prepared.content.digest)
        words = Words(prepared.content, plan.columns if plan is not None else ())
        document, messages = _shown(job, prepared, choice, words, made)
        job.record.make()
        return write_gallery(job.record.path / FOLDER, document, messages)


class _Candidates:
    """Those whom a run would send to, asked about in the order of the CSV; everybody where that is nobody."""

    def __init__(self, draft: Draft, prepared: Prepared) -> None:
        is_all = prepared.sendable in (0, prepared.counts.holders)
        self._coming: Iterator[Recipient] | None = None if is_all else draft.to_send()
        self._next = next(self._coming, None) if self._coming is not None else None

    def has(self, recipient: Recipient) -> bool:
        if self._coming is None:
            return True
        if self._next is None or self._next.id != recipient.id:
            return False
        self._next = next(self._coming, None)
        return True


def write(showing: Showing, job: Job) -> Path | None:
    """The page to look at, None where it cannot be written, which the observer is told."""
    try:
        return showing.write(showing.choice())
    except LedgerError as unwritable:
        (found,) = unwritable.findings
        where = f"{found.place.file}: " if found.place is not None else ""
        job.observer.notice(f"the gallery is not written: {where}{found.message}")
        return None


def drop_outdated(job: Job, reading: Reading) -> None:
    """Remove a gallery of another text or list than the record has by now, and tell the observer."""
    folder = job.record.path / FOLDER
    if not folder.is_dir():
        return
    from sendbatch.preview.gallery import drop_unless_of

    if drop_unless_of(folder, _made(job, reading.plan(), reading.meta("content") or "")):
        job.observer.notice("the gallery was of another text or list than this run: it is removed")


def _used(job: Job, draft: Draft, prepared: Prepared) -> Mapping[int, str]:
    """The columns that the message depends on, by their place, and the address."""
    from sendbatch.message.checks.names import names_used

    plan = draft.people.plan()
    assert plan is not None
    names = {*names_used(prepared.content), usable(job.campaign.recipients.email)}
    return {place: name for place, name in enumerate(plan.columns) if name in names}


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
        said = f"{by} names nobody in the plan: {names}"
        raise CampaignError(said, hint=_meant(draft, strangers[0]))
    return [*found.values()]


def _meant(draft: Draft, typed: str) -> str:
    """A guess at the key or address, or why there is no message for it."""
    known: dict[str, None] = {}
    for recipient in islice(draft.people.holders(), _MOST_GUESSED):
        known |= {recipient.key: None, recipient.email: None}
    near = guess(typed, known)
    if near is not None:
        return f"did you mean {one_line(near, 320)}?"
    return "give the key or the address as the CSV has it"


def _shown(
    job: Job, prepared: Prepared, choice: Choice, words: Words, made: Made
) -> tuple[Document, dict[str, bytes]]:
    """The page, and its messages by the names of their files; a fault stands in the place of a message that
    cannot be built."""
    from sendbatch.preview.album import Album
    from sendbatch.preview.document import Chosen, Document, Entry, Known, entry_of, fault_of
    from sendbatch.preview.gallery import file_name
    from sendbatch.preview.told import unshown

    album = Album()
    entries: list[Entry] = []
    messages: dict[str, bytes] = {}
    versions = dict(prepared.spread.names)
    recipients = [one.recipient for one in choice.chosen]
    built = prepared.pool.each(recipients, job.now(), job.stop.heed)
    for one, (recipient, message) in zip(choice.chosen, built, strict=True):
        why = [Chosen(*words.why(kind)) for kind in one.kinds]
        known = Known(
            recipient.email,
            recipient.row,
            recipient.key,
            versions.get(recipient.id, ""),
            chosen=[Chosen("asked for"), *why] if one.asked else why,
        )
        if isinstance(message, Message):
            name = file_name(len(entries) + 1, len(recipients), recipient.row)
            messages[name] = message.data
            sent = (message.envelope.sender, message.envelope.recipient)
            entries.append(entry_of(message.data, replace(known, file=name, envelope=sent), album))
        else:
            entries.append(fault_of(Rule.UNBUILDABLE_MESSAGE.finding(message.reason), known))
    document = Document(
        "gallery",
        job.campaign.title,
        made,
        entries,
        album,
        prepared.counts.holders,
        note=[*filter(None, [unshown(choice.unshown, words)])],
    )
    return document, messages


def _made(job: Job, plan: Plan | None, content: str) -> Made:
    """What a gallery is of."""
    from sendbatch.preview.document import Made

    return Made(job.now(), content, plan.inputs if plan is not None else "")
