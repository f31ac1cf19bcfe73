"""What a table of keys is made of: a class for each mapping of the files, with a `Key` for each of its keys.

    class RetryKeys(Keys[Retry]):
        attempts = Key(COUNT, "for each recipient in one run")

The parameter is the model that comes of the mapping; its fields give the keys their defaults. An instance of
such a class is what was read of one mapping: `retry.attempts` is the value, or None where the key is left out
or what stands there cannot be used. The tables themselves are in `keys`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar, get_args, overload

from yaml.nodes import Node

from sendbatch.campaign.document.masking import ANYTHING, NOTHING, Shape
from sendbatch.campaign.document.nodes import Data
from sendbatch.campaign.spots import Spot

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Schema: TypeAlias = dict[str, Any]  # JSON


class Kind(ABC, Generic[T_co]):
    """What may stand under a key."""

    @abstractmethod
    def read(self, value: Data, spot: Spot) -> T_co | None:
        """The value; None, with a fault at the spot, where it is none of this kind."""

    @abstractmethod
    def schema(self, definitions: dict[str, Schema]) -> Schema:
        """What an editor should know of it. Mappings of their own are put into the definitions."""

    def widened(self, node: Node) -> Node:
        """The node with its short form written out."""
        return node

    def shape(self, plain: Shape) -> Shape:
        """The keys that may stand below; `plain` is what a plain value has below it."""
        return plain

    @property
    def section(self) -> type[Keys[Any]] | None:
        """The table of the mapping that stands here, or in a list here."""
        return None

    @property
    def takes_null(self) -> bool:
        """Whether nothing is a value too, in the mapping that stands here."""
        return False


class Key(Generic[T]):
    """One key of a file.

    `means` says in Markdown what it is for: to the reference and, as plain text, to the schema. `absent` says
    what holds where it is left out, if that is not the default of the model's `field`. `name` is the key as
    it is written, where Python cannot have such a name; `also` is what people call it who know it from
    elsewhere. The `example` of its mapping is shown where it is missing. A key that is `by_hand` has no
    field: whoever loads the file makes something of it. What `for_readers` keys say is text for people.
    """

    def __init__(
        self,
        kind: Kind[T],
        means: str,
        *,
        absent: str | None = None,
        name: str = "",
        field: str = "",
        also: tuple[str, ...] = (),
        required: bool = False,
        example: str | None = None,
        by_hand: bool = False,
        for_readers: bool = False,
    ) -> None:
        self.kind = kind
        self.means = means
        self.absent = absent
        self.name = name
        self.field = field
        self.also = also
        self.required = required
        self.example = example
        self.by_hand = by_hand
        self.for_readers = for_readers

    def __set_name__(self, owner: type[Keys[Any]], name: str) -> None:
        self.name = self.name or name
        self.field = self.field or name

    @overload
    def __get__(self, instance: None, owner: type[Keys[Any]]) -> Key[T]: ...
    @overload
    def __get__(self, instance: Keys[Any], owner: type[Keys[Any]]) -> T | None: ...
    def __get__(self, instance: Keys[Any] | None, owner: type[Keys[Any]]) -> Key[T] | T | None:
        return self if instance is None else instance._values.get(self.name)


class Keys(Generic[T]):
    """A mapping of a file, by its keys. A `harmless` one may be shown in an error also where a plain value
    should stand and does not. `together` gives what a schema says of the keys beside each other. It has no
    public names but the keys: the functions below ask it."""

    _table: ClassVar[Mapping[str, Key[Any]]] = {}
    _model: ClassVar[Any] = None
    _harmless: ClassVar[bool] = True
    _together: ClassVar[Callable[[], Schema] | None] = None

    def __init_subclass__(
        cls, *, harmless: bool = True, together: Callable[[], Schema] | None = None
    ) -> None:
        cls._table = {key.name: key for key in vars(cls).values() if isinstance(key, Key)}
        (model,) = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        cls._model = model if is_dataclass(model) else None
        cls._harmless = harmless
        cls._together = None if together is None else staticmethod(together)
        known = _fields(cls)
        lost = [
            key.name for key in cls._table.values() if not key.by_hand and key.field not in known
        ]
        if cls._model is not None and lost:
            raise TypeError(f"{model.__name__} has no field for {', '.join(lost)}")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values


def table_of(keys: type[Keys[Any]]) -> Mapping[str, Key[Any]]:
    """All keys of a mapping by name, in order."""
    return keys._table


def made_of(keys: Keys[T]) -> T:
    """The model of a mapping all of whose fields were read."""
    made: T = keys._model(**fields_of(keys))
    return made


def fields_of(keys: Keys[Any]) -> dict[str, Any]:
    """What was read, by the model's fields; without what is made by hand."""
    table = keys._table
    return {
        table[name].field: value for name, value in keys._values.items() if not table[name].by_hand
    }


def is_complete(keys: Keys[Any]) -> bool:
    """Whether all that must be there was read."""
    return all(name in keys._values for name in required_in(type(keys)))


def required_in(keys: type[Keys[Any]]) -> list[str]:
    """The names of the keys that must be there."""
    return [key.name for key in keys._table.values() if key.required]


def together_in(keys: type[Keys[Any]]) -> Schema:
    """What a schema says of the keys beside each other."""
    return {} if keys._together is None else keys._together()


def default_of(keys: type[Keys[Any]], key: Key[Any]) -> object:
    """The default of a key's field; MISSING where it has none."""
    field = _fields(keys).get(key.field)
    if field is None or field.default_factory is MISSING:
        return MISSING if field is None else field.default
    return field.default_factory()


def shape_of(keys: type[Keys[Any]]) -> Shape:
    """Which keys may stand where, for whoever shows a line of such a file. Where a profile takes a plain
    value, no key below is harmless; elsewhere it is only a mistake."""
    plain = ANYTHING if keys._harmless else NOTHING
    return {name: key.kind.shape(plain) for name, key in keys._table.items()}


def _fields(keys: type[Keys[Any]]) -> Mapping[str, Field[Any]]:
    return {field.name: field for field in fields(keys._model)} if keys._model else {}
