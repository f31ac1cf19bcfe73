"""A CSV on disk, read as a run reads it, and rows judged by a campaign's rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendbatch.audience.checks import Checker
from sendbatch.audience.reading import open_table
from sendbatch.audience.rules import Rules, make_rules
from sendbatch.campaign.model import Campaign, Mailbox, Profile, Recipients, Templates
from sendbatch.errors import AudienceError, Place
from sendbatch.reasons import reason
from sendbatch.values import Checked, Row

PLACES = {
    f"recipients.{name}": Place("spring.yaml", line, 3, f"  {name}: …")
    for line, name in enumerate(("file", "email", "key", "where"), 5)
}


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are told as seen from the working folder: here from beside the file, wherever the checkout is."""
    monkeypatch.chdir(tmp_path)


class Export:
    """One file of recipients; `write` it, then ask for its `rows` or for what is said of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, content: str | bytes) -> Path:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.path

    def rows(self, content: str | bytes, encoding: str = "utf-8") -> list[Row]:
        with open_table(self.write(content), encoding) as table:
            return list(table)

    def cells(self, content: str | bytes, encoding: str = "utf-8") -> list[tuple[str, ...]]:
        return [row.cells for row in self.rows(content, encoding)]

    def columns(self, content: str | bytes, encoding: str = "utf-8") -> tuple[str, ...]:
        with open_table(self.write(content), encoding) as table:
            return table.columns

    def said(self, content: str | bytes, encoding: str = "utf-8") -> str:
        """The error that reading all of it ends in, its path cut to the file's name."""
        with pytest.raises(AudienceError) as caught:
            self.rows(content, encoding)
        return str(caught.value).replace(str(self.path), self.path.name)


def campaign(folder: Path = Path("/nowhere"), **fields: Any) -> Campaign:
    """A campaign whose `recipients:` and own fields are those given."""
    own = {name: fields.pop(name) for name in ("variables", "overrides") if name in fields}
    made = Campaign(
        file=folder / "spring.yaml",
        folder=folder,
        name="spring",
        run="",
        sender=Mailbox("Example News", "news@example.com"),
        bounces_to="bounces@example.com",
        subject="Hello",
        recipients=Recipients(folder / "people.csv", **fields),
        templates=Templates(),
        profile=Profile("sandbox", "127.0.0.1", 25, "none"),
        places=PLACES,
    )
    return replace(made, **own)


def rules(header: str, **fields: Any) -> Rules:
    """`header` names usable columns, split at blanks."""
    columns = tuple(header.split())
    return make_rules(campaign(**fields), columns, {name: name for name in columns})


def told(found: Checked) -> str:
    """Why the row is left out, in words."""
    return reason(found.why, found.detail)


def check(header: str, *cells: str, line: int = 2, **fields: Any) -> Checked:
    return Checker(rules(header, **fields)).check(Row(line, cells))


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "people.csv")
