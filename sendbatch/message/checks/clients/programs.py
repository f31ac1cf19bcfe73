"""Which program does what, as caniemail.com tested it, and what people call these programs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

# As in caniemail.json: a family and one of its platforms.
Program: TypeAlias = str
CLASSIC: Program = "outlook windows"  # which lays out by Word, and alone reads <!--[if mso]>
# Gmail's apps with an account at another provider read no style sheet, and fewer values than with one of
# Google's; caniemail counts both as one program.
OTHER_ACCOUNTS: Program = "gmail other accounts"

# What those of a family are called, the larger groups first.
_CALLED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "gmail": (
        ("desktop-webmail mobile-webmail ios android", "Gmail"),
        ("desktop-webmail mobile-webmail", "Gmail in a browser"),
        ("desktop-webmail", "Gmail in a browser on a computer"),
        ("mobile-webmail", "Gmail in a phone's browser"),
        ("ios android", "Gmail on phones"),
        ("ios", "Gmail on iPhones"),
        ("android", "Gmail on Android"),
        ("other-accounts", "Gmail on phones with another account"),
    ),
    "outlook": (
        ("windows outlook-com macos ios android", "Outlook"),
        ("windows", "classic Outlook for Windows"),
        ("outlook-com macos ios android", "all other Outlooks"),
        ("outlook-com", "Outlook.com and the new Outlook for Windows"),
        ("macos", "Outlook for Mac"),
        ("ios android", "Outlook on phones"),
        ("ios", "Outlook on iPhones"),
        ("android", "Outlook on Android"),
    ),
    "apple-mail": (
        ("macos ios", "Apple Mail"),
        ("macos", "Apple Mail on Macs"),
        ("ios", "Apple Mail on iPhones"),
    ),
    "yahoo": (
        ("desktop-webmail ios android", "Yahoo Mail"),
        ("desktop-webmail", "Yahoo Mail in a browser"),
        ("ios android", "Yahoo Mail on phones"),
        ("ios", "Yahoo Mail on iPhones"),
        ("android", "Yahoo Mail on Android"),
    ),
}


class Published(NamedTuple):
    """`programs` have a letter each for a feature: y, n, a where they do a part of it, o where those with
    other accounts do not, u where nobody knows. A feature is known by its id in the address of its page."""

    programs: tuple[Program, ...]
    features: Mapping[str, str]


@cache
def published() -> Published:
    """All that are used here."""
    data = json.loads((Path(__file__).parent / "caniemail.json").read_bytes())
    return Published(tuple(data["programs"]), data["features"])


def lacking(feature: str, partly: Collection[Program] = ()) -> set[Program]:
    """The programs that do not do it; of those that do a part of it, these `partly` lack what is meant."""
    found = published()
    letters = dict(zip(found.programs, found.features[feature], strict=True))
    lack = {one for one, how in letters.items() if how == "n" or (how == "a" and one in partly)}
    if any(letters[one] == "o" and one not in lack for one in ("gmail ios", "gmail android")):
        lack.add(OTHER_ACCOUNTS)
    return lack


def family_of(program: Program) -> str:
    return program.partition(" ")[0]


def called(programs: Collection[Program]) -> list[str]:
    """What people know them by, as few words as say all of them."""
    words = []
    for family, groups in _CALLED.items():
        left = {one.partition(" ")[2].replace(" ", "-") for one in programs if family_of(one) == family}
        for group, name in groups:
            if left.issuperset(group.split()):
                words.append(name)
                left -= {*group.split()}
                if name in ("Gmail", "Gmail on phones"):
                    left.discard("other-accounts")
    return words


def page_of(feature: str) -> str:
    """Where its tests are published."""
    return f"https://www.caniemail.com/features/{feature}/"
