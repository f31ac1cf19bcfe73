"""Puts what caniemail.com tested into the package (`make clients`), from what is published of it on npm.

Kept are the features that `judged` speaks of, and how the newest version of each program of the four families
does them. Every other feature is named below with the reason why nothing is said of it; one that is new there
stands nowhere, and so has to be judged before this goes on.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from sendbatch.message.checks.clients.judged import TABLE, id_of

ROOM = Path(__file__).parent.parent / "sendbatch/message/checks/clients"
# Mail for Windows is left out: it sends and receives nothing since 2024-12-31.
PROGRAMS = (
    *("gmail desktop-webmail", "gmail mobile-webmail", "gmail ios", "gmail android"),
    *("outlook windows", "outlook outlook-com", "outlook macos", "outlook ios", "outlook android"),
    *("apple-mail macos", "apple-mail ios"),
    *("yahoo desktop-webmail", "yahoo ios", "yahoo android"),
)
_OTHER_ACCOUNTS = re.compile(
    r"not \w+ with non[- ](?:google|gmail) account|doesn't work with non google", re.IGNORECASE
)

# By why nothing is said of them.
LEFT_OUT = {
    "it adds to what is there without it, and is written for those who have it": """
        css-at-media css-at-media-device-pixel-ratio css-at-media-hover css-at-media-orientation
        css-at-media-prefers-color-scheme css-at-media-prefers-reduced-motion css-at-supports
        css-at-keyframes css-color-scheme html-meta-color-scheme css-transition
        css-pseudo-class-active css-pseudo-class-checked css-pseudo-class-default
        css-pseudo-class-focus css-pseudo-class-focus-visible css-important
        css-pseudo-class-focus-within css-pseudo-class-hover css-pseudo-class-target
        css-pseudo-class-visited css-pseudo-class-link css-cursor css-outline css-outline-offset
        css-accent-color css-user-select css-resize css-pseudo-element-placeholder html-picture
        html-srcset html-loading-attribute css-at-font-face css-sytem-ui amp bimi""",
    "the letters look a little otherwise, and can be read": """
        css-font-kerning css-font-size-adjust css-font-stretch css-font-weight css-font-size
        css-hyphens css-hyphenate-character css-hyphenate-limit-chars css-letter-spacing
        css-word-spacing css-line-height css-tab-size css-text-align css-text-align-last
        css-text-decoration css-text-decoration-color css-text-decoration-line
        css-text-decoration-skip-ink css-text-decoration-style css-text-decoration-thickness
        css-text-emphasis css-text-emphasis-position css-text-indent css-text-justify
        css-text-orientation css-text-overflow css-text-transform css-text-underline-offset
        css-text-underline-position css-text-wrap css-orphans css-widows css-white-space
        css-white-space-collapse css-word-break css-word-wrap css-overflow-wrap
        css-pseudo-element-first-letter css-pseudo-element-first-line html-abbr html-acronym
        html-dfn html-bdi html-strike html-wbr html-rp html-rt""",
    "it holds what is there in a size or a place that it mostly has anyway": """
        css-box-sizing css-min-height css-min-width css-max-height css-height css-width css-padding
        css-overflow css-clear css-table-layout css-border-spacing css-empty-cells css-caption-side
        css-shape-margin css-inline-size css-display css-background css-background-clip
        css-background-origin css-background-position css-background-repeat css-background-size
        css-border css-column-layout-properties css-unit-initial css-list-style
        css-list-style-position html-height html-width html-align html-dir css-direction""",
    "another rule speaks of it": """
        css-at-import html-link image-base64""",
    "which tags a selector is for is worked out before the mail is sent": """
        css-pseudo-class-first-child css-pseudo-class-first-of-type css-pseudo-class-has
        css-pseudo-class-lang css-pseudo-class-last-child css-pseudo-class-last-of-type
        css-pseudo-class-not css-pseudo-class-nth-child css-pseudo-class-nth-last-child
        css-pseudo-class-nth-last-of-type css-pseudo-class-nth-of-type css-pseudo-class-only-child
        css-pseudo-class-only-of-type css-selector-adjacent-sibling css-selector-attribute
        css-selector-chaining css-selector-child css-selector-class css-selector-descendant
        css-selector-general-sibling css-selector-grouping css-selector-id css-selector-type
        css-selector-universal html-style""",
    "who listens to the mail, or translates it, has the text all the same": """
        html-aria-describedby html-aria-hidden html-aria-label html-aria-labelledby html-aria-live
        html-role html-lang html-required css-inert-attribute html-target html-semantics html-body
        html-base html-doctype html-lists""",
    "a file or a tag tells too little of it": """
        image-apng image-gif image-hdr image-ico image-bmp image-mp4 css-display-none
        html-button-reset html-input-checkbox html-input-radio html-input-reset html-input-submit
        html-input-hidden""",
    "all of them do it": """
        css-background-color css-border-collapse css-comments css-font css-list-style-type
        css-unit-cm css-unit-em css-unit-ex css-unit-in css-unit-mm css-unit-pc css-unit-percent
        css-unit-pt css-unit-px css-vertical-align html-address html-blockquote html-cellpadding
        html-cellspacing html-code html-comments html-del html-div html-h1-h6 html-hr html-img
        html-mailto-links html-p html-pre html-small html-span html-strong html-table html-valign
        image-jpg image-png""",
}


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--json", f"caniemail@{version}"]
        told = subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout
        (packed,) = json.loads(told)
        with tarfile.open(Path(folder) / packed["filename"]) as archive:
            data = json.loads(_file(archive, "package/data/caniemail.json"))
            license_text = _file(archive, "package/LICENSE")
    found = {one["slug"]: one for one in data["data"]}
    judged = _judged(found)
    document = {
        "name": "caniemail",
        "version": packed["version"],
        "license": "MIT",
        "integrity": packed["integrity"],
        "updated": data["last_update_date"][:10],
        "programs": PROGRAMS,
        "features": {one: _letters(found[one]) for one in judged},
    }
    (ROOM / "caniemail.json").write_text(json.dumps(document, indent=1) + "\n")
    (ROOM / "caniemail.LICENSE").write_bytes(license_text)


def _file(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _judged(found: dict[str, Any]) -> list[str]:
    """The features to keep. Ends where one that is found is neither judged nor left out, or not found."""
    judged = {id_of(one) for row in TABLE for one in (*row.features, *row.also)}
    left_out = {one for names in LEFT_OUT.values() for one in names.split()}
    wrong = {
        "judged and left out": judged & left_out,
        "no longer published": (judged | left_out) - {*found},
        "new: judge it, or say in LEFT_OUT why not": {*found} - judged - left_out,
    }
    said = "".join(f"{what}: {' '.join(sorted(names))}\n" for what, names in wrong.items() if names)
    if said:
        sys.exit(said.strip())
    return sorted(judged)


def _letters(feature: dict[str, Any]) -> str:
    return "".join(_letter(feature, *program.split(" ", 1)) for program in PROGRAMS)


def _letter(feature: dict[str, Any], family: str, platform: str) -> str:
    """How the newest version that was tested does it: versions stand in their order."""
    by_version = feature["stats"].get(family, {}).get(platform) or {"": "u"}
    how, *numbers = [*by_version.values()][-1].replace("#", "").split()
    notes = [(feature["notes_by_num"] or {}).get(number, "") for number in numbers]
    if how == "a" and any(map(_OTHER_ACCOUNTS.search, notes)):
        return "o"
    assert how in ("y", "n", "a", "u"), how
    return str(how)


if __name__ == "__main__":
    main(sys.argv[1])
