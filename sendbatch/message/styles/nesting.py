"""How deeply tags are nested: css-inline ends the process where it is too much."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.message.markup import RAW, Tag
from sendbatch.message.templates import Failed

# The tree is walked by calls within calls, and a thread may have 512 KB for them: 500 levels were well, 1,000
# were not. Those that close themselves (`_CLOSED_BY_OTHERS`) are no more than four times as many.
_DEEPEST = 100

_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_CLOSED_BY_OTHERS = frozenset(
    "p li dt dd tr td th tbody thead tfoot colgroup option optgroup html head body".split()  # noqa: SIM905
)
# Where these are not closed, they go on in what comes next (HTML §13.2.4.3).
_FORMATTING = frozenset(
    "a b big code em font i nobr s small strike strong tt u".split()  # noqa: SIM905
)


def hold_depth(found: Sequence[Tag]) -> None:
    """Raises Failed where these tags of an HTML, in their order, may be nested too deeply."""
    opened: list[str] = []
    formatting = dict.fromkeys(_FORMATTING, 0)
    for tag in found:
        name = tag.name
        if name in formatting:
            formatting[name] = max(formatting[name] + (-1 if tag.is_end else 1), 0)
        elif name in _VOID or name in _CLOSED_BY_OTHERS or name in RAW:
            continue
        elif not tag.is_end:
            opened.append(name)
        elif name in opened:
            while opened.pop() != name:
                pass
        if len(opened) + sum(formatting.values()) > _DEEPEST:
            raise Failed(
                f"more than {_DEEPEST} tags within each other: their styles cannot be inlined"
                " (inline_css: false leaves them)"
            )
