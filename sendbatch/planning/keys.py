"""What the keys of a record come from, which never changes within it.

Another key, or the address of another column, would make everyone gone and added again, and mail them
twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.audience.cells import bare
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import narrowed, usable
from sendbatch.errors import GuardError, one_line, shell_line
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.store import Draft, People, Reading
from sendbatch.planning.guards import next_edition
from sendbatch.words import count

KEY, COLUMN = "key", "key column"  # meta; the column is that of the address, where it is the key
MOST_NAMED = 5  # addresses of more than one key
LOOKED_AT = 1000  # rows of a record that does not say its column
_EXPRESSION = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_LITERAL_OR_NAME = re.compile(r"""('[^']*'|"[^"]*")|(?:\w|[^\x00-\x7f])+""")


def key_of(campaign: Campaign) -> str:
    """The key expression as the record remembers it; "" is the address."""
    recipients = campaign.recipients
    return "" if recipients.key in (None, recipients.email) else recipients.key or ""


def column_of(campaign: Campaign) -> str:
    """The column whose address is the key; "" where another key is written out."""
    return "" if key_of(campaign) else campaign.recipients.email


def remember(draft: Draft, campaign: Campaign) -> None:
    """Write down what `other_key` compares with."""
    draft.remember(KEY, key_of(campaign))
    draft.remember(COLUMN, column_of(campaign))


def other_key(reading: Reading, campaign: Campaign) -> str | None:
    """What the keys of those who were tried came from, where it is something else now."""
    known = reading.meta(KEY)
    if known is None or not reading.has_tried():
        return None
    column = reading.meta(COLUMN)
    if not _same(known, key_of(campaign)):
        return _said(known, column)
    if known or (column is not None and _same(column, column_of(campaign))):
        return None
    if column is None and _come_from(reading, column_of(campaign)):
        return None
    return _said(known, column)


def shared_addresses(people: People, campaign: Campaign) -> Iterator[Finding]:
    """A warning where the address is not the key, and one of two keys gets two messages: that is the
    author's word, and may not be meant. Where the mail is said not to be in bulk, such as two invoices to one
    bookkeeper, it is what the key says: a hint."""
    number, rows = people.shared_addresses(MOST_NAMED) if key_of(campaign) else (0, [])
    if not number:
        return
    first_rows = ", ".join(f"rows {first:,} and {last:,}" for first, last in rows)
    more = ", …" if number > len(rows) else ""
    addresses = count(number, "address", "addresses")
    has = "has" if number == 1 else "have"
    said = f"{addresses} {has} more than one key, and each key gets a message of its own: {first_rows}{more}"
    finding = Rule.SHARED_ADDRESS.finding(said, campaign.places.get("recipients.key"))
    yield replace(finding, severity="hint") if campaign.check.bulk is False else finding


def keys_since(reading: Reading, campaign: Campaign) -> Iterator[tuple[str, str]]:
    """(key in the record, what it is today) of whoever was tried under a key that an earlier version made
    otherwise: with invisible characters or a stray quote at its ends, or full-width ones in an address. The
    CSV may be cleaned up since, and says the key of today alone."""
    is_address = not key_of(campaign)
    for key in reading.tried_keys_of_before():
        if (now := of_today(key, is_address=is_address)) not in ("", key):
            yield key, now


def of_today(key: str, *, is_address: bool) -> str:
    """What this version makes of what an earlier one took for a key."""
    now = bare(key)
    if is_address:
        now = _key(now) or key if narrowed(now) != now else key
    elif len(now) > 1 and now[0] == now[-1] == '"':
        now = bare(now[1:-1])
    return unicodedata.normalize("NFC", now)


def own_addresses(draft: Draft, campaign: Campaign, *, is_new: bool) -> None:
    """Where the address is the key, no row has another's: neither of the plan as it will be, nor, where that
    `is_new`, of the record as it is, if it has the same keys. Raises Unsound: no plan of ours wrote that."""
    if key_of(campaign):
        return
    found = draft.people.unlike_their_key()
    if is_new and not draft.reading.meta(KEY):
        found = chain(found, draft.reading.unlike_their_key())
    for row, key, email in found:
        if default_key(email) not in (key, _key(key)):
            raise Unsound(f"row {row}: an address that is not the one of its key")


def refusal(
    was: str, reading: Reading, campaign: Campaign, holders: int, command: str, now: float
) -> GuardError:
    """The refusal where keys came from `was`; `holders` are all whom a plan with the new key has."""
    sent = sum(number for _, number in reading.contents())
    is_now = _said(key_of(campaign), column_of(campaign))
    hint = f"a new edition, to all {holders:,}:  {command} {shell_line('--run', next_edition(campaign, now))}"
    if not key_of(campaign):
        hint += (
            "\n  the same addresses under another name? call the column in the CSV as it was called, "
            "and nobody is mailed twice"
        )
    return GuardError(
        f"recipients.key was {was} when {f'{sent:,}' if sent else 'some'} were sent to, and is {is_now} "
        f"now: nobody could be recognised, and all {holders:,} would be mailed as new",
        hint=hint,
    )


def _same(known: str, now: str) -> bool:
    """Whether it is the same column or template. Earlier versions made other names of some columns: they
    had `_` for each other character, also for the marks of letters."""
    return known == now or _skeleton(known) == _skeleton(now) != ""


def _skeleton(key: str) -> str:
    """The same for a name and what it was called before; of a template, with such names in it."""
    return _EXPRESSION.sub(_named_alike, key) if "{" in key else _alike(key)


def _named_alike(expression: re.Match[str]) -> str:
    return _LITERAL_OR_NAME.sub(lambda found: found[1] or _alike(found[0]), expression[0])


def _alike(name: str) -> str:
    return "_".join(filter(None, re.split(r"[\W_]+", name)))


def _said(key: str, column: str | None) -> str:
    if key:
        return one_line(key, 200)
    return f"the address in {one_line(column, 200)}" if column else "the address of another column"


def _come_from(reading: Reading, column: str) -> bool:
    """Whether the keys are the addresses in this column: a record of version 1 does not say. Where it
    has no column of that name (they are made otherwise by now), that cannot be seen, and is believed."""
    for key, cells in reading.tried_cells(LOOKED_AT):
        cell = {usable(name): text for name, text in cells.items()}.get(column)
        if cell is not None and _key(cell) not in (key, _key(key)):
            return False
    return True


def _key(cell: str) -> str | None:
    """The address's key; of a key, what it would be today: an older one may have full-width characters."""
    try:
        return default_key(normalise(cell, as_given=True).email)
    except ValueError:
        return None
