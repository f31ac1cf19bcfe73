"""Numbers with a fraction, calculated with by their decimal digits: 19.90 * 3 is 59.70, 1.15 * 100 is 115.

A float is the nearest number in base two: there 1.15 * 100 lies below 115, and a whole number of it is 114.
So whatever a template calculates with a fraction is calculated here (`language.bounded`).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

import jinja2

MOST_DIGITS = 100  # that are written of a number; one that has more never ends, as 10 / 3
_MOST_PLACES = 100  # behind the point, that one may be rounded to
_HIGHEST_POWER = 10_000
_WHOLE = 2.0**53  # from here on a float has no fraction
# What is calculated has a few digits more than what is seen of it: 20 / 3 * 3 is 20, and not a little less.
_LARGEST = 100_000  # of exponents: a product of whole numbers may pass through what no float holds
_SEEN = Context(prec=MOST_DIGITS + 10, Emin=-_LARGEST, Emax=_LARGEST, traps=[])
_GUARDED = Context(prec=MOST_DIGITS + 30, Emin=-_LARGEST, Emax=_LARGEST, traps=[])
_WIDE = Context(prec=1_000, Emin=-_LARGEST, Emax=_LARGEST, traps=[])
ROUNDINGS = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
_IN_DECIMALS = re.compile(r"[fF%]\Z")


class TooLarge(jinja2.TemplateRuntimeError):
    """A number that no message says."""

    def __init__(self) -> None:
        super().__init__("a number is too large: no more than 308 digits stand before the point")


class Exact(float):
    """Such a number. It is taken wherever a float is: as one it is the nearest to what it says.

    `written` is how it stands in its cell. What is calculated of it has as many `places` behind the point at
    least; with one it is written as Python writes a float.
    """

    __slots__ = ("_number", "_places", "_written")
    _number: Decimal
    _places: int
    _written: str | None

    def __new__(cls, number: Decimal, places: int = 1, written: str | None = None) -> Exact:
        nearest = float(number)
        if not math.isfinite(nearest):
            raise TooLarge
        made = super().__new__(cls, nearest)
        made._number, made._places, made._written = number, places, written
        return made

    @property
    def decimal(self) -> Decimal:
        """The digits that are seen of it."""
        seen = _SEEN.plus(self._number)
        short = Decimal(float.__repr__(self))
        is_short = (self._places <= 1 and short == seen) or not _ends(seen)
        return short if is_short and self._written is None else seen

    def __str__(self) -> str:
        if self._written is not None:
            return self._written
        seen = _SEEN.plus(self._number)
        if self._places <= 1 or not _ends(seen):
            return float.__repr__(self)
        return f"{seen:f}"

    __repr__ = __str__

    def __reduce__(self) -> tuple[type[Exact], tuple[Decimal, int, str | None]]:
        return Exact, (self._number, self._places, self._written)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if not _IN_DECIMALS.search(spec):
            return super().__format__(spec)
        try:
            with localcontext(rounding=ROUND_HALF_UP):
                return format(_SEEN.plus(self._number), spec)
        except ValueError:  # a form that floats alone have, as {:_.2f}
            return super().__format__(spec)

    def __hash__(self) -> int:
        return super().__hash__()

    def __eq__(self, other: object) -> Any:
        return _compared(operator.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return _compared(operator.ne, self, other)

    def __lt__(self, other: Any) -> Any:
        return _compared(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _compared(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compared(operator.ge, self, other)

    def __add__(self, other: Any) -> Any:
        return _calculated(_GUARDED.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _calculated(_GUARDED.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _calculated(_GUARDED.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _calculated(_GUARDED.subtract, other, self)

    def __mul__(self, other: Any) -> Any:
        return _calculated(_GUARDED.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _calculated(_GUARDED.multiply, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _calculated(_divided, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _calculated(_divided, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _calculated(_times_within, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _calculated(_times_within, other, self)

    def __mod__(self, other: Any) -> Any:
        return _calculated(_remainder, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _calculated(_remainder, other, self)

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        return _power(self, other)

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        return _power(other, self)

    def __neg__(self) -> Exact:
        return _made(_GUARDED.minus(self._number), self._places)

    def __pos__(self) -> Exact:
        return self

    def __abs__(self) -> Exact:
        return self if self._number >= 0 else -self

    def __int__(self) -> int:
        return int(_SEEN.plus(self._number))

    __trunc__ = __int__

    def __floor__(self) -> int:
        return math.floor(_SEEN.plus(self._number))

    def __ceil__(self) -> int:
        return math.ceil(_SEEN.plus(self._number))

    def rounded(self, digits: int, rounding: str) -> Exact:
        """With so many digits behind the point, or zeros before it where they are below 0."""
        if digits > _MOST_PLACES:
            return self
        unit = Decimal(1).scaleb(-max(digits, -_MOST_PLACES * 4))
        found = _SEEN.plus(self._number).quantize(unit, rounding, _WIDE)
        return _made(found, min(self._places, max(digits, 1)))


Exact.__name__ = "number"  # as Python's own errors call it: 'number' object is not iterable


def read(text: str, *, as_it_stands: bool = False) -> Exact:
    """The number that digits say, with a point and an exponent as Python writes them, and no blanks. Raises
    TooLarge."""
    number = _GUARDED.create_decimal(text)
    if not number.is_finite():
        raise TooLarge
    if not as_it_stands:
        return Exact(number)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Exact(number, -exponent if 1 <= -exponent <= _MOST_PLACES else 1, text)


def exact(value: Any) -> Any:
    """A float as what it is printed as; anything else as it is."""
    if type(value) is float and math.isfinite(value):
        return Exact(Decimal(float.__repr__(value)))
    return value


def divided(left: int, right: int) -> Any:
    """Two whole numbers, divided by each other. Raises ZeroDivisionError, TooLarge."""
    return _made(_divided(Decimal(left), Decimal(right)), 1)


class _Printed(float):
    """For `%`, which formats the nearest float: this one lies beyond what is meant, so that a half of the
    last digit is rounded away from zero."""

    __slots__ = ("_said",)
    _said: str

    def __str__(self) -> str:
        return self._said

    __repr__ = __str__


def printed(value: Any) -> Any:
    """What `%` is given for it."""
    found = exact(value)
    if not isinstance(found, Exact):
        return found
    near = float(found)
    if abs(near) < _WHOLE and near % 1 and Decimal(near).copy_abs() <= found._number.copy_abs():
        near = math.nextafter(near, math.copysign(math.inf, near))
    made = _Printed(near)
    made._said = str(found)
    return made


def _ends(seen: Decimal) -> bool:
    """Whether all digits of it can be written."""
    digits = len(seen.normalize(_SEEN).as_tuple().digits)
    exponent = seen.as_tuple().exponent
    assert isinstance(exponent, int)
    return digits <= MOST_DIGITS and exponent >= -_MOST_PLACES and seen.adjusted() <= MOST_DIGITS


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Exact):
        return value._number
    if isinstance(value, int):
        return Decimal(value)
    is_finite = isinstance(value, float) and math.isfinite(value)
    return Decimal(float.__repr__(value)) if is_finite else None


def _places(value: Any) -> int:
    return value._places if isinstance(value, Exact) else 1


def _calculated(calculate: Callable[[Decimal, Decimal], Decimal], left: Any, right: Any) -> Any:
    one, other = _decimal(left), _decimal(right)
    if one is None or other is None:
        return NotImplemented
    return _made(calculate(one, other), max(_places(left), _places(right)))


def _made(number: Decimal, places: int) -> Exact:
    """What was calculated: with no zeros at its end but those that its parts had behind their points."""
    if not number.is_finite():
        raise TooLarge
    ended = _GUARDED.plus(number)
    exponent = ended.normalize(_GUARDED).as_tuple().exponent if ended else 0
    assert isinstance(exponent, int)
    if ended.adjusted() < MOST_DIGITS:
        last = Decimal(1).scaleb(min(exponent, -places))
        ended = ended.quantize(last, context=_WIDE)
    return Exact(ended or abs(ended), places)


def _divided(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ZeroDivisionError("division by zero")
    return _GUARDED.divide(left, right)


def _times_within(left: Decimal, right: Decimal) -> Decimal:
    """How often it lies within, rounded down as Python does."""
    return _SEEN.plus(_divided(left, right)).to_integral_value(ROUND_FLOOR)


def _remainder(left: Decimal, right: Decimal) -> Decimal:
    return _GUARDED.subtract(left, _GUARDED.multiply(right, _times_within(left, right)))


def _power(left: Any, right: Any) -> Any:
    base, exponent = _decimal(left), _decimal(right)
    if base is None or exponent is None:
        return NotImplemented
    is_whole = exponent == exponent.to_integral_value() and abs(exponent) <= _HIGHEST_POWER
    if not base and exponent < 0:
        raise ZeroDivisionError("division by zero")
    if not is_whole or not exponent:
        return exact(float(base) ** float(exponent))
    return _made(_GUARDED.power(base, exponent), max(_places(left), _places(right)))


def _compared(compare: Callable[[Any, Any], bool], left: Exact, right: Any) -> Any:
    if type(right) is float:
        return compare(float(left), right)
    other = _decimal(right)
    if other is None:
        return NotImplemented
    return compare(_SEEN.plus(left._number), _SEEN.plus(other))
