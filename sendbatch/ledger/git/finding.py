"""A record in a repository as it is found: read, its seal held to the key, and itself to the witness."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sendbatch.ledger.git import pages, refusals, witness
from sendbatch.ledger.git.names import records_among
from sendbatch.ledger.git.pages import About, Changed, Newer, OtherKey, Pages
from sendbatch.ledger.git.place import Place
from sendbatch.ledger.git.receipts import Secret
from sendbatch.ledger.git.remote import Away, Refused, Remote
from sendbatch.ledger.git.witness import Seen
from sendbatch.ledger.moving import MOVE, move_in, refusal
from sendbatch.words import clock_time

T = TypeVar("T")

TRIES = 3  # at reading: a remote that is away then is not waited for long, nothing is lost by going
LOOKS = 6  # at a ref that is watched


@dataclass(frozen=True, slots=True)
class Found:
    """`commit` is "" where there is no record yet; `witness` that of the project's, with what it knows."""

    commit: str = ""
    pages: Pages = field(default_factory=lambda: Pages(About(), {}))
    witness: str = ""
    known: dict[str, Seen] = field(default_factory=dict)


def find(remote: Remote, place: Place, *, moved: bool = False) -> Found:
    """Raises GuardError where it is not what it was, or has moved, unless what is left is wanted (`moved`);
    LedgerError where it cannot be read, RecordStopped where
    the remote is away, Interrupted."""
    secret, ref = place.secret(), place.ref
    asked = (ref, place.witness)
    while True:
        refs = refs_of(remote, place)
        heads = {one: refs[one] for one in asked if one in refs}
        _patiently(place, partial(remote.fetch, list(heads)))
        if all(map(remote.has, heads.values())):
            break
        # It moved between the two questions, and not forward: the next look finds where to.
    known = _witnessed(remote, place, heads.get(place.witness, ""), secret)
    seen = known.get(witness.id_of(ref, secret.of(place.witness)))
    commit = heads.get(ref, "")
    if not commit:
        if seen is not None:
            raise refusals.lost(ref, seen, None)
        _hold_renamed(place, list(refs))
        return Found(witness=heads.get(place.witness, ""), known=known)
    found = _read(remote, commit, secret.of(ref), ref)
    if seen is not None and found.about.number < seen.number:
        raise refusals.lost(ref, seen, found.about.number)
    if not moved and (move := move_in(found.about.meta.get(MOVE))) is not None:
        raise refusal(move)
    return Found(commit, found, heads.get(place.witness, ""), known)


def refs_of(remote: Remote, place: Place) -> dict[str, str]:
    """All refs of records, with their commits. Raises as `find`."""
    return _patiently(place, remote.refs)


def watch(remote: Remote, place: Place, found: Found) -> None:
    """The last run did not say that it ended: is it alive? Raises LockedError where its record moves."""
    place.told(
        f"the last run did not say that it ended: looking for {place.patience.watch:g} s whether it is alive"
    )
    until = time.monotonic() + place.patience.watch
    while (left := until - time.monotonic()) > 0:
        wait(min(left, place.patience.watch / LOOKS), lambda: place.stop.is_soon)
        place.stop.heed()
        if refs_of(remote, place).get(place.ref, "") != found.commit:
            raise refusals.another_run(clock_time(found.pages.about.began))


def wait(seconds: float, ended: Callable[[], bool]) -> None:
    """For so long, or until somebody wants to end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not ended():
        time.sleep(min(left, 0.1))


def _patiently(place: Place, ask: Callable[[], T]) -> T:
    pause = place.patience.pause
    for left in reversed(range(TRIES)):
        try:
            return ask()
        except Refused as refused:
            raise refusals.unread(place.ref, refused) from None
        except Away as away:
            place.stop.heed()
            if not left:
                raise refusals.away(place.ref, str(away), is_sending=False) from None
            wait(pause, lambda: place.stop.is_soon)
            place.stop.heed()
    raise AssertionError


def _witnessed(remote: Remote, place: Place, commit: str, secret: Secret) -> dict[str, Seen]:
    if not commit:
        return {}
    try:
        return witness.read(remote.files(commit), secret.of(place.witness))
    except OtherKey:
        raise refusals.other_key(place.witness) from None
    except Newer:
        raise refusals.newer(place.witness) from None
    except ValueError as wrong:
        raise refusals.changed(place.witness, str(wrong)) from None


def _read(remote: Remote, commit: str, secret: Secret, ref: str) -> Pages:
    try:
        return pages.read(remote.files(commit), secret)
    except OtherKey:
        raise refusals.other_key(ref) from None
    except Newer:
        raise refusals.newer(ref) from None
    except (Changed, ValueError) as wrong:
        raise refusals.changed(ref, str(wrong)) from None


def _hold_renamed(place: Place, refs: list[str]) -> None:
    """A host keeps the refs of a repository that was renamed, and its project has another name by then."""
    others = [
        project
        for project, record in records_among(refs)
        if record == place.record and project != place.project.casefold()
    ]
    if others:
        raise refusals.of_another_project(place, others)


