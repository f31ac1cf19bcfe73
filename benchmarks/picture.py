"""Draws the bar chart of messages a second, as an SVG that stands in a README."""

from __future__ import annotations

import html
from collections.abc import Sequence

FILE = "throughput.svg"
WIDTH, EDGE, NAMES, FIGURES = 720, 24, 150, 90  # pixels
ROW, BAR, TOP = 34, 20, 62
OURS, LIMIT, PEER = "#2f6fdb", "#c9ced6", "#8fa3bf"


def draw(bars: Sequence[tuple[str, float]]) -> str:
    """(who, messages a second); the fastest first, sendbatch in a colour of its own."""
    ordered = sorted(bars, key=lambda bar: -bar[1])
    height = TOP + ROW * len(ordered) + EDGE
    longest = WIDTH - 2 * EDGE - NAMES - FIGURES
    most = ordered[0][1] or 1.0
    rows = []
    for number, (who, rate) in enumerate(ordered):
        y = TOP + number * ROW
        length = max(rate / most * longest, 2)
        colour = OURS if who == "sendbatch" else LIMIT if who.startswith("smtp-source") else PEER
        weight = ' font-weight="bold"' if who == "sendbatch" else ""
        rows += [
            f'<text x="{EDGE + NAMES - 10}" y="{y + 15}" text-anchor="end"{weight}>{html.escape(who)}</text>',
            f'<rect x="{EDGE + NAMES}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" fill="{colour}"/>',
            f'<text x="{EDGE + NAMES + length + 8:.1f}" y="{y + 15}"{weight}>{rate:,.0f}</text>',
        ]
    told = ", ".join(f"{who} {rate:,.0f}" for who, rate in ordered)
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Messages a second: {html.escape(told)}">\n'
        '<rect width="100%" height="100%" rx="10" fill="#fbfcfd" stroke="#dde2e9"/>\n'
        '<g font-family="system-ui, sans-serif" font-size="14" fill="#22262c">\n'
        f'<text x="{EDGE}" y="34" font-size="16" font-weight="bold">Messages a second</text>\n'
        f'<text x="{WIDTH - EDGE}" y="34" text-anchor="end" fill="#6b7482">'
        "smtp-source: one fixed message, no record</text>\n"
        f"{body}\n</g>\n</svg>\n"
    )
