"""Deliveries that are known by receipts alone, in a record that is made anew of them at each start.

Whose they are nobody knows until a plan has a row with their key: until then such a delivery has a made-up
key, no address, and its marks where its cells would be. As soon as rows are staged it is recognised, by the
key's HMAC, and is like any other from then on. Who is no longer in the CSV stays a stranger, and is carried
over.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sendbatch.ledger.ending import ENDED
from sendbatch.ledger.facts import REFUSED_SINCE
from sendbatch.ledger.forgotten import SECRET as FORGETTING
from sendbatch.ledger.git.receipts import Receipt, Secret
from sendbatch.ledger.moving import MOVE
from sendbatch.ledger.reach import REACH, kind_of
from sendbatch.ledger.sqlite.sql import note, remember
from sendbatch.ledger.sqlite.view import CURRENT, SENT, TRIED
from sendbatch.ledger.states import SENDABLE, SETTLED
from sendbatch.values import Status

FORGOTTEN = "forgotten"  # in a page about the record: the rows of that table, as JSON
SECRET = "receipts"  # noqa: S105 - the name of its line in meta, where a record has moved with some
STRANGER = "receipt "  # how a made-up key begins
EARLIER = "(an earlier address)"  # of who was sent to, or was to be, at another one than the CSV has now
# Lines of meta that the next run needs, wherever it is: none holds what a person or a server has written.
_KEPT = frozenset({
    "name", "run", "project", "path", "key", "key column", "content", "server", "signed by", "keyed",
    "braked", "reach", MOVE,
})  # fmt: skip
_KEPT_BEGINNINGS = ("domain of ", "accepted by ")
_OF_DELIVERY = (
    "d.id, d.key, d.email, d.status, d.was, d.attempts, d.content, d.dated_at, d.first_attempt_at, "
    "d.finished_at, d.due_at, d.code, d.enhanced_code, d.why, d.vars"
)
_ANNOUNCED = "announced"  # values.Why


def seed(
    db: sqlite3.Connection,
    receipts: Iterable[Receipt],
    meta: Mapping[str, str],
    servers: Sequence[tuple[float, str]],
    secret: Secret,
    at: float,
) -> set[int]:
    """Fill an empty record with what receipts say; whoever stands there as *sending* is in doubt. Returns the
    ids of these."""
    crashed, rows, since = set[int](), [], {}
    for id_, one in enumerate(receipts, 1):
        status, attempts, why, finished = one.status, one.attempts, one.why, one.finished_at
        if status is Status.SENDING:
            crashed.add(id_)
            status, attempts, why, finished = Status.IN_DOUBT, attempts + 1, _ANNOUNCED, at
        if one.since is not None:
            since[id_] = one.since
        rows.append(
            (id_, STRANGER + one.id, str(status), attempts, one.due_at, one.code, one.enhanced, why,
             one.content, f"{one.address} {one.cells}", one.dated_at, one.first_attempt_at, finished)
        )  # fmt: skip
    db.executemany(
        "INSERT INTO delivery (id, key, email, status, attempts, due_at, code, enhanced_code, why, content, "
        "vars, "
        "dated_at, first_attempt_at, finished_at, gone) VALUES (?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "1)",
        rows,
    )
    remember(db, FORGETTING, secret.digest("forgetting", "").hex())  # wherever it is made, the same
    for key, value in meta.items():
        if key == FORGOTTEN:
            db.executemany("INSERT INTO forgotten VALUES (?, ?, ?)", json.loads(value))
        else:
            remember(db, key, value)
    if since:
        remember(db, REFUSED_SINCE, json.dumps(since))
    for began, server in servers:
        note(db, "server", server, began)
    if crashed:
        note(db, "crash", f"{len(crashed)} found on the way after a crash, now in doubt", at)
    return crashed


def deliveries_of(db: sqlite3.Connection, receipts: Collection[str]) -> frozenset[int]:
    """The ids of those strangers."""
    keys = json.dumps([STRANGER + one for one in receipts])
    found = db.execute(
        "SELECT id FROM delivery WHERE key IN (SELECT value FROM json_each(?))", (keys,)
    )
    return frozenset(id_ for (id_,) in found)


def secret_in(db: sqlite3.Connection) -> Secret | None:
    """By which a record that came out of a repository knows them."""
    found = db.execute("SELECT value FROM meta WHERE key = ?", (SECRET,)).fetchone()
    return Secret(bytes.fromhex(found[0])) if found is not None and found[0] else None


def name(db: sqlite3.Connection, keys: Mapping[str, str]) -> None:
    """Whose receipts these are, by their ids; what stood in place of their cells says nothing then."""
    db.executemany(
        "UPDATE delivery SET key = ?, email = iif(instr(?1, '@'), ?1, ''), vars = NULL WHERE key = ?",
        [(key, STRANGER + id_) for id_, key in keys.items()],
    )


def are_any(db: sqlite3.Connection) -> bool:
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE key GLOB ?)", (f"{STRANGER}*",)
    ).fetchone()
    return bool(found[0])


def recognise(db: sqlite3.Connection, plan: int, secret: Secret) -> None:
    """Whoever has a row in the plan of this number is no stranger any more."""
    found = db.execute(
        "SELECT key, id, status, vars FROM delivery WHERE key GLOB ?", (f"{STRANGER}*",)
    )
    strangers = {key.removeprefix(STRANGER): rest for key, *rest in found}
    if not strangers:
        return
    rows = db.execute(
        "SELECT key, email, vars FROM plan_row WHERE plan = ? AND key <> '' ORDER BY status <> 'pending', id",
        (plan,),
    )
    known = []
    for key, email, cells in rows:
        stranger = strangers.pop(secret.id_of(key), None)
        if stranger is None:
            continue
        id_, status, marks = stranger
        address, _, of_cells = (marks or "").partition(" ")
        is_same = address in ("", _address(secret, key, email))
        is_repetition = status == Status.IN_DOUBT and of_cells == secret.mark("cells", key, cells)
        known.append((key, email if is_same else EARLIER, cells if is_repetition else None, id_))
    db.executemany("UPDATE delivery SET key = ?, email = ?, vars = ? WHERE id = ?", known)


def meta_to_keep(db: sqlite3.Connection) -> dict[str, str]:
    """How the last run ended is among it, without the words: a server may have written them."""
    found = dict(db.execute("SELECT key, value FROM meta").fetchall())
    kept = {
        key: value for key, value in found.items() if key in _KEPT or key.startswith(_KEPT_BEGINNINGS)
    }
    if forgotten := db.execute("SELECT mark, name, at FROM forgotten ORDER BY mark").fetchall():
        kept[FORGOTTEN] = json.dumps(forgotten)
    if REACH in found:
        kept[REACH] = kind_of(found[REACH])  # without the addresses
    if found.get(ENDED) == "":
        kept[ENDED] = ""  # it has not, yet
    elif ENDED in found:
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            kept[ENDED] = json.dumps(json.loads(found[ENDED]) | {"why": ""})
    return kept


def servers(db: sqlite3.Connection) -> list[tuple[float, str]]:
    return db.execute("SELECT at, detail FROM event WHERE kind = 'server' ORDER BY rowid").fetchall()


def sent(db: sqlite3.Connection) -> int:
    """How many have the mail, or may have it. All is folded."""
    (found,) = db.execute(f"SELECT count(*) FROM delivery WHERE status IN {SENT}").fetchone()
    return int(found)


def receipts_of(
    db: sqlite3.Connection,
    secret: Secret,
    ids: Collection[int] | None,
    sending: Collection[int] = (),
    at: float = 0.0,
) -> list[Receipt]:
    """Those of these deliveries (None: all that were tried), as they stand; whoever is among `sending` may be
    sent to from this time on. All is folded."""
    teller = _Teller(db, secret, at)
    found = dict(teller.of_deliveries(ids))
    missing = [id_ for id_ in ids or () if id_ not in found]
    found.update(teller.of_rows(missing))
    return [teller.sending(one, id_) if id_ in sending else one for id_, one in found.items()]


class _Teller:
    def __init__(self, db: sqlite3.Connection, secret: Secret, at: float) -> None:
        self._db = db
        self._secret = secret
        self._at = at
        meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
        self._is_address = meta.get("key", "") == ""  # the key is the address
        self._content = meta.get("content")
        self._since = json.loads(meta.get(REFUSED_SINCE, "{}"))

    def of_deliveries(self, ids: Collection[int] | None) -> Iterator[tuple[int, Receipt]]:
        among = TRIED if ids is None else "id IN (SELECT value FROM json_each(?))"
        values = () if ids is None else (json.dumps(sorted(ids)),)
        asked = f"SELECT {_OF_DELIVERY} FROM delivery AS d WHERE {among}"
        for row in self._db.execute(asked, values).fetchall():
            yield row[0], self._of_delivery(*row)

    def _of_delivery(
        self, id_: int, key: str, email: str, status: str, was: str | None, attempts: int,
        content: str | None, dated_at: float | None, first: float | None, finished: float | None,
        due: float | None, code: int | None, enhanced: str | None, why: str | None, cells: str | None,
    ) -> Receipt:  # fmt: skip
        now = Status(status)
        if now in SENDABLE and was is not None and Status(was) in SETTLED:
            now = Status(was)  # who is sent to again for this run alone: see `view`
        if key.startswith(STRANGER):
            name = key.removeprefix(STRANGER)
            address, _, of_cells = (cells or "").partition(" ")
        else:
            name = self._secret.id_of(key)
            address = self._address(key, email)
            of_cells = self._secret.mark("cells", key, cells) if cells and now is Status.IN_DOUBT else ""
        return Receipt(
            name, now, attempts, content, dated_at, first, finished, due, self._since.get(str(id_)), code,
            enhanced, why, address, of_cells,
        )  # fmt: skip

    def of_rows(self, ids: Sequence[int]) -> Iterator[tuple[int, Receipt]]:
        """Of whoever was not tried yet."""
        for id_, key, email in self._db.execute(
            "SELECT id, key, email FROM plan_row WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        ).fetchall():
            yield id_, Receipt(self._secret.id_of(key), Status.PENDING, address=self._address(key, email))

    def sending(self, one: Receipt, id_: int) -> Receipt:
        """Were it the last that is heard of them, they would be in doubt from now on; the mark of the cells
        tells whether another message would be a repetition. It is dated by when it was announced."""
        content = self._content or one.content
        dated = one.dated_at if one.content == content and one.dated_at is not None else self._at
        found = self._db.execute(
            f"SELECT key, vars FROM plan_row WHERE plan = {CURRENT} AND status = 'pending' AND "
            "(id = ?1 AND delivery IS NULL OR delivery = ?1)",
            (id_,),
        ).fetchone()
        cells = self._secret.mark("cells", *found) if found is not None else one.cells
        return one._replace(
            status=Status.SENDING,
            content=content,
            dated_at=dated,
            first_attempt_at=one.first_attempt_at or self._at,
            cells=cells,
        )

    def _address(self, key: str, email: str) -> str:
        return "" if self._is_address else _address(self._secret, key, email)


def _address(secret: Secret, key: str, email: str) -> str:
    return secret.mark("address", key, email.casefold())


