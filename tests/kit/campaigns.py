"""A small campaign of real files, loaded as a run loads it."""

from __future__ import annotations

from pathlib import Path

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign

YAML = """\
name: spring
from: Example News <news@example.com>
subject: "Hello {{ name }}"
recipients:
  file: people.csv
templates: {text: letter.txt}
smtp: sandbox
"""

PEOPLE = """\
email,name
ada@example.org,Ada
bob@example.org,Bob
eve@example.net,Eve
"""


def write(folder: Path, *, people: str = PEOPLE, yaml: str = YAML, more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text(people)
    (folder / "letter.txt").write_text("Dear {{ name }}\n")
    file = folder / "spring.yaml"
    file.write_text(yaml + more)
    return file


def campaign(folder: Path, *, people: str = PEOPLE, yaml: str = YAML, more: str = "") -> Campaign:
    """Written anew and loaded; `more` are further lines at the end of the file."""
    return load_campaign(write(folder, people=people, yaml=yaml, more=more))
