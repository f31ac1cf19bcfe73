"""The headers that the campaign declares, compiled: From, Reply-To and its own.

Where a header holds mailboxes, names and addresses are told apart in what the author wrote, before a cell is
put in: whatever stands in one is part of the name or of the address, and makes no other mailbox.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import jinja2

from sendbatch.campaign.model import Mailbox
from sendbatch.campaign.written.lists import LIST_HEADERS, bracketed
from sendbatch.campaign.written.mailboxes import (
    MAILBOX_HEADERS,
    TAG,
    Group,
    hold_to_one,
    parse_mailboxes,
    reads_as_mailboxes,
)
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.message.content import Content
from sendbatch.message.headers import Box, Boxes, Header, one_line, wire_address
from sendbatch.message.templates import Failed, LineTemplate

_MASK = re.compile("\ue000(\\d+)\ue001")
# RFC 2919 §3: a phrase, and the list's identity, which programs sort by.
_LIST_ID = re.compile(r'"?(?P<phrase>[^<>"]+)"?\s*<(?P<id>[!-;=?-~]+)>')
_MIME_VERSION = Header("MIME-Version", "1.0")
# What makes a header for each recipient; None leaves it out.
Written: TypeAlias = Callable[[dict[str, object]], Header | None]


class Templated(NamedTuple):
    """A header that depends on the recipient: what makes it, of which templates."""

    written: Written
    templates: Sequence[LineTemplate]


class Heading:
    """The declared headers of one content, `declared` in their order; those without a template are encoded
    once."""

    def __init__(self, content: Content) -> None:
        name, address = content.sender.name, content.sender.address
        sender = (LineTemplate("from", name), wire_address(address)[0])
        replies = [
            (LineTemplate("reply_to", box.name), wire_address(box.address)[0]) for box in content.reply_to
        ]
        declared = [
            _named_boxes("From", [sender]),
            _named_boxes("Reply-To", replies) if replies else None,
            _fixed(_MIME_VERSION),
            *[_own(name, source) for name, source in content.headers],
            *[_fixed(Header(name, value)) for name, value in content.added_headers],
        ]
        self.declared = [header for header in declared if header is not None]
        self.fixed = [header for header in self.declared if isinstance(header, Header)]
        self.are_fixed = len(self.fixed) == len(self.declared)

    def headers(self, variables: dict[str, object]) -> list[Header]:
        """Those of one recipient, in their order, as a list of the caller's own. Raises Failed."""
        made = []
        for one in self.declared:
            header = one if isinstance(one, Header) else one.written(variables)
            if header is not None:
                made.append(header)
        return made


def _fixed(header: Header | None) -> Header | None:
    return None if header is None else header._replace(wire=header.encoded())


def _named_boxes(
    header: str, boxes: Sequence[tuple[LineTemplate, str]]
) -> Header | Templated | None:
    def written(variables: dict[str, object]) -> Header:
        return Header(header, [(name.render(variables), address) for name, address in boxes])

    names = [name for name, _ in boxes]
    if all(name.fixed is not None for name in names):
        return _fixed(written({}))
    return Templated(written, names)


def _own(name: str, source: str) -> Header | Templated | None:
    if name.lower() in MAILBOX_HEADERS:
        declared = _MailboxHeader(name, source)
        if declared.whole.fixed is not None:
            return _fixed(declared.written({}))
        return Templated(declared.written, [declared.whole])
    template, is_list_id = LineTemplate(f"headers.{name}", source), name.lower() == "list-id"
    is_of_list = name.lower() in LIST_HEADERS

    def written(variables: dict[str, object]) -> Header | None:
        value = one_line(template.render(variables))
        if is_list_id and not value.isascii() and (found := _LIST_ID.fullmatch(value)) is not None:
            return Header(name, [(found["phrase"], found["id"])])
        if is_of_list and value:
            try:
                return Header(name, bracketed(name, value))
            except ValueError as error:
                raise Failed(f"{template.what}: {error}") from None
        if not value.isascii() and reads_as_mailboxes(value):
            with contextlib.suppress(ValueError):  # no address after all
                return Header(name, _listed(parse_mailboxes(value)))
        return Header(name, value) if value else None

    return _fixed(written({})) if template.fixed is not None else Templated(written, [template])


class _MailboxHeader:
    """One that holds mailboxes by its definition. `source` is a template; one that cannot be told apart (an
    `if` around mailboxes, a cell that holds a whole one) is rendered first, and must then be a list."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._what = name, f"headers.{name}"
        self.whole = LineTemplate(self._what, source)
        self._parts = self._by_mailbox(source)

    def _by_mailbox(
        self, source: str
    ) -> list[tuple[str, list[tuple[LineTemplate, LineTemplate]], bool]] | None:
        """(the group's name, (name, address) of each mailbox, whether it is a group)."""
        tags = TAG.findall(source)
        if "{%" in source or "{#" in source or "\ue000" in source:
            return None
        numbers = iter(range(len(tags)))
        masked = TAG.sub(lambda _: f"\ue000{next(numbers)}\ue001", source)

        def template(text: str) -> LineTemplate:
            return LineTemplate(self._what, _MASK.sub(lambda found: tags[int(found[1])], text))

        try:
            found = parse_mailboxes(masked)
            if any("@" not in box.address for one in found for box in _boxes(one)):
                return None
            return [
                (
                    template(one.name).render({}) if isinstance(one, Group) else "",
                    [(template(box.name), template(box.address)) for box in _boxes(one)],
                    isinstance(one, Group),
                )
                for one in found
            ]
        except (Wrong, Failed, jinja2.TemplateSyntaxError):
            return None

    def written(self, variables: dict[str, object]) -> Header | None:
        """The header, None where nothing is in it. Raises Failed."""
        value = self.whole.render(variables)
        if not one_line(value):
            return None
        try:
            if self._parts is not None:
                return Header(self._name, self._rendered(variables))
            found = parse_mailboxes(one_line(value))
            hold_to_one(self._name, found)
            return Header(self._name, _listed(found))
        except ValueError as error:
            raise Failed(f"{self._what}: {error}: {one_line(value)[:200]}") from None

    def _rendered(self, variables: dict[str, object]) -> Boxes:
        made: list[Box | tuple[str, Sequence[Box]]] = []
        for group, boxes, is_group in self._parts or ():
            pairs = [
                (name.render(variables), wire_address(address.render(variables).strip())[0])
                for name, address in boxes
            ]
            made += [(group, pairs)] if is_group else pairs
        return made


def _listed(found: Sequence[Mailbox | Group]) -> Boxes:
    """Raises ValueError where an address is none."""
    made: list[Box | tuple[str, Sequence[Box]]] = []
    for one in found:
        pairs = [(box.name, wire_address(box.address)[0]) for box in _boxes(one)]
        made += [(one.name, pairs)] if isinstance(one, Group) else pairs
    if not made:
        raise ValueError("no mailbox")
    return made


def _boxes(one: Mailbox | Group) -> Sequence[Mailbox]:
    return one.boxes if isinstance(one, Group) else (one,)
