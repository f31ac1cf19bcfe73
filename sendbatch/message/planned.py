"""A message that is put together from what was encoded before: headers and bodies by their values, constants
between them. It takes some 20 µs where rendering and encoding take 150, and gives the same message.

Whoever cannot be served like that gets None, and is served as everybody can be. So nothing here says what is
wrong with a row. In the process that sends, a row's length is looked at before anything is made of it:
`RowBound`, by what `language.cost` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sendbatch.campaign.language.amounts import Unbounded
from sendbatch.campaign.language.cost import LONGEST_ROW, Costs
from sendbatch.campaign.written.links import LONGEST_URL
from sendbatch.message.heads import Heads, Unusual, is_wired, wired
from sendbatch.message.letter import Letter
from sendbatch.message.mime import Frame
from sendbatch.message.templates import RENDER_ERRORS, Failed, says
from sendbatch.values import Envelope, Message, Recipient

if TYPE_CHECKING:
    from sendbatch.message.invitations.invitation import Invitation

# Bytes of which every message holds a copy, as it does where a worker builds it; to copy so many takes some
# milliseconds, in which all wait.
_MOST_ATTACHED = 16_000_000
_MOST_FRAMES = 16  # each of which holds a copy too, where not everybody is shown all pictures
# Headers are encoded character by character, and mailboxes in them are told apart: that takes so many times
# as long as a body does.
_FOR_HEADER = 8
_IN_LAYOUT = 8
_BY_ITS_ROW = (Unusual, Failed, *RENDER_ERRORS)


class Plan:
    """Of one content. Raises Unusual where no message of it can be planned."""

    def __init__(self, letter: Letter) -> None:
        shared = letter.attachments.shared
        pictures = [picture.encoded for picture in letter.pictures]
        size = sum(len(file.encoded) for file in shared) + sum(map(len, pictures))
        copies = 1 if letter.shown.are_all else _MOST_FRAMES
        if letter.has_own_attachments or letter.needs_utf8 or letter.content.redirect_to is not None:
            raise Unusual
        if copies * size > _MOST_ATTACHED // letter.shares or not letter.bodies.is_planned:
            raise Unusual
        self._letter, self._heads = letter, Heads(letter)
        has_html = letter.content.has_html
        self._bodies, self._files = 1 + has_html, [[file.encoded] for file in shared]
        self._invitation, self._calendar = letter.invitation, b""
        if self._invitation is not None and (fixed := self._invitation.fixed) is not None:
            self._invitation, self._calendar = None, fixed.part
            self._files.insert(0, [fixed.file.encoded])
        self._frame = self._framed(pictures)
        self._shown = letter.shown if not letter.shown.are_all else None
        self._frames: dict[tuple[str, ...], Frame] = {}

    def message(self, recipient: Recipient, now: float) -> Message | None:
        """As `compose.composed` gives it of `Letter.parts`, but for where soft line breaks fall in the
        bodies. None, whatever the row holds, where it cannot be planned."""
        letter, address = self._letter, recipient.email
        try:
            if not is_wired(address):
                address = wired(address)
            identity = letter.ids.of(recipient.key)
            dated_at = now if recipient.dated_at is None else letter.dated_at(recipient, now)
            cells, heads = recipient.cells, self._heads
            leaving = heads.leaving(recipient) if heads.has_leaving else None
            if letter.shows_link and leaving is not None:
                cells = (*cells, leaving.shown)
            head = heads.encoded(recipient, cells, address, identity, dated_at)
            if leaving is not None:
                head.append(leaving.header)
            bodies = letter.bodies.encoded(cells)
            if bodies is None:
                return None
            frame = self._frame if self._shown is None else self._frame_of(bodies[-1])
            if self._invitation is not None:
                bodies += self._calendar_of(self._invitation, cells)
            data = b"".join(head + frame.around(identity, bodies))
        except _BY_ITS_ROW as error:
            error.__traceback__ = None  # it holds what was made so far
            return None
        return Message(Envelope(letter.sender, address), data, identity, dated_at, True)

    def _calendar_of(self, invitation: Invitation, cells: tuple[str, ...]) -> list[bytes]:
        """Its two parts. It is rendered as it stands: what is the same for many is kept by its `Form`s."""
        columns = zip(self._letter.columns, cells, strict=True)
        calendar = invitation.calendar({**self._letter.constants, **dict(columns)})
        return [calendar.part, calendar.file.encoded]

    def _framed(self, pictures: Sequence[bytes]) -> Frame:
        is_invited = self._invitation is not None
        return Frame(self._bodies, self._files, pictures, self._calendar, is_invited=is_invited)

    def _frame_of(self, html: bytes) -> Frame:
        """With the pictures that this HTML shows. Raises Unusual where there are many of such."""
        assert self._shown is not None
        pictures = self._shown.in_part(html)
        which = tuple(picture.cid for picture in pictures)
        if which not in self._frames:
            if len(self._frames) >= _MOST_FRAMES:
                raise Unusual
            self._frames[which] = self._framed([picture.encoded for picture in pictures])
        return self._frames[which]


class RowBound:
    """Which rows of one content may be built in the process that sends. Raises Unbounded where none may."""

    def __init__(self, letter: Letter) -> None:
        content = letter.content
        of_layouts = {} if content.layout is None else dict.fromkeys(("content", "subject"), "")
        costs = Costs(letter.columns, {**content.variables, **of_layouts})
        for bundle in content.bundles:
            costs.add(bundle.entry, bundle.sources)
        if says(content.layout, "subject"):  # as often as a layout may say it
            costs.add("subject", {"subject": content.subject}, _IN_LAYOUT)
        for template in letter.line_templates:
            costs.add(template.what, {template.what: template.source}, _FOR_HEADER)
        self._bound = costs.bound()
        self._surely = min(self._bound.surely, LONGEST_ROW)
        self._is_keyed = content.idempotency_header is not None  # which is made of all cells
        # The link is looked at before it is made.
        self._link = ("x" * LONGEST_URL,) if letter.shows_link else ()
        self._longest_link = LONGEST_URL if letter.shows_link else 0

    def holds(self, recipient: Recipient) -> bool:
        """By the cells that templates use, and by what else a message is made of."""
        of_row = len(recipient.key) + len(recipient.email) + sum(map(len, recipient.cells))
        return of_row + self._longest_link <= self._surely or self._holds(recipient)

    def _holds(self, recipient: Recipient) -> bool:
        if len(recipient.key) + len(recipient.email) > LONGEST_ROW:
            return False
        cells = recipient.cells
        return self._bound.holds((*cells, *self._link)) and not (
            self._is_keyed and sum(map(len, cells)) > LONGEST_ROW
        )


def plan_of(letter: Letter) -> Plan | None:
    """None where no message of it can be planned."""
    try:
        return Plan(letter)
    except _BY_ITS_ROW:
        return None


def bound_of(letter: Letter) -> RowBound | None:
    """None where no row may be built in the process that sends."""
    try:
        return RowBound(letter)
    except Unbounded:
        return None
