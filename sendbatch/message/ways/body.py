"""A body whose template is planned: from a recipient's cells to its MIME part, encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from jinja2 import DictLoader

from sendbatch.campaign.language.environment import FAILURES, environment
from sendbatch.message.content import Bundle
from sendbatch.message.quoted import is_shorter_as_base64
from sendbatch.message.ways.layout import PLAIN, QUOTED, Unfit, Writing, as_text
from sendbatch.message.ways.parts import Part, spelled
from sendbatch.message.ways.planning import Unplanned, planned
from sendbatch.message.ways.walking import Walk
from sendbatch.message.ways.way import Transform, Way

_MOST_WAYS = 1024
_MOST_BYTES = 16 * 1024 * 1024  # of the ways of one body


class PlannedBody:
    """`subtype` is that of text/…: html is autoescaped. `columns` name the cells; `constants` are all that
    other names mean (`with_globals`). `transform` is what becomes of each way. Nothing is compiled before
    it is needed. What it keeps has one of so many `shares` of the room that there is."""

    shares = 1

    def __init__(
        self,
        subtype: str,
        bundle: Bundle,
        columns: Sequence[str],
        constants: Mapping[str, object],
        transform: Transform | None = None,
    ) -> None:
        self._subtype = subtype
        self._bundle = bundle
        self._columns = tuple(columns)
        self._constants = constants
        self._transform = transform
        self._ways: dict[tuple[int, ...], Way] = {}
        self._unfit: set[tuple[int, ...]] = set()
        self._size = 0
        self._was_base64 = False

    @property
    def is_planned(self) -> bool:
        """Whether any part can be made so."""
        return self._parts is not None

    def part(self, cells: tuple[str, ...]) -> bytes | None:
        """Headers and body, ending with CRLF; None where this recipient's template has to be rendered as it
        stands: it has no plan, its ways are too many, or what it would come to is an error."""
        if self._parts is None or len(cells) != len(self._columns):
            return None
        try:
            # Which of the two is tried first is a matter of speed: what comes of it is the same.
            if not self._was_base64:
                way, values = self._quoted_walk(cells)
                taken = self._ways.get(way) or self._way(way)
                whole = taken.quoted(values)
                if len(whole) <= taken.surely_quoted:
                    return whole
            return self._as_is_shorter(cells)
        except Exception:  # noqa: BLE001 - rendered as it stands, it says what is wrong
            return None

    def _as_is_shorter(self, cells: tuple[str, ...]) -> bytes:
        way, texts = self._plain_walk(cells)
        taken = self._way(way)
        data = taken.data(texts)
        self._was_base64 = is_shorter_as_base64(data)
        if self._was_base64:
            return taken.as_base64(data)
        return taken.quoted(self._quoted_walk(cells)[1])

    def _way(self, way: tuple[int, ...]) -> Way:
        """Raises Unfit where there are too many, and for one that is rendered as it stands."""
        found = self._ways.get(way)
        if found is None:
            if len(self._ways) + len(self._unfit) >= _MOST_WAYS or self._size > self._most_bytes:
                raise Unfit
            if way in self._unfit:
                raise Unfit
            assert self._parts is not None
            try:
                found = Way(self._subtype, [*spelled(self._parts, iter(way))], self._transform)
            except Unfit:  # to find that out may take long
                self._unfit.add(way)
                raise
            self._size += found.size
            if self._size > self._most_bytes:  # it is full from now on
                raise Unfit
            self._ways[way] = found
        return found

    @property
    def _most_bytes(self) -> int:
        return _MOST_BYTES // self.shares

    @cached_property
    def _parts(self) -> tuple[Part, ...] | None:
        loader = DictLoader(self._bundle.sources)
        env = environment(loader, autoescape=self._subtype == "html")
        try:
            return planned(env, self._bundle.entry, self._columns, self._constants)
        except (Unplanned, *FAILURES):
            return None

    @cached_property
    def _quoted_walk(self) -> Walk:
        assert self._parts is not None
        return Walk(self._parts, self._written(QUOTED), len(self._columns), self.shares)

    @cached_property
    def _plain_walk(self) -> Walk:
        assert self._parts is not None
        return Walk(self._parts, self._written(PLAIN), len(self._columns), self.shares)

    def _written(self, how: Writing) -> Writing:
        """A transform sees marks, not values: these must be text."""
        return how if self._transform is None else as_text(how)
