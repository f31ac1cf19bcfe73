"""A case of the corpus: a campaign that breaks one rule, and one that nearly does.

Both are the sound campaign below with some files in place of its own, or beside them. What `check` finds in
the first has the rule, what it finds in the second has it not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from sendbatch import api
from sendbatch.campaign.loading import load_campaign
from sendbatch.errors import Finding, SendbatchError
from sendbatch.findings import Rule
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.edge import Edge

Files: TypeAlias = Mapping[str, str | bytes]

KEYS = {
    "name": "spring",
    "from": "Example News <news@example.com>",
    "subject": "'{{ name }}, spring is here'",
    "recipients": "people.csv",
    "templates": "{html: letter.html, text: letter.txt}",
    "smtp": "sandbox",
}


@dataclass(frozen=True)
class Case:
    """`settings` are those of --set for the one, `nearly_settings` for the other."""

    rule: Rule
    breaks: Files
    nearly: Files
    settings: Mapping[str, str] = field(default_factory=dict)
    nearly_settings: Mapping[str, str] = field(default_factory=dict)


def keys(more: str = "", **changed: str | None) -> dict[str, str | bytes]:
    """The campaign file with these values under its keys, None for one that is not there, and more lines;
    `from_` is From."""
    there = KEYS | {key.rstrip("_"): value for key, value in changed.items()}
    lines = [f"{key}: {value}\n" for key, value in there.items() if value is not None]
    return {"campaign.yaml": "".join(lines) + more}


def people(*rows: str, head: str = "email,name,plan") -> dict[str, str | bytes]:
    return {"people.csv": "".join(f"{row}\n" for row in (head, *rows))}


def html(body: str) -> dict[str, str | bytes]:
    return {"letter.html": f"<p>Hello {{{{ name }}}}, the garden is open.</p>\n{body}\n"}


def text(body: str) -> dict[str, str | bytes]:
    return {"letter.txt": f"Hello {{{{ name }}}}, the garden is open.\n{body}\n"}


def markdown(body: str) -> dict[str, str | bytes]:
    letter = f"Hello {{{{ name }}}}, the garden is open.\n\n{body}\n"
    return keys(templates="{markdown: letter.md}") | {"letter.md": letter}


def mjml(body: str) -> dict[str, str | bytes]:
    letter = f"<mjml><mj-body>\n{body}\n</mj-body></mjml>\n"
    return keys(templates="{html: letter.mjml, text: letter.txt}") | {"letter.mjml": letter}


SOUND: Files = (
    keys() | people("ada@example.com,Ada,paid", "bob@example.org,Bob,free") | html("") | text("")
)


def found(folder: Path, files: Files, settings: Mapping[str, str], workers: Workers) -> list[Finding]:
    """All that `check` says of the sound campaign with these files."""
    for name, content in {**SOUND, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if name.endswith(".pem"):
            os.chmod(path, 0o600)
    try:
        campaign = load_campaign(
            folder / "campaign.yaml", settings=settings, config_folder=folder / "nowhere"
        )
        edge = Edge(environ={"PATH": os.environ["PATH"]})
        return list(api.check(campaign, workers=workers, edge=edge).findings)
    except SendbatchError as error:
        return list(error.findings)
