"""What the page asks, answered: the message to anybody in the CSV, rendered as it would be sent now.

What is shown is the last letter that could be read, over the last rows that could be: what is wrong since
stands beside them. A worker of its own renders what a person waits for, so that it waits behind nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendbatch.errors import Place, SendbatchError, WorkerFault, one_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.store import Draft
from sendbatch.message.content import Content
from sendbatch.message.tokens import Signer
from sendbatch.planning.people import refused_content
from sendbatch.planning.preparing import Prepared
from sendbatch.preview import document as model
from sendbatch.preview.album import Album
from sendbatch.preview.live.rows import Kept, Rows
from sendbatch.preview.live.source import Standing
from sendbatch.preview.page import render
from sendbatch.reasons import reason
from sendbatch.rendering.batches import Staged
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Job
from sendbatch.session.live.reading import Read
from sendbatch.values import Message, Recipient, Status, Unbuildable
from sendbatch.words import count

MOST_FOUND = 100  # rows of one search that come back
FIRST = 10  # rows that are listed while all are read
ADDRESSES = {"events": "events", "document": "document", "entry": "entry", "rows": "rows"}
NOBODY = frozenset({Status.INVALID, Status.FILTERED, Status.SUPPRESSED, Status.DUPLICATE})
# What a plan tells beyond the check of a row by itself.
SETTLED = frozenset(Status) - {Status.PENDING, Status.INVALID, Status.FILTERED, Status.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class _People:
    """Rows with the names of their cells, and the salt of their record."""

    rows: Rows
    columns: tuple[str, ...]
    salt: bytes
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Letter:
    """What everybody gets, and the pool that builds it for rows with these cells."""

    job: Job
    content: Content
    pool: Pool
    columns: tuple[str, ...]


class Viewing:
    """A `preview.live.source.Source`, and the planner's `Told`. `rendered` is called with the version of each
    message that a page is given, `wrong` with all that is wrong by now, whenever that changes.
    """

    def __init__(
        self,
        near: Workers,
        edge: Edge,
        stop: Stop,
        rendered: Callable[[int], None],
        wrong: Callable[[Sequence[Finding]], None],
    ) -> None:
        self._near, self._edge, self._stop = near, edge, stop
        self._rendered, self._wrong = rendered, wrong
        self._lock = threading.RLock()
        self._building = threading.Lock()  # one message after the other
        self._listeners: list[Callable[[], None]] = []
        self._standing = Standing()
        self._read: Read | None = None
        self._letter: _Letter | None = None
        self._people: _People | None = None
        self._coming: _People | None = None
        self._salt = edge.random.randbytes(32)
        self._document: model.Document | None = None
        self._faults: dict[str, tuple[Finding, ...]] = {}
        self.failure: Exception | None = None

    def close(self) -> None:
        for people in (self._people, self._coming):
            if people is not None:
                people.rows.close()

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    # -- what was read ------------------------------------------------------------------------

    def letter_read(self, read: Read, files: Sequence[str]) -> None:
        """Show it from now on, as far as the rows there are have what it uses."""
        assert read.job is not None
        assert read.content is not None
        with self._lock:
            self._read = read
            people = self._people or self._coming
            wrong: Sequence[Finding] = ()
            if people is not None:
                wrong = refused_content(read.content, read.job.campaign, people.columns, {})
                if not wrong:
                    self._letter = self._letter_of(read, people)
            self._blame(letter=wrong, listing=())
            self._change(files=files)

    def refused_letter(self, error: SendbatchError, files: Sequence[str]) -> None:
        with self._lock:
            self._blame(letter=error.findings, listing=())
            self._change(files=files, is_new=False)

    def _letter_of(self, read: Read, people: _People) -> _Letter:
        assert read.job is not None
        assert read.content is not None
        signer = Signer(read.job.campaign.name) if read.content.signs_links else None
        setup = Setup(read.content, None, people.columns, people.salt)
        pool = Pool(setup, self._near, signer)
        return _Letter(read.job, read.content, pool, people.columns)

    # -- the planner tells --------------------------------------------------------------------

    def rows_began(self, read: Read) -> None:
        with self._lock:
            self._coming = None

    def rows_read(self, columns: tuple[str, ...], rows: Sequence[Staged]) -> None:
        with self._lock:
            is_first = self._coming is None
            if self._coming is None:
                self._coming = _People(Rows(), columns, self._salt)
            coming = self._coming
        coming.rows.add(rows)
        with self._lock:
            self._standing = replace(self._standing, rows=len(coming.rows), done=False)
            if is_first and self._people is None and self._read is not None:
                self._people = coming
                self._letter = self._letter_of(self._read, coming)
                self._change()
            self._tell()
        if is_first and self._document is None:
            self._list_first(coming)

    def rows_settled(self, read: Read, draft: Draft, prepared: Prepared) -> None:
        """All rows are there, and how each stands; the record's own plan where nothing is new in it."""
        if self._coming is None:
            plan = draft.people.plan()
            assert plan is not None
            self._fill(draft, plan.columns)
        coming = self._coming
        assert coming is not None
        coming.rows.settle((one.row, one.status) for one in draft.people.entries(SETTLED))
        salt = prepared.salt if draft.reading.meta("salt") else self._salt
        with self._lock:
            people = replace(coming, salt=salt, done=True)
            self._people, self._coming = people, None
            if self._read is not None and self._read.content is not None:
                self._letter = self._letter_of(self._read, people)
            self._blame(people=())
            self._standing = replace(self._standing, rows=len(people.rows), done=True)
            self._change()

    def _fill(self, draft: Draft, columns: tuple[str, ...]) -> None:
        """From the plan that the record has already."""
        cells = {one.row: one.cells for one in draft.people.holders()}
        entries = draft.people.entries()
        staged: list[Staged] = []
        for one in entries:
            written = json.dumps(cells.get(one.row, ()), ensure_ascii=False)
            why = str(one.why) if one.why is not None else None
            staged.append((one.row, one.key, one.email, written, one.status.value, why, one.detail))
            if len(staged) >= 1000:
                self.rows_read(columns, staged)
                staged = []
        self.rows_read(columns, staged)

    def listed(self, read: Read, document: model.Document) -> None:
        with self._lock:
            self._blame(people=(), listing=())
        stubs = [_stub(entry, entry.key or entry.id) for entry in document.entries]
        self._list(replace(document, kind="live", entries=stubs, album=Album()))

    def _list_first(self, people: _People) -> None:
        """A few, while all are read."""
        letter = self._letter
        if letter is None:
            return
        first = people.rows.search("", FIRST).rows
        entries = [self._entry(letter, row, Album()) for row in first]
        made = model.Made(self._edge.clock.wall(), letter.content.digest)
        stubs = [_stub(entry, entry.key or entry.id) for entry in entries]
        title = letter.job.campaign.title
        self._list(model.Document("live", title, made, stubs, Album(), len(people.rows)))

    def _list(self, document: model.Document) -> None:
        with self._lock:
            self._document = document
            self._standing = replace(self._standing, documents=self._standing.documents + 1)
            self._tell()

    def refused(self, read: Read, error: SendbatchError, *, as_letter: bool) -> None:
        with self._lock:
            if as_letter and read is not self._read:  # it may be mended by now: that is listed next
                return
            said = self._faults.get("letter", ())
            found = [one for one in error.findings if one not in said]
            self._blame(**{"listing" if as_letter else "people": found})
            self._tell()

    def failed(self, error: Exception) -> None:
        self.failure = error
        self._stop.soon("a fault of ours")

    # -- what stands --------------------------------------------------------------------------

    def _blame(self, **wrong: Sequence[Finding]) -> None:
        """All that is wrong, each once: with the `letter` as it was read, with the `people`, and with the
        `listing` of their messages, which is made of that letter and goes with it."""
        before = self._all_faults()
        self._faults |= {what: tuple(findings) for what, findings in wrong.items()}
        now = self._all_faults()
        if now != before:
            said = tuple(model.said(one)._asdict() for one in now)
            self._standing = replace(self._standing, faults=said)
            self._wrong(now)

    def _all_faults(self) -> list[Finding]:
        return list(dict.fromkeys(one for found in self._faults.values() for one in found))

    def _change(self, files: Sequence[str] = (), *, is_new: bool = True) -> None:
        version = self._standing.version + is_new
        self._standing = replace(self._standing, version=version, files=tuple(files))
        self._tell()

    def _tell(self) -> None:
        for heard in self._listeners:
            heard()

    # -- the page asks ------------------------------------------------------------------------

    def standing(self) -> Standing:
        return self._standing

    def listen(self, heard: Callable[[], None]) -> Callable[[], None]:
        with self._lock:
            self._listeners = [*self._listeners, heard]

        def unheard() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not heard]

        return unheard

    def page(self) -> str:
        return render(self._shown())

    def document(self) -> str:
        return model.as_json(self._shown())

    def _shown(self) -> model.Document:
        with self._lock:
            document, standing, read = self._document, self._standing, self._read
        if document is None:
            title = read.job.campaign.title if read is not None and read.job is not None else ""
            made = model.Made(self._edge.clock.wall())
            document = model.Document("live", title or "preview", made, (), Album(), 0)
        live = {**ADDRESSES, "standing": standing.as_json()}
        return replace(document, live=live, total=max(document.total, standing.rows))

    def entry(self, key: str, row: int | None) -> str:
        with self._lock:
            letter, people = self._letter, self._people
            version = self._standing.version
        found = None
        if people is not None and key:
            found = people.rows.of_key(key)
        if people is not None and found is None and row is not None:
            found = people.rows.of_line(row)
        if letter is None or found is None:
            return json.dumps({"version": version, "entry": None, "pictures": {}})
        album = Album()
        entry = self._entry(letter, found, album)
        self._rendered(version)
        return f'{{"version":{version},{model.entry_as_json(entry, album)[1:]}'

    def _entry(self, letter: _Letter, row: Kept, album: Album) -> model.Entry:
        known = self._known(row)
        try:
            built = None if row.status in NOBODY else self._built(letter, row)
        except SendbatchError as error:
            return model.fault_of(error.findings[0], known)
        except WorkerFault as fault:
            said = f"this should not have happened: {fault.said}"
            return model.fault_of(Rule.UNBUILDABLE_MESSAGE.finding(said), known)
        if isinstance(built, Message):
            envelope = (built.envelope.sender, built.envelope.recipient)
            return model.entry_of(built.data, replace(known, envelope=envelope), album)
        place = Place(shown(letter.job.campaign.recipients.file), row.line)
        if built is not None:
            return model.fault_of(Rule.UNBUILDABLE_MESSAGE.finding(built.reason, place), known)
        said = _gets_nothing(row)
        rule = Rule.DUPLICATE_ROW if row.status is Status.DUPLICATE else Rule.INVALID_ROW
        return model.fault_of(rule.finding(said, place), known)

    def _built(self, letter: _Letter, row: Kept) -> Message | Unbuildable:
        cells = tuple(json.loads(row.cells))
        recipient = Recipient(row.line, row.line, row.key, row.email, cells)
        now = self._edge.clock.wall()
        with self._building:
            ((_, built),) = letter.pool.each([recipient], now, self._stop.heed)
        return built

    def _known(self, row: Kept) -> model.Known:
        """With why it was chosen, where it was."""
        with self._lock:
            listed = self._document.entries if self._document is not None else ()
        before = next((one for one in listed if one.row == row.line and one.id == row.key), None)
        return model.Known(
            row.email or row.key or "(no address)",
            row=row.line,
            key=row.key,
            version=before.version if before is not None else "",
            chosen=before.chosen if before is not None else (),
            id=row.key or f"row-{row.line}",
        )

    def rows(self, text: str) -> str:
        with self._lock:
            people, standing = self._people, self._standing
        if people is None:
            return json.dumps({"entries": [], "said": "no row is read yet", "more": True})
        hits = people.rows.search(text, MOST_FOUND)
        entries = [self._found(people, row) for row in hits.rows]
        number = f"{hits.number:,}" if hits.exact else f"more than {hits.number:,}"
        said = f"{number} of {count(len(people.rows), 'row')}"
        if len(entries) < hits.number:
            said += f", the first {len(entries)} are listed"
        if not standing.done:
            said += f"; {count(standing.rows, 'row')} read so far"
        more = json.dumps(not standing.done)
        return f'{{"said":{json.dumps(said)},"more":{more},"entries":{model.entries_as_json(entries)}}}'

    def _found(self, people: _People, row: Kept) -> model.Entry:
        """What a list shows of a row: nothing is rendered for it."""
        known = self._known(row)
        if row.status in NOBODY:
            found = model.fault_of(Rule.INVALID_ROW.finding(_gets_nothing(row)), known)
            return replace(found, whole=False)
        cells = " · ".join(filter(None, map(str, json.loads(row.cells))))
        told = one_line(cells, 300)
        return model.Entry(
            known.id, known.email, known.row, known.key, sender=known.email, subject=told, whole=False
        )


def _stub(entry: model.Entry, id_: str) -> model.Entry:
    """No more of it than a list shows: the page asks for the rest, which is newer then."""
    return replace(
        entry,
        id=id_,
        html=None,
        text=None,
        links=(),
        headers=(),
        inline={},
        source="",
        file="",
        whole=False,
    )


def _gets_nothing(row: Kept) -> str:
    words: Mapping[Status, str] = {
        Status.FILTERED: "where is false for this row",
        Status.SUPPRESSED: "on a suppression list, or forgotten",
        Status.DUPLICATE: "an earlier row has this key",
    }
    said: Any = words.get(row.status) or reason(row.why, row.detail, None)
    return f"gets nothing: {row.status}: {said}" if said else f"gets nothing: {row.status}"
