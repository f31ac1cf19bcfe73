"""How much there may be of something, as a sum of products of lengths: 3 + 2·name + 12·name·items.

Every factor is a length that is known only when a row is at hand: of a cell, or of an item of a list. No
coefficient is negative, so that an amount never shrinks where a length grows, and what is true of the
greatest lengths is true of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

_MOST_TERMS = 200
_MOST_FACTORS = 6  # of one product: so many loops within each other
_LARGEST = 1e12

_Product: TypeAlias = tuple[str, ...]  # sorted; an empty one is 1


class Unbounded(Exception):
    """Nobody can say beforehand how much it may be, or it is out of all proportion."""


class Amount:
    """Frozen. Each operation raises Unbounded where the result has no reasonable size any more."""

    __slots__ = ("_terms",)

    def __init__(self, terms: Mapping[_Product, float]) -> None:
        if len(terms) > _MOST_TERMS or any(
            factor > _LARGEST or len(product) > _MOST_FACTORS for product, factor in terms.items()
        ):
            raise Unbounded
        self._terms = terms

    def __add__(self, other: Amount | float) -> Amount:
        terms = dict(self._terms)
        for product, factor in _terms(other).items():
            terms[product] = terms.get(product, 0) + factor
        return Amount(terms)

    def __mul__(self, other: Amount | float) -> Amount:
        terms: dict[_Product, float] = {}
        for left, factor in self._terms.items():
            for right, times in _terms(other).items():
                product = tuple(sorted(left + right))
                terms[product] = terms.get(product, 0) + factor * times
        return Amount(terms)

    def or_else(self, other: Amount) -> Amount:
        """As much as either of them may be."""
        terms = dict(self._terms)
        for product, factor in other._terms.items():
            terms[product] = max(terms.get(product, 0), factor)
        return Amount(terms)

    def summed(self, item: str, count: Amount, total: Amount) -> Amount:
        """What is `self` for one item of that length, for so many items that are `total` together: the sum
        of the items' squares is no more than the square of their sum."""
        terms = NOTHING
        for product, factor in self._terms.items():
            rest = tuple(one for one in product if one != item)
            times = count
            for power in range(len(product) - len(rest)):
                times = times * total if power else total
            terms += Amount({rest: factor}) * times
        return terms

    def at(self, lengths: Mapping[str, float]) -> float:
        """As much as it is with these lengths."""
        whole = 0.0
        for product, factor in self._terms.items():
            for name in product:
                factor *= lengths[name]
            whole += factor
        return whole

    @property
    def names(self) -> set[str]:
        """Those of the lengths it depends on."""
        return {name for product in self._terms for name in product}


def _terms(amount: Amount | float) -> Mapping[_Product, float]:
    return amount._terms if isinstance(amount, Amount) else {(): amount}


def length_of(name: str) -> Amount:
    """The length that is called `name`."""
    return Amount({(name,): 1})


def fixed(number: float) -> Amount:
    """The same amount for every row."""
    return Amount({(): number})


NOTHING = fixed(0)


def total(amounts: Iterable[Amount]) -> Amount:
    """As much as all of them together."""
    terms: dict[_Product, float] = {}
    for amount in amounts:
        for product, factor in amount._terms.items():
            terms[product] = terms.get(product, 0) + factor
    return Amount(terms)
