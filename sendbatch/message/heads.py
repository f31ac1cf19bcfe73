"""The head of a message, planned: what everybody's has is encoded once, and what is made of a few cells once
for each value of theirs.

The bytes are those that a message made in any other way has, for the same functions give them. What is
unusual is not planned, and is made as ever, which tells what is wrong with it, if anything: a header outside
of ASCII (an address that needs SMTPUTF8), a line that begins with a dot, a very long value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from sendbatch.campaign.language.cost import cells_at
from sendbatch.message.headers import (
    WIDTH,
    Header,
    date,
    is_plain,
    mailboxes,
    one_line,
    wire_address,
)
from sendbatch.message.heading import Templated, Written
from sendbatch.message.letter import Letter
from sendbatch.message.templates import LineTemplate
from sendbatch.message.unsubscribing import Links, Unsubscribing, shown
from sendbatch.values import Recipient

T = TypeVar("T")
_Variables: TypeAlias = dict[str, object]

_LONGEST_VALUES = 1_000  # characters of the cells that one header is made of
_LONGEST = 4_000  # bytes of one header
# Of what is kept for the values that were seen. It is emptied when full: the usual ones are soon back.
_MOST_KEPT = 4_096
_MOST_CHARACTERS = 500_000  # of values; what is made of one is a few times as long
_USUAL_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")
# Whether headers and envelope have an address as it is.
is_wired = _USUAL_ADDRESS.fullmatch


class Unusual(Exception):
    """It cannot be planned: the plain path, which everybody can go, makes it or says what is wrong."""


class Heads:
    """Those of one content. Raises Unusual where nobody's can be planned."""

    def __init__(self, letter: Letter) -> None:
        if any(template.is_by_chance for template in letter.line_templates):
            raise Unusual
        self._letter = letter
        self._declared: list[bytes | Kept[bytes]] = [
            Kept(letter, one.templates, _made_by(one.written))
            if isinstance(one, Templated)
            else _fit(one.encoded())
            for one in letter.heading.declared
        ]
        heading = letter.heading
        self._fixed = b"".join(map(Header.encoded, heading.fixed)) if heading.are_fixed else None
        self._to = Kept(letter, [letter.name], self._display)
        self._subject = Kept(letter, [letter.subject], self._subject_of)
        self._leaving = Kept(letter, letter.unsubscribing.templates, self._leaving_of)
        self.has_leaving = letter.unsubscribing.are_declared
        self._date, self._second = b"", -1.0  # the header Date, and the second that it says

    def encoded(
        self,
        recipient: Recipient,
        cells: tuple[str, ...],
        address: str,
        identity: str,
        dated_at: float,
    ) -> list[bytes]:
        """All headers but those of MIME and of `leaving`, for an address as it is on the wire; the `cells`
        are those of the letter's columns. Raises Unusual, and whatever a template may raise."""
        subject = self._subject
        to = self._to[self._to.key(cells)]
        if to.length + len(address) <= WIDTH:
            addressed = b"%b%b%b" % (to.before, address.encode("ascii"), to.behind)
        else:
            addressed = _fit(mailboxes("To", [(to.display, address)]))
        if (second := dated_at // 1) != self._second:  # many are dated in one
            self._second, self._date = second, date(dated_at).wire
        made = [
            self._declared_of(cells) if self._fixed is None else self._fixed,
            addressed,
            subject[subject.key(cells)],
            self._date,
            b"Message-ID: %b\r\n" % identity.encode("ascii"),
        ]
        if (name := self._letter.content.idempotency_header) is not None:
            made.append(_fit(Header(name, self._letter.key(identity, recipient)).encoded()))
        return made

    def leaving(self, recipient: Recipient) -> Leaving:
        """Their ways to unsubscribe. Raises as `encoded` does."""
        found = self._leaving.of(recipient.cells)
        ways = self._letter.unsubscribing
        if not ways.signs:
            return found
        return _leaving(ways, ways.finished(found.links, self._letter.query_of(recipient)))

    def _declared_of(self, cells: tuple[str, ...]) -> bytes:
        return b"".join(
            [one if isinstance(one, bytes) else one.of(cells) for one in self._declared]
        )

    def _display(self, variables: _Variables) -> _To:
        """What stands around the address in To: as it is written around none."""
        display = self._letter.name.render(variables)
        around = _fit(mailboxes("To", [(display, "")]))
        end = 3 if one_line(display) else 2  # with the bracket behind it
        return _To(around[:-end], around[-end:], len(around) - 2, display)

    def _subject_of(self, variables: _Variables) -> bytes:
        return _fit(Header("Subject", self._letter.subject_of(variables)).encoded())

    def _leaving_of(self, variables: _Variables) -> Leaving:
        ways = self._letter.unsubscribing
        links = ways.unsigned(variables)
        return Leaving(links, "", b"") if ways.signs else _leaving(ways, links)


class Leaving(NamedTuple):
    """One recipient's ways to unsubscribe: `shown` is the one for templates, `header` all headers of them."""

    links: Links
    shown: str
    header: bytes


def _leaving(ways: Unsubscribing, links: Links) -> Leaving:
    header = _fit(b"".join(header.encoded() for header in ways.headers(links)))
    return Leaving(links, shown(links), header)


class _To(NamedTuple):
    """`length` is that of both sides, without the line's end; a long one has line breaks of its own, and
    leaves no room for an address."""

    before: bytes
    behind: bytes
    length: int
    display: str


class Kept(dict[tuple[str, ...], T]):
    """What is made of the cells that some templates use; it is kept for each value of theirs. `key` takes
    these cells out of a row's. What it has not it makes, which raises Unusual and what templates raise."""

    def __init__(
        self, letter: Letter, templates: Sequence[LineTemplate], make: Callable[[_Variables], T]
    ) -> None:
        super().__init__()
        self._constants, self._make = letter.constants, make
        used = frozenset[str]().union(*(one.names for one in templates))
        places = [place for place, name in enumerate(letter.columns) if name in used]
        self._names = [letter.columns[place] for place in places]
        self.key = cells_at(places)
        self._size = 0

    def of(self, cells: tuple[str, ...]) -> T:
        return self[self.key(cells)]

    def __missing__(self, key: tuple[str, ...]) -> T:
        length = sum(map(len, key))
        if length > _LONGEST_VALUES:
            raise Unusual
        made = self._make({**self._constants, **dict(zip(self._names, key, strict=True))})
        self._size += length
        if len(self) >= _MOST_KEPT or self._size > _MOST_CHARACTERS:
            self.clear()
            self._size = length
        self[key] = made
        return made


def _made_by(written: Written) -> Callable[[_Variables], bytes]:
    def made(variables: _Variables) -> bytes:
        header = written(variables)
        return b"" if header is None else _fit(header.encoded())

    return made


def _fit(header: bytes) -> bytes:
    """Headers that can go on the wire as they stand; there may be none. Raises Unusual for others."""
    if header and (len(header) > _LONGEST or not is_plain(header)):
        raise Unusual
    return header


def wired(email: str) -> str:
    """An address as headers and envelope have it. Raises Unusual where it needs SMTPUTF8, and ValueError
    where none can have it."""
    address, needs_utf8 = wire_address(email)
    if needs_utf8:
        raise Unusual
    return address
