"""Composing where a content has several versions: each message by the composer of its own.

A version is compiled when the first message of it is asked for. Each is planned by itself, and keeps the less
the more of them there are: their number is that of the templates times that of the subjects and the senders.
Beyond what there is room for, those that were asked for last are kept, and another one is compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import TypeAlias

from sendbatch.campaign.language.amounts import Unbounded
from sendbatch.campaign.language.cost import Bound, Costs
from sendbatch.message.attachments import Attachments, Survey, Unavailable
from sendbatch.message.bodies import Bodies
from sendbatch.message.compose import ROW_FAILS, Composer, unbuildable
from sendbatch.message.content import Content
from sendbatch.message.dkim.keys import SigningKey
from sendbatch.message.letter import Proof, encoded_picture, shared_parts, with_link
from sendbatch.message.parts import Sample
from sendbatch.message.templates import RENDER_ERRORS, Failed
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.axis import Choices
from sendbatch.message.versions.choosing import Version, Versions
from sendbatch.values import Message, Recipient, Unbuildable

_FULL = 4  # versions that keep as much as one alone would
_MOST_COMPOSERS = 4_096
# Characters of templates that are kept compiled: some 5 bytes for each, and 100 KB for each version.
_MOST_COMPILED = 32_000_000
_OF_EACH = 20_000
_MOST_TRIED = 16  # versions of which one may be planned, or none is taken to be


class Composers:
    """As `Composer`, of all versions of a content; `make` makes that of one of them."""

    def __init__(
        self, content: Content, columns: tuple[str, ...], make: Callable[..., Composer]
    ) -> None:
        self._content = content
        self._versions = Versions(content, columns)
        most = _most_bodies(content)
        self._shares = -(-min(len(self._versions), most) // _FULL)
        self._make = partial(
            make,
            attachments=Attachments(content.attachments),
            encode=lru_cache(None)(encoded_picture),  # no more than the pictures of the content
            shares=self._shares,
        )
        self._bodies = lru_cache(most)(self._compiled)
        self._composer = lru_cache(_MOST_COMPOSERS)(self._made)
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
        """Whether `planned` can give any message: some are compiled until one can."""
        if self._bound is None:
            return False
        some = islice(self._versions.one_by_one(), _MOST_TRIED)
        return any(self._composer(version).is_planned for version in some)

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

    def _made(self, version: Version) -> Composer:
        return self._make(
            self._versions.content(version),
            self._versions.columns_of(version),
            bodies=self._bodies(self._versions.in_bodies(version)),
        )

    def _compiled(self, version: Version) -> Bodies:
        content, columns = self._versions.content(version), self._versions.columns_of(version)
        return Bodies(content, with_link(content, columns), self._shares)


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


def _most_bodies(content: Content) -> int:
    """How many versions' are kept compiled."""
    longest = max(
        sum(len(source) for bundle in texts.bundles for source in bundle.sources.values())
        for texts in content.texts
    )
    return max(_FULL, _MOST_COMPILED // (_OF_EACH + longest))


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
