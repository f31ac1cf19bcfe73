"""Draws the bar chart of messages a second, as an SVG that stands in a README.

It is as wide as a telephone, a name above each bar, and has colours for light and for dark.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

FILE = "throughput.svg"
WIDTH, EDGE = 480, 20  # pixels
ROW, BAR, TOP = 47, 12, 62
# On a telephone this is shown at three quarters of its size: 17 is 12 there.
STYLE = """\
text { font: 17px system-ui, sans-serif; fill: #22262c }
.title, .sendbatch { font-weight: bold }
.remark { font-size: 14.5px; font-weight: normal; fill: #626b78 }
.card { fill: #fbfcfd; stroke: #dde2e9 }
.track { fill: #eceff3 }
.bar { fill: #8fa3bf }
.bar.sendbatch { fill: #2f6fdb }
@media (prefers-color-scheme: dark) {
text { fill: #e3e7ed }
.remark { fill: #9aa4b2 }
.card { fill: #14181e; stroke: #303843 }
.track { fill: #222932 }
.bar { fill: #63779a }
.bar.sendbatch { fill: #5c95f5 }
}
"""


def draw(bars: Sequence[tuple[str, str, float]]) -> str:
    """(who, a remark, messages a second); the fastest first, sendbatch in a colour of its own."""
    ordered = sorted(bars, key=lambda bar: -bar[2])
    height = TOP + ROW * len(ordered) + 6
    most = ordered[0][2] or 1.0
    rows = [line for number, bar in enumerate(ordered) for line in _row(number, *bar, most)]
    told = ", ".join(f"{who} {rate:,.0f}" for who, _, rate in ordered)
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Messages a second: {html.escape(told)}">\n'
        f"<style>\n{STYLE}</style>\n"
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>\n'
        f'<text class="title" x="{EDGE}" y="34">Messages a second</text>\n'
        f"{body}\n</svg>\n"
    )


def _row(number: int, who: str, remark: str, rate: float, most: float) -> list[str]:
    y = TOP + number * ROW
    whole = WIDTH - 2 * EDGE
    length = max(rate / most * whole, 2)
    kind = " sendbatch" if who.startswith("sendbatch") else ""
    shown = f'{html.escape(who)} <tspan class="remark" dx="4">{html.escape(remark)}</tspan>'
    top = y + 21
    return [
        f'<text class="name{kind}" x="{EDGE}" y="{y + 14}">{shown}</text>',
        f'<text class="name{kind}" x="{WIDTH - EDGE}" y="{y + 14}" text-anchor="end">{rate:,.0f}</text>',
        f'<rect class="track" x="{EDGE}" y="{top}" width="{whole}" height="{BAR}" rx="3"/>',
        f'<rect class="bar{kind}" x="{EDGE}" y="{top}" width="{length:.1f}" height="{BAR}" rx="3"/>',
    ]
