"""Settling a plan in the making, in PostgreSQL: the suppressed, who is known by a former key, the first row
of each key, and what of the record each row goes on with. All of it by SQL, and not in memory.
"""

from __future__ import annotations

from typing import Final

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.postgres.connecting import transaction
from sendbatch.ledger.postgres.making import Making, changed_meanwhile
from sendbatch.ledger.postgres.view import DONE, TRIED
from sendbatch.ledger.states import LEFT_OUT

LEFT_OUT_STATUSES: Final = listed(LEFT_OUT)


def settle(making: Making, rows: int) -> int:
    """All `rows` are there; returns how many are duplicates. Raises RecordLost where they are not, for who
    plans now has cleared them, or the server has crashed."""
    _leave_out_suppressed(making)
    if "former" in making.scratch or "since" in making.scratch:
        _recognise(making)
        # once more: a list has the keys of today, or as a report told them
        _leave_out_suppressed(making)
    duplicates = _leave_out_duplicates(making, rows)
    _point_to_deliveries(making)
    _find_excepted(making)
    return duplicates


def _leave_out_suppressed(making: Making) -> None:
    if "suppression" not in making.scratch:
        return
    _spread_domains(making)
    rows, marks, lists = making.rows, making.scratch["marks"], making.scratch["suppression"]

    def listed_by(column: str, *kinds: str) -> str:
        named = ", ".join(f"'{kind}'" for kind in kinds)
        return f"JOIN {lists} AS s ON s.value = {column} AND s.kind IN ({named})"

    making.execute(
        f"{making.changed} status = 'suppressed', why = 'suppressed', detail = NULL FROM ("
        f'SELECT m."row" FROM {marks} AS m {listed_by("m.address", "key")} UNION '
        f'SELECT m."row" FROM {marks} AS m {listed_by("m.domain", "domain")} UNION '
        f'SELECT k."row" FROM {rows} AS k {listed_by("k.key", "key", "text")} UNION '
        # a column of addresses that is the key: as it is written there
        f'SELECT k."row" FROM {rows} AS k {listed_by("lower(k.key)", "key")} UNION '
        f'SELECT k."row" FROM {rows} AS k {listed_by("k.email", "text")}'
        f') AS found WHERE {making.are_rows} AND r.id = {making.base:d} + found."row" '
        "AND r.status = 'pending'"
    )


def _spread_domains(making: Making) -> None:
    """Each domain of a row that lies below a listed one is listed too: its parents are looked up one by one,
    and not every listed domain held against it."""
    lists = making.scratch["suppression"]
    making.execute(
        "WITH RECURSIVE above (domain, parent) AS ("
        "SELECT DISTINCT domain, substr(domain, strpos(domain, '.') + 1) "
        f"FROM {making.scratch['marks']} AS m WHERE strpos(domain, '.') > 0 "
        f"AND EXISTS (SELECT 1 FROM {lists} AS s WHERE s.kind = 'below') UNION ALL "
        "SELECT domain, substr(parent, strpos(parent, '.') + 1) FROM above WHERE strpos(parent, '.') > 0) "
        f"INSERT INTO {lists} (kind, value) SELECT 'domain', domain FROM above "
        f"WHERE parent IN (SELECT value FROM {lists} AS s WHERE s.kind = 'below')"
    )


def _recognise(making: Making) -> None:
    """All rows of a key take the former one of any of them, where somebody was tried under that, and nobody
    under theirs, or in vain while who has the former one was sent the message. Of several, who is done with
    comes first. A key that stands in the CSV too is another's."""
    renamed = making.scratch.make("renamed")
    making.execute(
        f"WITH known AS (SELECT key, status FROM {making.deliveries} AS d WHERE {TRIED}), "
        "theirs AS (SELECT key, bool_or(status IN ('accepted', 'in_doubt')) AS was_sent FROM known "
        "GROUP BY key), "
        f"made AS (SELECT r.key AS key, f.key AS former FROM {making.scratch['former']} AS f "
        f'JOIN {making.rows} AS r USING ("row") UNION SELECT key, former '
        f'FROM {making.scratch["since"]} AS s) '
        f"INSERT INTO {renamed} (key, known) SELECT DISTINCT ON (made.key) made.key, known.key "
        "FROM made JOIN known ON known.key = made.former LEFT JOIN theirs ON theirs.key = made.key "
        f"WHERE NOT EXISTS (SELECT 1 FROM {making.rows} AS r WHERE r.key = made.former) "
        "AND (theirs.key IS NULL OR known.status IN ('accepted', 'in_doubt') AND NOT theirs.was_sent) "
        f"ORDER BY made.key, known.status NOT IN {DONE}, known.key"
    )
    making.execute(
        f"{making.changed} key = n.known FROM {renamed} AS n WHERE {making.are_rows} AND n.key = r.key"
    )


def _leave_out_duplicates(making: Making, rows: int) -> int:
    """Few lists have one key twice, which shows by hashes that are sorted; others need not be searched."""
    there, held, keys = making.execute(
        "SELECT count(*), count(*) FILTER (WHERE status = 'pending'), "
        "count(DISTINCT hashtextextended(key, 0)) FILTER (WHERE status = 'pending') "
        f"FROM {making.rows} AS r"
    ).fetchall()[0]
    if there != rows:
        with transaction(making.asked.connection) as cursor:
            making.scratch.hold_whole(cursor)
        raise changed_meanwhile()
    if keys == held:
        return 0
    twice = making.scratch.make("twice")
    making.execute(
        f'INSERT INTO {twice} (key, first) SELECT key, min("row") FROM {making.rows} AS r '
        "WHERE r.status = 'pending' GROUP BY key HAVING count(*) > 1"
    )
    return making.execute(
        f"{making.changed} status = 'duplicate', why = 'duplicate', detail = t.first::text FROM {twice} AS t "
        f"WHERE {making.are_rows} AND t.key = r.key AND t.first <> r.\"row\" AND r.status = 'pending'"
    ).rowcount


def _point_to_deliveries(making: Making) -> None:
    """Who was tried is the row that holds their key, else the first that the checks leave out."""
    if not making.one(f"SELECT EXISTS (SELECT 1 FROM {making.deliveries} AS d)"):
        return
    tried = f"(SELECT id, key FROM {making.deliveries} AS d WHERE {TRIED} AND key <> '')"
    making.execute(
        f"{making.changed} delivery = t.id FROM {tried} AS t "
        f"WHERE {making.are_rows} AND r.status = 'pending' AND t.key = r.key"
    )
    making.execute(
        f'WITH left_out AS (SELECT key, min("row") AS first FROM {making.rows} AS r '
        f"WHERE r.status IN {LEFT_OUT_STATUSES} GROUP BY key) "
        f"{making.changed} delivery = t.id FROM left_out AS l JOIN {tried} AS t USING (key) "
        f"WHERE {making.are_rows} AND r.id = {making.base:d} + l.first AND NOT EXISTS "
        f"(SELECT 1 FROM {making.rows} AS h WHERE h.key = t.key AND h.status = 'pending')"
    )


def _find_excepted(making: Making) -> None:
    """Of each key that is named, or whose address is: the row that stands for its delivery."""
    if "excepted" not in making.scratch:
        return
    rows, named = making.rows, making.scratch["excepted"]
    keys, ids = making.scratch.make("excepted_keys"), making.scratch.make("excepted_rows")
    making.execute(
        f"INSERT INTO {keys} (key) SELECT key FROM (SELECT r.key FROM {rows} AS r "
        f'JOIN {making.scratch["marks"]} AS m USING ("row") JOIN {named} AS e ON e.value = m.address '
        f"UNION SELECT r.key FROM {rows} AS r JOIN {named} AS e ON e.value = r.key "
        f"UNION SELECT r.key FROM {rows} AS r JOIN {named} AS e ON e.value = lower(r.key)) AS found "
        "WHERE key <> ''"
    )
    making.execute(
        f"INSERT INTO {ids} (id) SELECT min(r.id) FROM {rows} AS r "
        f"JOIN {keys} AS k USING (key) WHERE r.status = 'pending' OR r.status IN {LEFT_OUT_STATUSES} "
        "GROUP BY r.key, r.status = 'pending' HAVING r.status = 'pending' OR NOT EXISTS "
        f"(SELECT 1 FROM {rows} AS h WHERE h.key = r.key AND h.status = 'pending')"
    )
