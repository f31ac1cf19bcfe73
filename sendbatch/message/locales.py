"""Whether a recipient's `locale` is one, where the letter surely writes by it: a plan lists whose is none.

A filter that stands under a condition may not be reached; what it makes of a row is seen when that is built.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes

from sendbatch.campaign.language.completed import LOCALE, LOCALISED, needs
from sendbatch.campaign.language.environment import parsed
from sendbatch.campaign.language.locales import NoLocale, locale_of
from sendbatch.errors import one_line
from sendbatch.message.attachments import Unavailable

IS_NONE = "locale: "  # what is said begins with it
_LONGEST_SHOWN = 60


def asks_locale(sources: Iterable[str]) -> str | None:
    """The first filter that writes by what `locale` means, in whatever way the sources are gone through."""
    for source in sources:
        if needs(source) and (found := _asking(parsed(source))) is not None:
            return found
    return None


def no_locale(asking: str, locale: object) -> Unavailable | None:
    """What is wrong with a recipient's locale, by which the filter `asking` writes."""
    try:
        locale_of(locale, asking)
    except NoLocale as error:
        shown = one_line(str(locale).strip(), _LONGEST_SHOWN)
        said = f"no locale is called '{shown}'" if shown else "is empty"
        meant = f"; {error.hint}" if shown and error.hint.startswith("did you mean") else ""
        said = f"{IS_NONE}{said}, and |{asking} writes by it{meant}"
        return Unavailable(said, is_missing=False, fails=False)
    return None


def _asking(tree: nodes.Template) -> str | None:
    named = tree.find_all(nodes.Name)
    if tree.find(nodes.Extends) or any(one.name == LOCALE and one.ctx != "load" for one in named):
        return None
    outputs = (node for node in tree.body if isinstance(node, nodes.Output))
    found = (_surely(node) for output in outputs for node in output.nodes)
    return next((one for one in found if one is not None), None)


def _surely(node: nodes.Node) -> str | None:
    if isinstance(node, (nodes.CondExpr, nodes.And, nodes.Or)):
        return None
    if isinstance(node, nodes.Filter) and node.name in LOCALISED:
        given = [one.value for one in node.kwargs if one.key == LOCALE]
        given += node.args[LOCALISED[node.name] :][:1]
        if any(isinstance(one, nodes.Name) and one.name == LOCALE for one in given):
            return node.name
    found = (_surely(child) for child in node.iter_child_nodes())
    return next((one for one in found if one is not None), None)
