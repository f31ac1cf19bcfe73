"""The campaign's own headers that hold mailboxes, made for each recipient.

Names and addresses are told apart in what the author wrote, before a cell is put in: whatever stands
in one is part of the name or of the address, and makes no other mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import jinja2

from sendbatch.campaign.model import Mailbox
from sendbatch.campaign.written.mailboxes import TAG, Group, hold_to_one, parse_mailboxes
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.message.addressing import wire_address
from sendbatch.message.headers import mailboxes, one_line
from sendbatch.message.templates import Failed, Line

_MASK = re.compile("\ue000(\\d+)\ue001")


class MailboxHeader:
    """One header. `source` is a template; one that cannot be told apart (an `if` around mailboxes, a
    cell that holds a whole one) is rendered first, and must then be a list."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._what = name, f"headers.{name}"
        self._whole = Line(self._what, source)
        self.is_fixed = self._whole.fixed is not None
        self._parts = self._told_apart(source)

    def _told_apart(self, source: str) -> list[tuple[str, list[tuple[Line, Line]], bool]] | None:
        """(the group's name, (name, address) of each mailbox, whether it is a group)."""
        tags = TAG.findall(source)
        if "{%" in source or "{#" in source or "\ue000" in source:
            return None
        numbers = iter(range(len(tags)))
        masked = TAG.sub(lambda _: f"\ue000{next(numbers)}\ue001", source)

        def line(text: str) -> Line:
            return Line(self._what, _MASK.sub(lambda found: tags[int(found[1])], text))

        try:
            found = parse_mailboxes(masked)
            if any("@" not in box.address for one in found for box in _boxes(one)):
                return None
            return [
                (
                    line(one.name).render({}) if isinstance(one, Group) else "",
                    [(line(box.name), line(box.address)) for box in _boxes(one)],
                    isinstance(one, Group),
                )
                for one in found
            ]
        except (Wrong, Failed, jinja2.TemplateSyntaxError):
            return None

    def written(self, variables: dict[str, object]) -> bytes:
        """The header, b"" where nothing is in it. Raises Failed."""
        value = self._whole.render(variables)
        if not one_line(value):
            return b""
        try:
            if self._parts is None:
                found = parse_mailboxes(one_line(value))
                hold_to_one(self._name, found)
                return listed(self._name, found)
            return mailboxes(self._name, self._rendered(variables))
        except ValueError as error:
            raise Failed(f"{self._what}: {error}: {one_line(value)[:200]}") from None

    def _rendered(
        self, variables: dict[str, object]
    ) -> list[tuple[str, str] | tuple[str, Sequence[tuple[str, str]]]]:
        made: list[tuple[str, str] | tuple[str, Sequence[tuple[str, str]]]] = []
        for group, boxes, is_group in self._parts or ():
            pairs = [
                (name.render(variables), wire_address(address.render(variables).strip())[0])
                for name, address in boxes
            ]
            made += [(group, pairs)] if is_group else pairs
        return made


def listed(name: str, found: Sequence[Mailbox | Group]) -> bytes:
    """A header of mailboxes and groups. Raises ValueError where an address is none."""
    made: list[tuple[str, str] | tuple[str, Sequence[tuple[str, str]]]] = []
    for one in found:
        pairs = [(box.name, wire_address(box.address)[0]) for box in _boxes(one)]
        made += [(one.name, pairs)] if isinstance(one, Group) else pairs
    if not made:
        raise ValueError("no mailbox")
    return mailboxes(name, made)


def _boxes(one: Mailbox | Group) -> Sequence[Mailbox]:
    return one.boxes if isinstance(one, Group) else (one,)
