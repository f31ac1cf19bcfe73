"""What a run pushes of its record: one commit after the other, each on the one before, until all is told.

There is one place where it is decided what may be pushed. A commit that was pushed and not answered may
arrive at any time, so the same one is pushed until that is known, and no other before. The first and the last
commit of a run are pushed together with the project's witness, which other campaigns may have changed
meanwhile.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sendbatch.ledger.git import pages, refusals, witness
from sendbatch.ledger.git.finding import Found, wait
from sendbatch.ledger.git.pages import ABOUT, About
from sendbatch.ledger.git.place import Place
from sendbatch.ledger.git.receipts import Receipt, page
from sendbatch.ledger.git.remote import Away, Moved, Refused, Remote, Update
from sendbatch.ledger.git.witness import Seen
from sendbatch.ledger.moving import MOVE
from sendbatch.ledger.sqlite.strangers import FORGOTTEN
from sendbatch.values import Status
from sendbatch.words import duration

MOST_PAGES = 8  # of a record that is at rest: more are folded into one
_MESSAGES = "sendbatch record"


@dataclass(frozen=True, slots=True)
class Told:
    """What a commit is to say: receipts, in place of all before where it `is_all`, and what pages.About has.
    With the last one the run has ended."""

    receipts: Sequence[Receipt]
    meta: Mapping[str, str]
    servers: Sequence[tuple[float, str]]
    sent: int
    is_last: bool = False
    is_all: bool = False


class Book:
    """That of one run, on what was `found`. `ended` says that somebody wants to end."""

    def __init__(self, remote: Remote, place: Place, found: Found) -> None:
        self.head = found.commit
        self.is_open = False  # the run was begun there, and has not ended
        self.is_left_open = not found.pages.about.ended  # one of before was, and has not
        self.is_lost = False  # another run holds the campaign
        self.gave_up = False  # the remote was waited for in vain
        self.told = place.told
        self.doubted_until = max(found.pages.about.doubted_until, _doubted(found, place.patience.settling))
        self.doubted = frozenset((*found.pages.about.doubted, *_on_the_way(found)))  # ids of receipts
        self._remote = remote
        self._place = place
        self._secret = place.secret().of(place.ref)
        self._about = found.pages.about
        self._files = dict(found.pages.files)
        self._found = found
        self._run = secrets.token_hex(8)
        self._witnessed: tuple[str, str, Update] | None = None  # made for these two commits
        self._unsure: tuple[str, About, bool] | None = None  # a commit that may have arrived
        self._unsure_files: dict[str, bytes] = {}

    @property
    def is_worth_folding(self) -> bool:
        return len(self._files) >= MOST_PAGES

    def write(self, told: Told, at: float, ended: Callable[[], bool]) -> None:
        """Push one more commit. Returns once it is there. Raises AnotherRun, RecordStopped, before the first
        LedgerError."""
        self._settle(ended)
        contents = list(self._about.contents)
        data = page(told.receipts, contents)
        files = {} if told.is_all else dict(self._files)
        if data:
            files[pages.next_name(self._files)] = data
        began = self._about.began if self.is_open else at
        about = About(
            self._about.number + 1, self._run, began, at, self.doubted_until,
            tuple(sorted(self.doubted)) if at < self.doubted_until else (), told.is_last, told.sent,
            tuple(contents), tuple(told.servers), told.meta,
        )  # fmt: skip
        self._unsure_files = files
        self._unsure = (self._committed(files, about), about, told.is_last or not self.is_open)
        self._settle(ended)

    def _committed(self, files: dict[str, bytes], about: About) -> str:
        form = pages.NOT_FOR_EARLIER if about.meta.get(MOVE) or FORGOTTEN in about.meta else pages.FORMAT
        whole = pages.sealed({**files, ABOUT: about.written()}, self._secret, form)
        kept = [name for name in files if name in self._files]
        new = {name: data for name, data in whole.items() if name not in kept}
        return self._remote.commit(new, self.head, kept, f"{_MESSAGES} {about.number}")

    def _settle(self, ended: Callable[[], bool]) -> None:
        """Push the commit that may have arrived until that is known."""
        if self._unsure is None:
            return
        commit, about, is_witnessed = self._unsure
        self._remote.ended = ended
        self._push(commit, about, ended, is_witnessed=is_witnessed)
        self.head, self._about, self._files = commit, about, self._unsure_files
        self.is_open = not about.ended
        self._unsure = None
        if is_witnessed:
            self._found = replace(self._found, witness=self._witness(commit, about).new)

    def _push(self, commit: str, about: About, ended: Callable[[], bool], *, is_witnessed: bool) -> None:
        place, patience = self._place, self._place.patience
        until = time.monotonic() + patience.offline
        pause, is_away = patience.pause, False
        while True:
            try:
                updates = [Update(place.ref, commit, self.head)]
                if is_witnessed:
                    updates.append(self._witness(commit, about))
                self._remote.push(*updates)
            except Moved:
                self._look_who(commit)
            except Refused as refused:
                raise refusals.not_taken(place.ref, refused, is_sending=self.is_open) from None
            except Away as away:
                if (self.gave_up and self.is_open) or ended() or time.monotonic() >= until:
                    self.gave_up = True
                    if place.stop.is_now and self.is_open:
                        raise refusals.cut_off(place.ref) from None
                    raise refusals.away(place.ref, str(away), is_sending=self.is_open) from None
                self.told(
                    f"the repository is away, nothing is sent meanwhile: {away}; again in {duration(pause)}"
                )
                is_away = True
                wait(pause, ended)
                pause = min(pause * 2, patience.longest_pause)
            else:
                if is_away:
                    self.told("the repository is there again")
                return

    def _look_who(self, commit: str) -> None:
        """Another run of this campaign has changed its record, or only one of another campaign the witness,
        which is read anew then."""
        place = self._place
        try:
            refs = self._remote.refs()
            if refs.get(place.ref, "") in (self.head, commit):
                self._remote.fetch([place.witness] if place.witness in refs else [])
                head = refs.get(place.witness, "")
                files = self._remote.files(head) if head and self._remote.has(head) else {}
                known = witness.read(files, place.secret().of(place.witness)) if files else {}
                self._found = replace(self._found, witness=head, known=known)
                return
        except (Away, Refused):
            return  # the next push says so
        except ValueError as wrong:
            raise refusals.changed(place.witness, str(wrong)) from None
        self.is_lost = True
        raise refusals.overtaken(place.ref)

    def _witness(self, commit: str, about: About) -> Update:
        place, secret = self._place, self._place.secret().of(self._place.witness)
        parent = self._found.witness
        if self._witnessed is not None and self._witnessed[:2] == (commit, parent):
            return self._witnessed[2]
        known = dict(self._found.known)
        known[witness.id_of(place.ref, secret)] = Seen(about.number, about.sent, commit)
        made = self._remote.commit(witness.written(known, secret), parent, (), "sendbatch witness")
        self._witnessed = (commit, parent, Update(place.witness, made, parent))
        return self._witnessed[2]


def _doubted(found: Found, settling: float) -> float:
    """Until when a run that did not say that it ended may still be sending what it announced last: it was
    taken for dead, and may only have slept."""
    about = found.pages.about
    return 0.0 if about.ended else about.at + settling


def _on_the_way(found: Found) -> Iterator[str]:
    """Whom such a run has announced, and not told of."""
    if not found.pages.about.ended:
        receipts = found.pages.receipts()
        yield from (id_ for id_, one in receipts.items() if one.status is Status.SENDING)
