"""The record as a port: what planning, a run and a report ask of it. SQLite is one store behind it.

Another is to come that several machines share. So nothing here says that there is one process, or a file;
ids are unique and never used again, and may have gaps; a row *sending* may be another worker's; and what
time it is for a retry, the record says (`Backlog.now`). Values go in and come out frozen (`facts`).

By purpose: `Record` is what is opened; `Reading` tells, of `People` too; `Draft` is what a run is about
to make of it, and `Staging` a plan in the making; `Backlog` hands out whom to send to and takes what became
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sendbatch.errors import LedgerError
from sendbatch.ledger.facts import (
    EVERYONE,
    Answer,
    Change,
    Difference,
    Entry,
    Event,
    Faulty,
    Held,
    Joined,
    Lacking,
    Lane,
    Matched,
    Plan,
    ReportRow,
    Retried,
    Runner,
    Saying,
    Terms,
    Twins,
    Weight,
)
from sendbatch.ledger.figures import Figures
from sendbatch.values import Recipient, Status, Why


class People(Protocol):
    """Those of one plan, with what has become of them."""

    def plan(self) -> Plan | None:
        """Whose they are; None where nothing was ever planned."""
        ...

    def census(self) -> tuple[dict[Status, int], int]:
        """Rows by status, and how many hold a key, from one look."""
        ...

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        """The plan's rows by line; with `all_rows` those once tried that it no longer has, too."""
        ...

    def holders(self) -> Iterator[Recipient]:
        """All who hold a key, those already done included, by line."""
        ...

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        """Who holds a key and has it, or the address, in any of these spellings."""
        ...

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        """(row, key, address) of whoever holds a key that is not the address in small letters."""
        ...

    def addresses(self) -> Iterator[tuple[int, str, str]]:
        """(row, key, address) of all who hold a key, by line."""
        ...

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        """Addresses, in any case of ASCII letters, of more than one who holds a key: how many, and (first
        row, last row) of some."""
        ...

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        """Those who hold a key and whose cell in this column is one of `words` (ASCII, lower case) in any
        case, blanks around it left out."""
        ...

    def empty(self, columns: Sequence[str]) -> dict[str, Saying]:
        """Of each of these columns those who hold a key and whose cell has no character; all of them are
        looked for in one go."""
        ...

    def usual(self, column: str, most: int) -> list[str]:
        """The cells of this column that most rows have, blanks around them left out."""
        ...

    def domains_without_mail(self) -> list[str]:
        """The addresses' domains of rows invalid for DNS alone."""
        ...


class Reading(People, Protocol):
    """What the record tells, as its last plan and all attempts have left it. Changes nothing."""

    def meta(self, key: str) -> str | None: ...

    def totals(self) -> dict[Status, int]:
        """Rows of the last plan by status."""
        ...

    def departed(self) -> dict[Status, int]:
        """Rows once tried that the last plan no longer has, by status."""
        ...

    def report_rows(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[ReportRow]:
        """As `entries`, with no more than a report needs: one is written of everybody at the end of a run."""
        ...

    def rows_with_cells(self) -> Iterator[tuple[ReportRow, tuple[str, ...]]]:
        """As `report_rows` with `all_rows`, each with its cells in the order of the plan's columns; none for
        whom the plan has no row of any more."""
        ...

    def tried_with(self, contents: Collection[str]) -> Iterator[tuple[str, str, str]]:
        """(key, digest, status) of whoever in the plan was last sent one of these contents, refused with it
        or not. As `report_rows`, it is asked of everybody."""
        ...

    def has_tried(self) -> bool:
        """Whether anybody was ever tried."""
        ...

    def tried_keys_of_before(self) -> Iterator[str]:
        """Keys of whoever was tried that an earlier version may have made otherwise: beyond ASCII, or
        within quotes."""
        ...

    def tried_cells(self, limit: int) -> Iterator[tuple[str, dict[str, str]]]:
        """(key, cells by column) of so many rows of the last plan that were tried."""
        ...

    def latest(self) -> float:
        """The latest time that stands in the record, 0 in an empty one: no clock of before was behind it."""
        ...

    def span(self) -> tuple[float | None, float | None]:
        """When the first attempt of all was made, and when the last recipient was finished by an attempt:
        whom a person settles, nobody sends to then."""
        ...

    def accepted_since(self, at: float) -> int:
        """How many were accepted at this time or later."""
        ...

    def replies(self, limit: int = 20) -> list[tuple[int, str | None, str, int]]:
        """Refusals: (code, enhanced code, text, how many), the most frequent first."""
        ...

    def held(self, limit: int = 20) -> list[Held]:
        """Who is deferred by 5xx, by the reply, the most frequent first."""
        ...

    def answers(self, statuses: Collection[Status], limit: int) -> list[Answer]:
        """Why the plan's rows of these statuses are not accepted, the most frequent first. Those are one that
        differ by the recipient's address, or by digits alone."""
        ...

    def figures(self) -> Figures:
        """How it went for whoever was tried, counted. As `report_rows`, it is asked of everybody."""
        ...

    def events(self, limit: int = 200) -> list[Event]:
        """The newest `limit`, newest last."""
        ...

    def contents(self) -> list[tuple[str, int]]:
        """(digest, how many were sent it), the newest last."""
        ...

    def servers(self) -> list[tuple[str, int]]:
        """(server, how many it accepted), in the order they were used."""
        ...

    def domain_of(self, content: str) -> str:
        """The sender's domain that this content was sent with; "" if it never was."""
        ...

    def subjects(self) -> dict[str, str]:
        """Of each content with several subjects, by its digest, what the record remembers of them."""
        ...


class Staging(Protocol):
    """A plan in the making: rows are added and marked, then settled, asked about, and finished."""

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Checked rows in the order of the CSV: (line, key, email, cells as JSON, status, why and
        detail or None)."""
        ...

    def known_as(self, rows: Iterable[tuple[int, str]]) -> None:
        """(line, the key that an earlier version gave this row): who was tried under it is recognised by
        it, and keeps it."""
        ...

    def called_since(self, keys: Iterable[tuple[str, str]]) -> None:
        """(a key of the record, what it would be today): the same as `known_as`, whichever way the CSV
        writes it by now."""
        ...

    def mark(self, rows: Iterable[tuple[object, ...]]) -> None:
        """What suppression, look-ups and `twins_by_attachment` go by: (line, default key of the
        address, domain, paths of its own attachments as JSON or None)."""
        ...

    def lack(self, kind: str, lines: Iterable[int]) -> None:
        """Rows that do not get all they ask for, by line; `kind` is the caller's word for what is amiss."""
        ...

    def weigh(self, rows: Iterable[tuple[int, int]]) -> None:
        """Rows with files of their own, which are looked for anew with each plan: (line, their bytes)."""
        ...

    def fault(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        """Rows whose attachments refuse the plan, if they may be sent to: (line, what is wrong, whether
        that a file is not there)."""
        ...

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        """(kind, value): "key" as the default key of an address, "domain" as A-labels, "below" as all
        domains under one, "text" as it stands."""
        ...

    def question(self, entries: Iterable[tuple[int, int, str, str, str]]) -> None:
        """(number of the list, line, value, as it is told, what to do about it): entries that count only
        if their value is a key."""
        ...

    def except_(self, file: int, entries: Iterable[str]) -> None:
        """Default keys of addresses, or keys, from the file of this number: those of them who stand in the
        plan have the mail by a person's word. Whoever is in it is an entry of `matched`, and accepted once
        the draft is told so."""
        ...

    def matched(self, most: int) -> Matched:
        """What came of all entries of `except_`. All is settled."""
        ...

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        """Of a list's questioned entries those that are no key, of this plan or an earlier one: how many,
        and (line, as told, what to do) of the first. All rows are staged."""
        ...

    def domains(self) -> list[str]:
        """The domains of all marked rows that may still be sent to."""
        ...

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        """(domain, one of OF_DNS): marked rows there are invalid, for DNS alone."""
        ...

    def settle(self) -> None:
        """All rows are staged: find the suppressed, who is known by a former key, then the first row of
        each key."""
        ...

    def lacking(self, kind: str, most: int = 10) -> Lacking:
        """Those of them that may be sent to. All is settled."""
        ...

    def faulty(self, most: int) -> Faulty:
        """Those of them that may be sent to. All is settled."""
        ...

    def may_be_sent_to(self, lines: Collection[int]) -> set[int]:
        """Those of the rows at these lines that hold their key, where nobody of that key is done with."""
        ...

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        """As `People.saying`, of all staged rows."""
        ...

    def twins(self, used: Collection[str], most: int = 10) -> Twins:
        """Duplicates that differ from the first row in a column among `used`."""
        ...

    def twins_by_attachment(self, most: int = 10) -> Twins:
        """Duplicates that would get other files than the first row."""
        ...

    def difference(self) -> Difference:
        """Against the last plan."""
        ...

    def corrected_doubt(self) -> frozenset[int]:
        """IDs of those in doubt who have another address or other cells in the new plan."""
        ...

    def finish(
        self,
        *,
        inputs: str,
        recipients_digest: str,
        content_digest: str,
        started_at: float,
        completed_at: float,
    ) -> None:
        """The plan is complete: from now on its rows are the draft's people."""
        ...


class Selection(Protocol):
    """Whom a run is about: those that --only names, and of them as many as a limit lets be sent to."""

    def totals(self) -> dict[Status, int]:
        """By status. Those left over by a limit do not count."""
        ...

    def left_over(self) -> int:
        """How many could be sent but for the limit."""
        ...


class Draft(Selection, Protocol):
    """What a run is about to make of the record: a plan, whom it selects, what is to be remembered.

    Nobody else sees any of it, and the record stays as it was, until `merge`; who leaves a draft without that
    has changed nothing. It may be left open while a person or a server is waited for.
    """

    @property
    def reading(self) -> Reading:
        """The record as it stands."""
        ...

    @property
    def people(self) -> People:
        """Those of the plan that was staged last, else of the last one; as they will be once merged."""
        ...

    def stage(self, columns: Sequence[str]) -> Staging:
        """Begin a plan whose rows have these cells, in the place of what was staged before."""
        ...

    def forget_everyone(self) -> None:
        """Nobody was ever tried: for a record of mail that nobody gets, whose rehearsal begins anew. A plan
        has to be staged after."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Write one line of `meta`."""
        ...

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write one event."""
        ...

    def except_them(self, detail: str, at: float) -> None:
        """Whom `Staging.except_` named and nobody refused for good is accepted, by a person's word (EXCEPT,
        with `detail`); neither `retry` nor `resend` takes any of them up. The plan is finished."""
        ...

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        """Restrict the run to these keys or addresses, each in all its spellings.

        Returns the first spelling of those that name nobody in the plan; None lifts the restriction.
        """
        ...

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        """--retry: rejected rows are pending for this run, deferred ones due at once, failed ones are
        anyway. Returns how many."""
        ...

    def resend(self, only: Collection[int] | None = None) -> int:
        """Rows in doubt (of those with an ID in `only`, if given) are pending for this run, with the
        Message-ID and date they have; returns how many.

        Whoever the plan leaves out by now, as one suppressed since, stays in doubt."""
        ...

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        """Those in doubt who were sent this very content, first built after `dated_after`."""
        ...

    def limit(self, count: int | None) -> None:
        """Of those selected that can be sent, take the first so many by line; whom `retry` or `resend` made
        pending and the limit leaves over is as before."""
        ...

    def make_due(self, at: float, latest: float | None = None) -> None:
        """Rows deferred with a spent budget are due at once in the run that comes next, and none of the
        others later than `latest`: a clock that was set back since has moved them away."""
        ...

    def samples(self, count: int) -> list[Recipient]:
        """The first few that this run may send, by line."""
        ...

    def to_send(self) -> Iterator[Recipient]:
        """All of them; the draft must not change meanwhile."""
        ...

    def weight(self) -> Weight | None:
        """What `Staging.weigh` was told of those that this run may send; None where no plan was staged."""
        ...

    def terms(self, terms: Terms) -> None:
        """What everybody who joins the run that begins must have in common with it."""
        ...

    def merge(self, begins_at: float | None = None, /) -> None:
        """Make the draft the record's, in one step, and its selection that of the backlog. `begins_at` says
        that a run begins to send then.

        Raises RecordStopped where the disk says no, RecordLost where the record has changed meanwhile, or is
        no longer in this hand.
        """
        ...


class Backlog(Selection, Protocol):
    """Whom this run may send to, and what becomes of them.

    Who is handed out is claimed: nobody else gets them until they are settled or given back. All of it is
    called on the loop of the run, which stands still meanwhile, but for a store that `waits`.
    """

    def now(self) -> float:
        """The record's time, which due times are measured by. It never waits: it is asked on the loop."""
        ...

    @property
    def waits(self) -> bool:
        """Whether a call may wait for another machine. Then `apply` and `tidy` are made in a thread, one
        after the other, and beside them in another one those that look, claim and give back, while the loop
        goes on; a call that waits tells a person so, and raises RecordStopped where it was in vain."""
        ...

    @property
    def others(self) -> bool:
        """Whether, as `next_due_at` was asked last, other runners had some of whom is left."""
        ...

    @property
    def announces(self) -> bool:
        """Whether whoever is sent to has to be announced before, in blocks, where other machines see it."""
        ...

    async def announce(self, block: Collection[int]) -> None:
        """Tell others, durably, that these deliveries (ids that are claimed) may be sent to from now on, and
        what has become of those announced before; of those, who is not in `block` and was not settled is as
        before. Returns once that holds; waits, and says so, while the other side is away. An empty block only
        tells what has become of the last one.

        Raises AnotherRun where another run holds the campaign by now, RecordStopped where it was waited for
        in vain.
        """
        ...

    @property
    def streak(self) -> str | None:
        """Refusals in a row over all runners, in the order of their commits (module `streak`), as it stood
        with the last commit, or was heard of since: never waits. None where one process sends, which counts
        them by itself, and tells the store of none."""
        ...

    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        """Selected rows that are pending or failed, by line, from behind `after_row`. A store that several
        machines share hands out what is free, wherever it stands, and may have more at a later time."""
        ...

    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        """Selected deferred rows whose time has come, the longest due first."""
        ...

    def has_due(self, now: float) -> bool:
        """Whether there is anybody for `claim_due`, at whatever domain."""
        ...

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        """When the next selected deferred row that nobody has claimed is due, None if no more is in this
        run. While other runners have some, who may come free, it is no later than a look is worth it."""
        ...

    def give_back(self, ids: Collection[int]) -> None:
        """These are no longer claimed: they were not sent to, or `apply` returned them."""
        ...

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        """Make all changes durable in one transaction. Returns the ids of those whose intent does not hold:
        another runner has them by now, or nobody knows whether the intent was written, and it was undone.
        No dot may leave for them; they are no matter of this run any more. Among them may be others who
        were handed out, and whom it has lost in the same way. None of them is handed out anew before
        `give_back` says that no message for them is left here. What else is told of them changes nothing.

        Raises RecordStopped where the changes cannot be made.
        """
        ...

    def tidy(self) -> None:
        """What can be done in bulk between commits, and nobody waits for. Called often: the store decides
        whether there is enough to do.

        Raises RecordStopped where it cannot be done.
        """
        ...

    def end(self) -> None:
        """The run is over: whoever was to be sent to again by a person's word, and was not, is as before.

        Raises RecordLost where this is no longer the record that others find.
        """
        ...


class Record(Protocol):
    """An open record, in this hand."""

    @property
    def reading(self) -> Reading: ...

    @property
    def joined(self) -> Joined | None:
        """The run that is under way, and which this runner has joined: there is nothing to be planned. None
        where this one plans."""
        ...

    def doubt(self) -> LedgerError | None:
        """What is said where it may know less than was sent, as it stood when it was opened."""
        ...

    def backlog(self, now: Callable[[], float]) -> Backlog:
        """Of what was merged last. `now` is this machine's time, for a store that has none of its own."""
        ...

    def own_time(self) -> float | None:
        """Seconds since the epoch by the record's own clock; None where it goes by this machine's."""
        ...

    def recover(self, at: float) -> int:
        """Whoever a worker that is gone has left *sending* becomes in doubt; returns how many. Whoever the
        last run was to send to again, and did not come to, is what they were before."""
        ...

    def claim(self, at: float) -> None:
        """Tell other machines, if they see this record, that a run begins: before anybody is asked, or sent
        to.

        Raises AnotherRun, RecordStopped where they cannot be told, LedgerError where this one may not.
        """
        ...

    def draft(self, heed: Callable[[], None] = lambda: None) -> AbstractContextManager[Draft]:
        """`heed` is called now and then within what takes long; what it raises breaks that off."""
        ...

    def young_doubts(self) -> tuple[int, float] | None:
        """How many are in doubt to whom an answer may still come, from a machine that is slow or paused, and
        until when: they are not sent to again before, whoever asks for it. None where nobody is."""
        ...

    def beside(self) -> Snapshot | None:
        """Nobody is sent to from here any more: the record as it stands for who leaves while other runners go
        on with the run, where whom those have under way is *sending*. None where nobody else sends: of
        several that end at once, the last is told so."""
        ...

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        """Settle rows in doubt, or deferred by 5xx, by hand, each named by a key or address in all its
        spellings.

        Returns the first spelling of those that are neither; then nothing is changed.
        """
        ...


class Snapshot(Protocol):
    """A record that is only looked at, as it stands at that moment."""

    @property
    def reading(self) -> Reading: ...

    @property
    def under_way(self) -> bool:
        """Whether a run is alive on it."""
        ...

    def runners(self) -> list[Runner]:
        """Who sends from it, or did until they were no longer heard of; the longest there first."""
        ...

    @property
    def cut_off(self) -> float | None:
        """When the run began that did not come to its end, and is not alive; None where there is none."""
        ...

    def doubt(self) -> LedgerError | None:
        """As `Record.doubt`."""
        ...


class Copy(Record, Snapshot, Protocol):
    """A copy of a record, to be looked at or worked on: it is thrown away."""
