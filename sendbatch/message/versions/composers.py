"""Composing where a content has several versions: each message by the composer of its own.

A version is compiled when the first message of it is asked for. Each is planned by itself, and keeps the less
the more of them there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from sendbatch.campaign.language.amounts import Unbounded
from sendbatch.campaign.language.cost import Bound, Costs
from sendbatch.message.attachments import Attachments, Survey, Unavailable
from sendbatch.message.compose import ROW_FAILS, Composer, unbuildable
from sendbatch.message.content import Content
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.message.letter import Proof, shared_parts
from sendbatch.message.parts import Sample
from sendbatch.message.templates import RENDER_ERRORS, Failed
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.axis import Choices
from sendbatch.message.versions.choosing import Version, Versions
from sendbatch.values import Message, Recipient, Unbuildable

_FULL = 4  # versions that keep as much as one alone would


class Composers:
    """As `Composer`, of all versions of a content; `make` makes that of one of them."""

    def __init__(
        self, content: Content, columns: tuple[str, ...], make: Callable[..., Composer]
    ) -> None:
        self._content = content
        self._versions = Versions(content, columns)
        self._make = partial(
            make,
            attachments=Attachments(content.attachments),
            shares=-(-len(self._versions) // _FULL),
        )
        self._composers: dict[Version, Composer] = {}
        self._bound = _bound_of(content, columns, self._versions)

    @property
    def looks_at_rows(self) -> bool:
        """As of `Composer`; or a row may lead to no version."""
        if any(axis.templates for axis in self._versions.axes):
            return True
        return any(self._composer(version).looks_at_rows for version in self._versions.all())

    @property
    def shared(self) -> list[bytes]:
        """As of `Composer`, of all versions."""
        return shared_parts(self._content)

    @property
    def is_planned(self) -> bool:
        """Whether `planned` can give any message: they are compiled until one can."""
        if self._bound is None:
            return False
        return any(self._composer(version).is_planned for version in self._versions.all())

    def planned(self, recipient: Recipient, now: float) -> Message | None:
        """As of `Composer`."""
        if self._bound is None or not self._bound.holds(recipient.cells):
            return None
        try:
            version = self._versions.of(recipient)
        except (Failed, *RENDER_ERRORS):
            return None
        return self._composer(version).planned(recipient, now)

    def compose(
        self, recipient: Recipient, now: float, proof: Proof | None = None
    ) -> Message | Unbuildable:
        """As of `Composer`."""
        try:
            version = self._versions.of(recipient)
        except ROW_FAILS as error:
            return unbuildable(error)
        return self._composer(version).compose(recipient, now, proof)

    def sample(self, recipient: Recipient, now: float) -> Sample | Unbuildable:
        """As of `Composer`."""
        try:
            version = self._versions.of(recipient)
        except ROW_FAILS as error:
            return unbuildable(error)
        return self._composer(version).sample(recipient, now)

    def choices(self, recipient: Recipient) -> Choices | Unbuildable:
        """Which version a recipient gets, on each axis."""
        try:
            return self._versions.choices(recipient)
        except ROW_FAILS as error:
            return unbuildable(error)

    def survey(self, cells: tuple[str, ...], key: str = "") -> Survey:
        """As of `Composer`; a row that leads to no version refuses the plan."""
        try:
            version = self._versions.of_row(key, cells)
        except ROW_FAILS as error:
            reason = unbuildable(error).reason
            return Survey(
                unavailable=Unavailable(reason, is_missing=False, fails=False), has_version=False
            )
        return self._composer(version).survey(cells)

    def _composer(self, version: Version) -> Composer:
        found = self._composers.get(version)
        if found is None:
            found = self._composers[version] = self._make(
                self._versions.content(version), self._versions.columns_of(version)
            )
        return found


AnyComposer: TypeAlias = "Composer | Composers"


def composer_of(
    content: Content,
    columns: tuple[str, ...],
    salt: bytes,
    signer: Signer | None = None,
    keys: Sequence[SigningKey] = (),
) -> AnyComposer:
    """What builds the messages of a content; the arguments are those of `Composer`."""
    make = partial(Composer, salt=salt, signer=signer, keys=keys)
    return Composers(content, columns, make) if content.has_versions else make(content, columns)


def _bound_of(content: Content, columns: tuple[str, ...], versions: Versions) -> Bound | None:
    """Which rows' versions may be told in the process that sends, None where no row's may."""
    costs = Costs(columns, content.variables)
    try:
        for axis in versions.axes:
            for template in axis.templates:
                costs.add(template.what, {template.what: template.source})
        return costs.bound()
    except Unbounded:
        return None
