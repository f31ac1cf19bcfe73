"""Rules of what programs for mail do not support."""

from __future__ import annotations

from sendbatch.findings import Rule

from ..case import Case, html, keys

FLEX = html('<div style="display: flex">x</div>')

CASES: list[Case] = [
    Case(Rule.UNSUPPORTED_FEATURE, FLEX, FLEX | keys("check: {clients: [apple-mail]}\n")),
    Case(
        Rule.PLAINER_FEATURE,
        html('<p style="border-radius: 4px">x</p>'),
        html('<p style="border: 1px solid #ccc">x</p>'),
    ),
]
