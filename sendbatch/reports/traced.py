"""What is known of one person over all campaigns, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sendbatch.errors import one_line, shown
from sendbatch.ledger.person import Stories, Story, Try
from sendbatch.message.identity import short
from sendbatch.reasons import reason
from sendbatch.reports.rows import timestamp
from sendbatch.runtime.notebook import Shown, Told
from sendbatch.values import Status
from sendbatch.words import clock_time, count, word

FORMAT = 1  # of the document; raised when a reader of the last one would go wrong
LONGEST = 500  # characters of what a server said
FOUND, NOTHING, INCOMPLETE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class InRecord:
    """What one record tells. `place` is where it is; `run` the edition, "" for the one without a name;
    `reach` what stands behind the title where the mail did not go to everybody. `message_ids` has one for
    each of its stories, None where nothing was sent."""

    place: str
    campaign: str
    run: str
    server: str
    reach: str
    under_way: bool
    moved_to: str | None
    stories: Stories
    message_ids: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class OnList:
    """A suppression list that leaves them out, at this line; `by` is the entry, of `campaigns` whose list it
    is."""

    file: Path
    line: int
    by: str
    campaigns: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """What may know of them, and could not be read."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Trace(Shown):
    """All that was found of whom `typed` means. `looked` are how many records and lists were read."""

    typed: str
    places: tuple[str, ...]
    records: tuple[InRecord, ...]
    lists: tuple[OnList, ...]
    unread: tuple[Unread, ...]
    looked: tuple[int, int]

    @property
    def exit_code(self) -> int:
        """0 where something was found, 1 where nothing was, 2 where something could not be read."""
        if self.unread:
            return INCOMPLETE
        return FOUND if self.records or self.lists else NOTHING

    def told(self) -> Told:
        facts = {
            "records": f"{len(self.records)} of {self.looked[0]}",
            "suppression lists": f"{len(self.lists)} of {self.looked[1]}",
        }
        return Told("trace of a person", facts, tuple(f"{one.what}: {one.why}" for one in self.unread))

    def text(self) -> str:
        return "\n".join(_lines(self)) + "\n"

    def document(self) -> dict[str, object]:
        """All of it as JSON: times in UTC, RFC 3339."""
        return {
            "format": FORMAT,
            "asked": self.typed,
            "exit_code": self.exit_code,
            "complete": not self.unread,
            "looked_in": list(self.places),
            "records_read": self.looked[0],
            "lists_read": self.looked[1],
            "records": [_record(one) for one in self.records],
            "suppressed_by": [
                {
                    "file": shown(one.file),
                    "line": one.line,
                    "entry": one.by,
                    "campaigns": [shown(file) for file in one.campaigns],
                }
                for one in self.lists
            ],
            "unread": [{"what": one.what, "why": one.why} for one in self.unread],
        }


def _record(one: InRecord) -> dict[str, object]:
    told = one.stories
    return {
        "record": one.place,
        "campaign": one.campaign or None,
        "edition": one.run or None,
        "server": one.server or None,
        "reach": one.reach or None,
        "under_way": one.under_way,
        "moved_to": one.moved_to,
        "forgotten_at": timestamp(told.forgotten_at),
        "rows": [_row(story, id_) for story, id_ in zip(told.stories, one.message_ids, strict=True)],
        "events": [
            {"at": timestamp(event.at), "kind": event.kind, "detail": event.detail} for event in told.events
        ],
        "rows_of_others_that_name_them": told.others,
    }


def _row(story: Story, message_id: str | None) -> dict[str, object]:
    entry = story.entry
    return {
        "row": entry.row,
        "key": entry.key,
        "email": entry.email or None,
        "addresses": list(story.addresses),
        "in_the_last_plan": not story.is_gone,
        "status": _status(entry.status),
        "was": entry.was,
        "code": entry.code,
        "enhanced_code": entry.enhanced,
        "reply": entry.reply or None,
        "reason": reason(entry.why, entry.detail, entry.code, entry.row) or None,
        "attempts": entry.attempts,
        "message_id": message_id,
        "content": short(entry.content) if entry.content else None,
        "dated_at": timestamp(entry.dated_at),
        "first_attempt_at": timestamp(entry.first_attempt_at),
        "finished_at": timestamp(entry.finished_at),
        "due_at": timestamp(entry.due_at),
        "history": [
            {
                "at": timestamp(one.at),
                "what": one.what,
                "status": one.status,
                "code": one.code,
                "enhanced_code": one.enhanced,
                "reply": one.reply or None,
                "reason": reason(one.why, one.detail, one.code, entry.row) or None,
                "email": one.email,
            }
            for one in story.tries
        ],
    }


def _status(status: Status) -> Status:
    return Status.IN_DOUBT if status is Status.SENDING else status


def _lines(trace: Trace) -> Iterator[str]:
    whom = one_line(trace.typed, 320)
    for record in trace.records:
        yield from _of_record(record)
    for one in trace.lists:
        yield f"{one_line(shown(one.file))}:{one.line}: on this suppression list, by {one_line(one.by, 320)}"
        yield f"  of {', '.join(one_line(shown(file)) for file in one.campaigns)}"
    if not trace.records and not trace.lists:
        yield f"{whom}: nothing was found"
    looked = f"{count(trace.looked[0], 'record')} and {count(trace.looked[1], 'suppression list')}"
    yield f"looked in {looked}: {', '.join(one_line(place) for place in trace.places)}"
    if trace.unread:
        yield "could not be read, so that more may be known of them there:"
    for left in trace.unread:
        yield f"  {one_line(left.what)}: {one_line(left.why, LONGEST)}"


def _of_record(record: InRecord) -> Iterator[str]:
    edition = f", edition {one_line(record.run, 200)}" if record.run else ""
    alive = "; a run of it is under way" if record.under_way else ""
    yield f"{one_line(record.campaign, 200) or '(no name)'}{edition}{record.reach}: {record.place}{alive}"
    if record.moved_to is not None:
        yield f"  this record moved to {one_line(record.moved_to, 300)}: what stands here may be out of date"
    for story, message_id in zip(record.stories.stories, record.message_ids, strict=True):
        yield from _of_story(story, message_id)
    for event in record.stories.events:
        yield f"  event, {clock_time(event.at)}: {event.kind}: {one_line(event.detail, LONGEST)}"
    if record.stories.others:
        yield f"  the address stands in cells of {count(record.stories.others, 'other row')}"
    if record.stories.forgotten_at is not None:
        yield f"  forgotten, {clock_time(record.stories.forgotten_at)}: nothing more is known of them here"


def _of_story(story: Story, message_id: str | None) -> Iterator[str]:
    entry = story.entry
    row = f"row {entry.row:,}" if not story.is_gone else f"row {entry.row:,} of an earlier plan"
    key = f", key {one_line(entry.key, 200)}" if entry.key != entry.email else ""
    yield f"  {row}, {one_line(entry.email, 320) or '(no address)'}{key}: {_standing(story)}"
    for name, told in _details(story, message_id):
        yield f"    {name}: {told}"
    for one in story.tries:
        yield f"    {_of_try(one, entry.row)}"


def _standing(story: Story) -> str:
    entry = story.entry
    at = f", {clock_time(entry.finished_at)}" if entry.finished_at is not None else ""
    tried = f", {count(entry.attempts, 'attempt')}" if entry.attempts else ", never tried"
    if entry.status is Status.SENDING:
        tried = ", being sent to, or broken off"
    return f"{word(_status(entry.status))}{at}{tried}"


def _details(story: Story, message_id: str | None) -> Iterator[tuple[str, str]]:
    entry = story.entry
    if others := [one for one in story.addresses if one != entry.email]:
        yield "other addresses", ", ".join(one_line(one, 320) for one in others)
    if entry.code is not None:
        yield "reply", _said(entry.code, entry.enhanced, entry.reply)
    if why := reason(entry.why, entry.detail, entry.code, entry.row):
        yield "reason", one_line(why, LONGEST)
    if message_id is not None:
        yield "message ID", message_id
    if entry.content:
        yield "content", short(entry.content)
    if entry.first_attempt_at is not None:
        yield "first attempt", clock_time(entry.first_attempt_at)
    if entry.due_at is not None:
        yield "to be tried again", clock_time(entry.due_at)


def _of_try(one: Try, row: int) -> str:
    at = clock_time(one.at) if one.at is not None else "before"
    where = f" at {one_line(one.email, 320)}" if one.email else ""
    told: Iterable[str] = (
        _said(one.code, one.enhanced, one.reply) if one.code is not None else "",
        one_line(reason(one.why, one.detail, one.code, row), LONGEST),
    )
    return ": ".join([f"{at}, {word(one.status)}{where}", *(part for part in told if part)])


def _said(code: int, enhanced: str | None, reply: str | None) -> str:
    return one_line(" ".join(str(part) for part in (code, enhanced, reply) if part), LONGEST)
