"""Which of several senders is whose: the address that a row's values give, if it is one of those declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sendbatch.campaign.model import VARIANT, Mailbox, Senders
from sendbatch.campaign.written.hosts import comparable
from sendbatch.errors import one_line
from sendbatch.message.content import Content
from sendbatch.message.templates import LineTemplate
from sendbatch.message.variants import Variants
from sendbatch.message.versions.axis import ByCells, Choice, NoVersion
from sendbatch.words import listed

SENDERS = "from"  # the axis
_LONGEST_SHOWN = 100
_MOST_SHOWN = 5


class SendersAxis:
    """The senders of which a row names one."""

    what, in_bodies = SENDERS, False

    def __init__(
        self,
        senders: Senders,
        variables: Mapping[str, object],
        columns: Sequence[str],
        variants: Variants | None = None,
    ) -> None:
        self._senders = senders
        self.names = [box.address for box in senders.boxes]
        self._numbers = {comparable(name): number for number, name in enumerate(self.names)}
        self._address = LineTemplate(SENDERS, senders.address)
        self.templates = [self._address]
        # The address may ask which subject the recipient gets.
        self._variants = variants if VARIANT in self._address.names else None
        each = [{VARIANT: name} for name in self._variants.names] if self._variants else [{}]
        self._by_cells = [
            ByCells(self.templates, {**variables, **own}, columns, self._chosen) for own in each
        ]

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        number = self._variants.of(key) if self._variants else 0
        return self._by_cells[number].choice(cells)

    def put_into(self, content: Content, number: int) -> Content:
        box = self._senders.boxes[number]
        made = content.version(
            sender=Mailbox(content.sender.name or box.name, box.address),
            named_at=content.sender_domain,
        )
        return made.version(bounces_to=box.address) if self._senders.take_bounces else made

    def _chosen(self, variables: dict[str, object]) -> Choice:
        address = self._address.render(variables)
        number = self._numbers.get(comparable(address))
        if number is None:
            shown = one_line(address, _LONGEST_SHOWN).strip() or "an empty address"
            raise NoVersion(
                f"from: {shown} is none of senders: {listed(self.names, _MOST_SHOWN)}"
            )
        return Choice(number)
