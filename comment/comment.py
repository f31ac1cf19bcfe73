"""Puts a plan into one comment of a pull request: made the first time, updated from then on.

It runs with the right to write comments, and so it is small, needs nothing installed, and takes nothing of
the pull request but a text. The comment is found by a mark in its first line, which no reader sees.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LONGEST = 65_000  # characters; GitHub takes 65,536
MOST_READ = 1 << 20  # bytes of the plan; and of an answer, eight times that
MOST_PAGES = 30  # of a hundred comments
PATIENCE = 30  # seconds for an answer
CUT = "\n\n*Cut here: the whole plan stands in the summary of the job.*\n"
NOTHING = "The campaign cannot be planned: the log of the job says why.\n"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Nobody else is given the token."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def main() -> int:
    env = os.environ
    comments = f"{env['GITHUB_API_URL']}/repos/{env['GITHUB_REPOSITORY']}/issues"
    marked = mark(env["CAMPAIGN"])
    body = f"{marked}\n{fitted(plan_in(Path(env['FOLDER'])), LONGEST - len(marked) - 1)}"
    try:
        number = int(env["NUMBER"])
        found = own(f"{comments}/{number}/comments", marked)
        if found is None or not updated(f"{comments}/comments/{found}", body):
            ask("POST", f"{comments}/{number}/comments", {"body": body})
    except (OSError, ValueError) as error:  # a comment is a courtesy: the job's summary has the same
        said = str(error).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")[:300]
        print(f"::warning title=sendbatch::no comment was written: {said}")
    return 0


def mark(campaign: str) -> str:
    """The line by which the comment of this campaign is known."""
    return f"<!-- sendbatch {hashlib.sha256(campaign.encode()).hexdigest()[:16]} -->"


def plan_in(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        return NOTHING
    with files[0].open("rb") as file:
        text = file.read(MOST_READ).decode("utf-8", "replace")
    return text if text.strip() else NOTHING


def fitted(text: str, most: int) -> str:
    """The text in `most` characters: cut after a line, and a block of code that is open then is closed."""
    if len(text) <= most:
        return text
    kept = text[: most - len(CUT) - len("\n```")]
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    fences = sum(line.startswith("```") for line in kept.splitlines())
    return kept + ("\n```" if fences % 2 else "") + CUT


def own(address: str, marked: str) -> int | None:
    """The number of our comment, None where there is none; a person's, with the same mark, is not ours."""
    for page in range(1, MOST_PAGES + 1):
        found = ask("GET", f"{address}?per_page=100&page={page}")
        for comment in found:
            is_ours = comment["user"]["login"] == "github-actions[bot]"
            if is_ours and str(comment["body"]).startswith(marked):
                return int(comment["id"])
        if len(found) < 100:
            break
    return None


def updated(address: str, body: str) -> bool:
    """False where somebody has removed the comment meanwhile."""
    try:
        ask("PATCH", address, {"body": body})
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return False
    return True


def ask(method: str, address: str, told: dict[str, str] | None = None) -> Any:
    """Raises OSError where the other side refuses or is away, ValueError where it answers nonsense."""
    request = urllib.request.Request(  # noqa: S310 - the address is GitHub's own, as the runner says
        address,
        method=method,
        data=None if told is None else json.dumps(told).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "Content-Type": "application/json",
            "User-Agent": "sendbatch",
        },
    )
    with _OPENER.open(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read(8 * MOST_READ))


if __name__ == "__main__":
    sys.exit(main())
