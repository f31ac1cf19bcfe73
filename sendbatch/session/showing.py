"""What a gallery shows of a plan: whom, with what was found beside them, and who gets nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sendbatch.campaign.names import usable
from sendbatch.errors import Finding, shown
from sendbatch.findings import Rule
from sendbatch.findings.groups import pattern_of
from sendbatch.ledger.records import is_under_way
from sendbatch.ledger.states import SENDABLE
from sendbatch.ledger.store import Draft
from sendbatch.message.checks.names import names_used
from sendbatch.message.versions.choosing import axes_of
from sendbatch.planning.preparing import Prepared
from sendbatch.preview.album import Album
from sendbatch.preview.choosing import MOST, Choice, Survey
from sendbatch.preview.document import (
    Chosen,
    Document,
    Entry,
    Known,
    Made,
    Nothing,
    entry_of,
    fault_of,
    said,
)
from sendbatch.preview.gallery import file_name
from sendbatch.preview.told import Words, unshown, untaken
from sendbatch.reasons import reason
from sendbatch.rendering.batches import Alike, Looked
from sendbatch.rendering.setup import Looking
from sendbatch.session.job import Job
from sendbatch.session.making_up import (
    made_up,
    place_in,
    pool_of,
    refuse_letters_of_ones_own,
    what_stays,
    without_data,
)
from sendbatch.session.named import named
from sendbatch.session.overview import Overview
from sendbatch.values import Message, Recipient, Status, Unbuildable
from sendbatch.words import count, word

_MOST_FAULTS, _OF_EACH = 8, 2  # kinds of faults, and rows of each
_MOST_NOTHING, _FEW = 30, 5  # reasons to get nothing, and rows named of each


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked of the gallery: these `recipients` (keys or addresses) in any case, and no more
    than `most` others (None: as many as there are kinds of messages, within bounds). `masked`: no cell of
    theirs is in it."""

    recipients: tuple[str, ...] = ()
    most: int | None = None
    masked: bool = False


@dataclass(slots=True)
class _Fault:
    """A kind of fault: its first rows with what is said of each, and how many rows have it."""

    first: list[tuple[Recipient, str]] = field(default_factory=list)
    number: int = 0


class Showing:
    """Whom a gallery shows, found while every message is built: `told` is given each of them."""

    def __init__(self, job: Job, draft: Draft, prepared: Prepared, asked: Asked) -> None:
        plan = draft.people.plan()
        assert plan is not None
        self._job, self._draft, self._prepared, self._asked = job, draft, prepared, asked
        self._inputs, self._columns = plan.inputs, plan.columns
        if asked.masked:
            refuse_letters_of_ones_own(job.campaign, prepared)
        self._under_way = is_under_way(job.record)
        self._named = named(draft, asked.recipients)
        self._used = _used(job, prepared, plan.columns)
        self._survey = Survey(self._used)
        self.stays: str | None = None  # of real cells, once it is shown where it is masked: a sentence
        self._candidates = _Candidates(draft, prepared)
        self._faults: dict[str, _Fault] = {}
        self._alike: dict[int, Alike] = {}  # of those who were asked for

    def told(self, recipient: Recipient, looked: Looked | Unbuildable) -> None:
        """One more of the plan."""
        if not self._candidates.has(recipient):
            return
        if isinstance(looked, Looked):
            self._survey.add(recipient, looked.alike)
            return
        kind = pattern_of(looked.reason)
        if kind in self._faults or len(self._faults) < _MOST_FAULTS:
            fault = self._faults.setdefault(kind, _Fault())
            fault.number += 1
            if len(fault.first) < _OF_EACH:
                fault.first.append((recipient, looked.reason))

    def choice(self) -> Choice:
        """Whom to show of those whose message can be built."""
        pool = self._prepared.pool.looking(Looking(traces=True))
        asked = []
        for recipient, looked in pool.looks(self._named, self._job.now(), self._job.stop.heed):
            if isinstance(looked, Looked):
                asked.append((recipient, looked.alike))
            else:
                fault = self._faults.setdefault(f"\0{recipient.id}", _Fault(number=1))
                fault.first.append((recipient, looked.reason))
        return self._survey.choice(asked, MOST if self._asked.most is None else self._asked.most)

    def document(self, choice: Choice, overview: Overview) -> Document:
        """The page's model."""
        return self.shown(choice, overview)[0]

    def shown(self, choice: Choice, overview: Overview) -> tuple[Document, dict[str, bytes]]:
        """The page's model, and the mails by the names of their files; there are none where it is masked."""
        words = Words(self._prepared.content, self._columns)
        album, findings = Album(), [*map(self._found, overview.findings)]
        entries, messages, missing = self._entries(choice, words, album, overview)
        entries += self._in_place(entries)
        entries.sort(key=lambda one: one.row or 0)
        document = Document(
            "gallery",
            self._job.campaign.title,
            # A digest of the rows would let whoever guesses them know that they are right.
            Made(
                self._job.now(),
                self._prepared.content.digest,
                "masked" if self._asked.masked else self._inputs,
            ),
            entries,
            album,
            self._prepared.counts.holders,
            masked=self._asked.masked,
            note=[*self._notes(choice, words, missing)],
            nothing=[*self._nothing()],
            findings=[*map(said, findings)],
        )
        return document, messages

    def _entries(
        self, choice: Choice, words: Words, album: Album, overview: Overview
    ) -> tuple[list[Entry], dict[str, bytes], int]:
        """The mails of the chosen, the files, and how many of them have nobody made up in their place."""
        pool, rows = self._prepared.pool, {one.recipient.id: one.recipient for one in choice.chosen}
        if self._asked.masked:
            pool = pool_of(self._prepared)
            real = [(one.recipient, one.alike) for one in choice.chosen]
            made = made_up(self._job, self._prepared, pool, real)
            rows = {id_: one.recipient for id_, one in made.items()}
            with_made = [(one, made[one.id]) for one, _ in real if one.id in made]
            self.stays = what_stays(self._used, with_made)
        why = {rows[one.recipient.id].id: one for one in choice.chosen if one.recipient.id in rows}
        versions = {
            rows[id_].id: name for id_, name in self._versions(choice).items() if id_ in rows
        }
        entries, messages = [], {}
        coming = pool.each([*rows.values()], self._job.now(), self._job.stop.heed)
        for number, (recipient, message) in enumerate(coming, start=1):
            known = Known(
                email=recipient.email,
                row=recipient.row,
                key=recipient.key,
                version=versions.get(recipient.id, ""),
                chosen=[Chosen(*words.why(kind)) for kind in why[recipient.id].kinds]
                or [Chosen("asked for" if why[recipient.id].asked else "one of the first rows")],
                findings=self._of_row(overview, recipient.row),
            )
            if not isinstance(message, Message):
                entries.append(fault_of(self._fault(message.reason), known))
                continue
            if not self._asked.masked:
                name = file_name(number, len(rows), recipient.row)
                messages[name] = message.data
                known = replace(known, file=name)
            envelope = (message.envelope.sender, message.envelope.recipient)
            entries.append(entry_of(message.data, replace(known, envelope=envelope), album))
        return entries, messages, len(choice.chosen) - len(rows)

    def _versions(self, choice: Choice) -> dict[int, str]:
        """What the version of each is called, where there are several."""
        axes = axes_of(self._prepared.content, self._columns)
        found = {}
        for one in choice.chosen:
            pairs = zip(axes, one.alike.versions, strict=True)
            found[one.recipient.id] = ", ".join(axis.names[number] for axis, (number, _) in pairs)
        return found

    def _in_place(self, there: Sequence[Entry]) -> list[Entry]:
        """The faults in the place of messages that cannot be built: of each kind a few."""
        shown: dict[int, Entry] = {}
        for fault in self._faults.values():
            for recipient, reason_ in fault.first:
                whose = ("", "") if self._asked.masked else (recipient.email, recipient.key)
                why = Chosen("its message cannot be built", fault.number)
                known = Known(whose[0], recipient.row, whose[1], chosen=[why])
                shown.setdefault(recipient.id, fault_of(self._fault(reason_), known))
        rows = {one.row for one in there}
        return [one for one in shown.values() if one.row not in rows]

    def _fault(self, reason_: str) -> Finding:
        if not self._asked.masked:
            return Rule.UNBUILDABLE_MESSAGE.finding(reason_)
        rule = Rule.UNBUILDABLE_MESSAGE
        return rule.finding(rule.meaning, place_in(reason_, self._files()), rule.remedy)

    def _found(self, finding: Finding) -> Finding:
        return without_data(finding, self._files()) if self._asked.masked else finding

    def _files(self) -> Mapping[str, object]:
        """The author's, as findings name them."""
        found = dict.fromkeys(
            path for bundle in self._prepared.content.bundles for path in bundle.paths.values()
        )
        places = self._job.campaign.places.values()
        return {**found, **dict.fromkeys(place.file for place in places)}

    def _of_row(self, overview: Overview, row: int) -> list[Finding]:
        recipients = self._job.campaign.recipients
        csv = {shown(recipients.file), recipients.shown}
        return [
            self._found(one)
            for one in overview.findings
            if one.place is not None and one.place.line == row and one.place.file in csv
        ]

    def _notes(self, choice: Choice, words: Words, missing: int) -> Iterator[str]:
        if reach := self._job.profile.reach:
            yield f"Through the profile {self._job.profile.name} {reach}."
        looked_at = count(choice.seen, "message")
        yield f"{looked_at} {'was' if choice.seen == 1 else 'were'} looked at to choose these."
        if more := unshown(choice.unshown, words):
            yield more
        content, some_fail = self._prepared.content, bool(self._faults)
        if nobody := untaken(content, choice.ways, words, some_fail=some_fail):
            yield nobody
        if self._asked.masked:
            yield (
                "Cells are made up, as long as the real ones and of the same kinds of characters, and so are "
                "all keys and addresses; files and pictures of recipients' own are stood in for."
            )
        if self.stays:
            yield self.stays
        if missing:
            yield (
                f"{count(missing, 'row')} more would be shown, but no made-up cells take the same ways "
                "through the templates."
            )

    def _nothing(self) -> Iterator[Nothing]:
        """By the reason, the commonest first."""
        found: dict[tuple[str, str], tuple[str, int, list[int]]] = {}
        statuses = {*Status} - SENDABLE
        for entry in self._job.stop.heeding(self._draft.people.entries(statuses)):
            words = reason(entry.why, entry.detail, entry.code)
            if self._asked.masked:
                words = "" if entry.why == entry.status else word(entry.why or "").replace("-", " ")
            if self._under_way and entry.status is Status.IN_DOUBT:
                words = "or on the way: a run is under way"
            kind = str(entry.status), pattern_of(words)
            if kind not in found and len(found) >= _MOST_NOTHING:
                kind, words = ("", ""), "for other reasons"
            first, number, rows = found.get(kind, (words, 0, []))
            found[kind] = first, number + 1, rows if len(rows) >= _FEW else [*rows, entry.row]
        for (status, _), (words, number, rows) in sorted(found.items(), key=lambda one: -one[1][1]):
            yield Nothing(": ".join(filter(None, (word(status), words))), number, tuple(rows))
        if left_over := self._prepared.counts.left_over:
            yield Nothing("kept back by --limit", left_over)


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


def _used(job: Job, prepared: Prepared, columns: Sequence[str]) -> Mapping[int, str]:
    """The columns that the message depends on, by their place, and the address."""
    names = {*names_used(prepared.content), usable(job.campaign.recipients.email)}
    return {place: name for place, name in enumerate(columns) if name in names}
