"""What is written out for filters that write by a locale, looked at before a row is: an unknown currency,
locale or pattern would fail every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from jinja2 import nodes

_TAKEN: Mapping[str, tuple[str, ...]] = {
    "money": ("currency", "locale", "decimal"),
    "date": ("style", "locale", "order"),
    "number": ("decimal", "default", "locale", "digits"),
}
_WRITES_HTML = "markdown"
ONLY_IN_HTML = ("|markdown writes HTML, and here is text", "leave it out: Markdown reads as it stands")
_Wrong: TypeAlias = "tuple[str, str] | None"  # what is wrong, and what to do


def wrong_arguments(
    source: str, tree: nodes.Template, *, in_html: bool = False
) -> Iterator[tuple[int, str, str, str]]:
    """(line, the filter, what is wrong, hint) for every constant that a filter cannot take, and for a filter
    that writes HTML where none is."""
    if not any(name in source for name in (*_TAKEN, _WRITES_HTML)):
        return
    for node in tree.find_all(nodes.Filter):
        name, arguments = node.name, node.args
        if name == "map" and arguments and isinstance(arguments[0], nodes.Const):
            name, arguments = str(arguments[0].value), arguments[1:]
        if name == _WRITES_HTML and not in_html:
            yield node.lineno, name, *ONLY_IN_HTML
        if name not in _TAKEN or node.dyn_args is not None or node.dyn_kwargs is not None:
            continue
        given = dict(zip(_TAKEN[name], arguments, strict=False))
        given.update({str(one.key): one.value for one in node.kwargs})
        found = _misnamed(name, len(arguments), given) or _wrong(name, given)
        if found is not None:
            yield node.lineno, name, *found


def _misnamed(name: str, count: int, given: Mapping[str, nodes.Expr]) -> _Wrong:
    taken = _TAKEN[name]
    unknown = sorted(given.keys() - set(taken))
    if not unknown and count <= len(taken):
        return None
    what = unknown[0] if unknown else "more than that"
    return f"|{name} takes no {what}" if unknown else f"|{name} is given too much", (
        f"it takes {', '.join(taken)}"
    )


def _wrong(name: str, given: Mapping[str, nodes.Expr]) -> _Wrong:
    """Of what is known before a row is. Babel is loaded for it: who writes by a locale needs it anyway."""
    from sendbatch.campaign.language.locales import NoLocale, currency_of, locale_of
    from sendbatch.campaign.language.localised import wrong_order
    from sendbatch.campaign.language.numbers import is_locale, wrong_digits, wrong_mark
    from sendbatch.campaign.language.patterns import wrong_style

    known: dict[str, Any] = {
        key: one.value for key, one in given.items() if isinstance(one, nodes.Const)
    }
    if name == "number" and is_locale(known.get("decimal")):
        known["locale"] = known.pop("decimal")
    try:
        if name == "money" and "currency" not in given:
            currency_of(None)
        if "currency" in known:
            currency_of(known["currency"])
        if "locale" in known:
            locale_of(known["locale"], name)
    except NoLocale as error:
        return error.said, error.hint
    return (
        wrong_style(known.get("style", "long"))
        or wrong_order(known.get("order"))
        or wrong_mark(known.get("decimal"))
        or wrong_digits(known.get("digits"))
    )
