"""A small campaign on disk, to be spoilt one key at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.errors import Finding, SendbatchError

GOOD = {
    "name": "name: spring",
    "from": "from: Example News <news@example.com>",
    "subject": 'subject: "{{ first_name }}, spring is here"',
    "recipients": "recipients: people.csv",
    "templates": "templates: {html: spring.html}",
    "smtp": "smtp: sandbox",
}


class Desk:
    """A folder with a campaign's files; `load` reads a campaign file written there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "campaigns"
        self.config = folder / "config"
        self.folder.mkdir()
        (self.folder / "people.csv").write_text("email\njane@example.com\n")
        (self.folder / "spring.html").write_text("<p>Hello</p>")

    def write(self, *lines: str, **instead: str) -> Path:
        """The good campaign with some keys written otherwise ("" leaves one out), and more lines."""
        keys = GOOD | {key.rstrip("_"): line for key, line in instead.items()}
        file = self.folder / "spring.yaml"
        file.write_text("\n".join([line for line in keys.values() if line] + [*lines, ""]))
        return file

    def profiles(self, text: str) -> None:
        (self.folder / "profiles.yaml").write_text(text)

    def load(self, *lines: str, asked: dict[str, object] | None = None, **instead: str) -> Campaign:
        file = self.write(*lines, **instead)
        return load_campaign(file, config_folder=self.config, **(asked or {}))  # type: ignore[arg-type]

    def faults(
        self, *lines: str, asked: dict[str, object] | None = None, **instead: str
    ) -> list[Finding]:
        with pytest.raises(SendbatchError) as caught:
            self.load(*lines, asked=asked, **instead)
        return list(caught.value.findings)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
