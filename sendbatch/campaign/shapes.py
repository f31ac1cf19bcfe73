"""Which keys may stand where, read off what is declared: for whoever shows a line of such a file."""

from __future__ import annotations

from functools import cache
from typing import get_args, get_origin

from sendbatch.campaign.declared import Declared, DeclaredProfile, DeclaredProfiles
from sendbatch.campaign.document.masking import ANY, ANYTHING, NOTHING, Shape


@cache
def shape_of(model: type[Declared]) -> Shape:
    """The keys of a mapping, with what may stand below each. Where a profile takes a plain value, no key
    below is harmless; elsewhere in a campaign file it is only a mistake."""
    strict = issubclass(model, DeclaredProfile | DeclaredProfiles)
    plain = NOTHING if strict else ANYTHING
    return {
        field.alias or name: _below(field.annotation) or plain
        for name, field in model.model_fields.items()
    }


def _below(kind: object) -> Shape:
    """Empty for a plain value."""
    if isinstance(kind, type) and issubclass(kind, Declared):
        return shape_of(kind)
    if kind is object:
        return ANYTHING
    if get_origin(kind) is dict:
        return {ANY: _below(get_args(kind)[1])}
    return {key: below for part in get_args(kind) for key, below in _below(part).items()}
