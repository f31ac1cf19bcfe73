"""Draws docs/house.svg: the rooms of the house, one layer below the other.  python docs/house.py

The layers are those that import-linter holds (pyproject.toml), and what a room is for is the beginning of its
docstring: the drawing cannot say anything else than the program does.
"""

from __future__ import annotations

import ast
import html
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "house.svg"
CONTRACT = "Arrows point one way only"
WIDTH, EDGE, GAP = 400, 14, 6  # pixels; narrow enough to be read on a phone
BETWEEN = 20  # pixels between two layers, for the arrow
NAME, SMALL = 13, 11  # pixels of type
SIGN = 5.6  # pixels that a sign of the small type takes, at most


def layers() -> list[list[str]]:
    """The rooms of each layer, from the top."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = told["tool"]["importlinter"]["contracts"]
    (found,) = (one["layers"] for one in contracts if one["name"] == CONTRACT)
    return [layer.split(" | ") for layer in found]


def purpose(room: str) -> str:
    """What its docstring begins with."""
    path = ROOT / "sendbatch" / room
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    sentence = re.split(r"\.(?:\s|$)", said.replace("`", "").replace("\n", " "), maxsplit=1)[0]
    return re.split(":" if ":" in sentence else ",", sentence, maxsplit=1)[0]


def draw() -> str:
    """The picture, ending with a line break. Its background is its own: pages may be light or dark."""
    y, body = EDGE, []
    found = layers()
    for number, rooms in enumerate(found):
        if number:
            body.append(_arrow(y))
            y += BETWEEN
        width = (WIDTH - 2 * EDGE - GAP * (len(rooms) - 1)) / len(rooms)
        texts = [textwrap.wrap(purpose(room), int((width - 10) / SIGN)) for room in rooms]
        height = 26 + (SMALL + 3) * max(map(len, texts)) + 4
        for column, (room, text) in enumerate(zip(rooms, texts, strict=True)):
            x = EDGE + column * (width + GAP)
            body += _room(room, text, x, y, width, height)
        y += height
    height = y + EDGE
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="The rooms of sendbatch, in layers: each '
        'knows what stands below it, and nothing above or beside it">\n'
        f'<rect width="100%" height="100%" rx="10" fill="#171b22"/>\n'
        f'<g font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif" '
        f'font-size="{SMALL}" fill="#d7dde6" text-anchor="middle">\n{inner}\n</g>\n</svg>\n'
    )


def _room(
    name: str, text: list[str], x: float, y: float, width: float, height: float
) -> Iterator[str]:
    middle = round(x + width / 2, 1)
    yield (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="5" fill="#232936" '
        f'stroke="#54617a"/>'
    )
    yield (
        f'<text x="{middle}" y="{y + 18}" font-size="{NAME}" font-weight="600" fill="#8fd3ff">'
        f"{html.escape(name)}</text>"
    )
    for number, line in enumerate(text):
        below = y + 35 + number * (SMALL + 3)
        yield f'<text x="{middle}" y="{below}">{html.escape(line)}</text>'


def _arrow(y: float) -> str:
    """From the layer that ends here to the next one."""
    middle, end = WIDTH / 2, y + BETWEEN - 4
    return (
        f'<path d="M{middle} {y + 4}V{end} m-4 -5 l4 5 l4 -5" fill="none" stroke="#8b95a5" '
        'stroke-width="1.5"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
