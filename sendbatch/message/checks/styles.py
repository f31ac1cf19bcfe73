"""What style sheets say that does not come out as it is meant."""

from __future__ import annotations

from collections.abc import Iterator

from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content
from sendbatch.message.source import at_offset
from sendbatch.message.styles.linked import links

_LONGEST_SHOWN = 100


def remote_style_sheets(content: Content) -> Iterator[Finding]:
    """A warning for each `<link>` that is left as it is."""
    bundle = content.html
    if bundle is None:
        return
    for link in links(bundle):
        if link.is_elsewhere:
            source = bundle.sources[link.template]
            place = at_offset(bundle.paths[link.template], source, link.tag.start)
            address = one_line(link.href, _LONGEST_SHOWN)
            said = f"few programs for mail load a style sheet from a web server: {address}"
            yield Rule.REMOTE_STYLE_SHEET.finding(said, place, "save it beside the template")
