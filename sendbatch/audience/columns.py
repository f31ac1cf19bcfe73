"""What is said of a column that the CSV does not have, or has more than once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.names import guess, usable
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule

# Of a column of addresses, in the languages that exports are made in, after `usable`.
_MAIL = re.compile(
    r"(?:^|_)e?_?mail|courriel|correo|e_?post|mejl|posta_?e|epost|почт|メール|邮箱|邮件|電郵|信箱|이메일|อีเมล"
)
_EMAIL, _FILE = "recipients.email", "recipients.file"


def missing_column(
    path: str, name: str, known: Collection[str], campaign: Campaign, names: Mapping[str, str]
) -> Finding:
    """That a key of the campaign file (`path`) names a column the CSV lacks. `known` are those that it
    could name, `names` how they are written."""
    key = path.rstrip(".0123456789")
    is_written = path in campaign.places
    place = campaign.places.get(path) or campaign.places.get(_FILE)
    near = guess(usable(name), known)
    if path == _EMAIL and near is None:
        near = next((column for column in known if _MAIL.search(column)), None)
    listed = one_line(", ".join(names.get(column, column) for column in known), 500)
    hint = f"the columns are: {listed}"
    mark = campaign.recipients.delimiter
    if mark is not None and len(known) == 1:
        hint = f"the header is one column, {listed}: is `delimiter:` right?"
    elif path == _EMAIL and not is_written:
        meant = one_line(names.get(near, near), 200) if near else "NAME"
        hint = f"say which column has the address: write email: {meant} under recipients ({hint})"
    elif near:
        hint = f"did you mean {one_line(names.get(near, near), 200)}?"
    them = "the CSV has" if campaign.recipients.columns is None else "the rows given have"
    return Rule.UNKNOWN_COLUMN.finding(f"{key}: {them} no column {name!r}", place, hint)


def clashing(clashes: Mapping[str, Finding], used: Iterable[str]) -> list[Finding]:
    """What is wrong with the names that are used, once for columns that are one to a template."""
    return list(dict.fromkeys(clashes[name] for name in used if name in clashes))
