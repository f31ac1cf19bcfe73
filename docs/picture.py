"""Draws docs/picture.svg: the sample campaign as a terminal shows it.  python docs/picture.py"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = "sendbatch run campaigns/welcome.yaml"
LINE, COLUMN, EDGE = 20, 8.4, 24  # pixels
ACCENTS = {
    "accepted": "#7ee0a1",
    "invalid": "#f4b26b",
    "suppressed": "#9fb4d0",
    "subject:": "#c9b6f2",
}


def lines() -> list[str]:
    """What the command says, run on a copy of the sample."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("campaigns", "templates"):
            shutil.copytree(
                ROOT / name, Path(folder) / name, ignore=shutil.ignore_patterns("reports")
            )
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND.split()], cwd=folder, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
    return [f"$ {COMMAND}", *done.stderr.rstrip().splitlines()]


def draw(shown: list[str]) -> str:
    width = round(max(map(len, shown)) * COLUMN + 2 * EDGE)
    height = len(shown) * LINE + 2 * EDGE + 24
    rows = []
    for number, line in enumerate(shown):
        y = EDGE + 40 + number * LINE
        first = line.split(maxsplit=1)[:1]
        colour = (
            "#8fd3ff" if line.startswith("$") else ACCENTS.get(first[0] if first else "", "#d7dde6")
        )
        rows.append(
            f'<text x="{EDGE}" y="{y}" fill="{colour}" xml:space="preserve">{html.escape(line)}</text>'
        )
    lights = "".join(
        f'<circle cx="{EDGE + i * 18}" cy="20" r="5.5" fill="{colour}"/>'
        for i, colour in enumerate(("#ec6a5e", "#f4bf4f", "#61c554"))
    )
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="A run of the sample campaign">\n'
        f'<rect width="100%" height="100%" rx="10" fill="#171b22"/>\n{lights}\n'
        f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">\n'
        f"{body}\n</g>\n</svg>\n"
    )


if __name__ == "__main__":
    (ROOT / "docs" / "picture.svg").write_text(draw(lines()), encoding="utf-8")
