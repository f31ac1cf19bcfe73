"""What one line or cell of a suppression list says: addresses, domains, keys, or nothing readable.

Lists are written by hand and pasted from mail programs, so an entry is looked for with more patience
than an address of the CSV. What is found is matched as keys are: the same function makes both.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from sendbatch.audience.addresses import LONGEST, comparable_domain, default_key, normalise

KEY, DOMAIN, BELOW, TEXT = "key", "domain", "below", "text"
LONGEST_KEY = 200  # characters of what may be a key though no row of this campaign has it
_LONGEST_TEXT = 128 * 1024  # characters that are looked through for addresses: a pasted "To:"

_WIDE = str.maketrans("＠﹫．。｡，、；：＜＞“”„«»‘’", '@@...,,;:<>"""""\'\'')
# Invisible, and neither a blank nor a format character to Unicode: fillers, joiners, variants.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164\ufe00-\ufe0f\uffa0]")
_QUOTED_NAME = re.compile(r'"[^"]*"(?=\s*<)')
_COMMENT = re.compile(r"\([^()@]*\)")  # RFC 5322 §3.2.2, without an address in it
_MAILTO = re.compile(r"mailto:\s*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_AROUND = "\"'`<>()[]{},;:."
_TEXT_MARKS = "'`"  # before a cell, what a spreadsheet writes to say that it is text
_PERHAPS_UNSEEN = re.compile(r"[^\x21-\x7e]")
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*\.[^\W\d_]{2,}\.?")


@dataclass(frozen=True, slots=True)
class Said:
    """`kind` is KEY (value: the address as keys are), DOMAIN (A-labels; BELOW: all domains under it),
    or TEXT (as it stands). A TEXT with a `why` is an entry only if it is a key of the campaign."""

    kind: str
    value: str
    why: str | None = None


class _How(NamedTuple):
    """As `said_by` has them."""

    keyed: bool
    subdomains: bool
    as_given: bool


def said_by(text: str, *, keyed: bool, subdomains: bool, as_given: bool = False) -> list[Said]:
    """What stands in a line or cell; empty where nothing visible does. `keyed`: the campaign has
    keys of its own; `subdomains`: a domain stands for all below it; `as_given` as `normalise` has it."""
    how = _How(keyed, subdomains, as_given)
    whole = text.strip()
    found = _one(whole, how)
    if not found:
        whole = _unquoted(_visible(whole))
        found = _one(whole, how) or _several(whole, how)
    if found and keyed and not any(one.why for one in found):
        found.append(Said(TEXT, unicodedata.normalize("NFC", text.strip())))
        found.append(Said(TEXT, unicodedata.normalize("NFC", whole)))
    return found


def _one(word: str, how: _How) -> list[Said]:
    """One address, `@domain` or `*@domain`, and nothing around it; else empty."""
    local, mark, domain = word.rpartition("@")
    if not mark or len(word) > LONGEST:
        return []
    if local in ("", "*"):
        return _domain(domain, how)
    if "*" in local or local == "%":
        return []  # a pattern: as an address, it would be nobody's
    spellings = [word]
    if not word.isascii():  # full-width letters, say: what was meant, beside what was written
        plain = _visible(word)
        spellings += [plain, _visible(unicodedata.normalize("NFKC", plain))]
    if word[0] in _TEXT_MARKS:  # or a local part that begins so: whoever is meant is left out
        spellings += [spelling.lstrip(_TEXT_MARKS) for spelling in spellings]
    keys: dict[str, None] = {}
    for spelling in spellings:
        with contextlib.suppress(ValueError):
            keys[default_key(normalise(spelling, as_given=how.as_given).email)] = None
    return [Said(KEY, key) for key in keys]


def _domain(domain: str, how: _How) -> list[Said]:
    below = domain.startswith(("*.", "."))
    if below and not how.subdomains:
        return []
    try:
        name = normalise(f"any@{comparable_domain(domain.removeprefix('*').removeprefix('.'))}").domain
    except ValueError:
        return []
    here = [] if below else [Said(DOMAIN, name)]
    return [*here, Said(BELOW, name)] if how.subdomains else here


def _several(text: str, how: _How) -> list[Said]:
    """All that is named in a text of more than one word, and where a part of it cannot be read, the
    whole text with why."""
    if not text:
        return []
    found: list[Said] = []
    why: str | None = None
    if len(text) > _LONGEST_TEXT:
        why = f"an entry of {len(text):,} characters is not looked through: write one on each line"
        return [Said(TEXT, text, why)]
    for word in _words(text, how.keyed):
        named = _word(word, how)
        found += named
        why = why or (None if named else _why(word, how.keyed))
    unread = [Said(TEXT, unicodedata.normalize("NFC", text), why)] if why else []
    return found + unread


def _words(text: str, keyed: bool) -> Iterator[str]:
    """What must each be an entry: what stands in <>, what has an @, and what no name explains."""
    text = _MAILTO.sub("mailto:", _COMMENT.sub(" ", _QUOTED_NAME.sub(" ", text)))
    pieces = _IN_BRACKETS.split(text)
    for number, piece in enumerate(pieces):
        if number % 2:
            yield f"<{piece.strip()}>"
            continue
        is_name = number < len(pieces) - 1  # words before <address> are the name of its owner
        for part in re.split(r"[,;|\t]", piece):
            words = _joined(part.split())
            if keyed and not is_name and sum("@" not in word for word in words) > 1:
                yield part.strip()
            else:
                yield from (
                    word for word in words if "@" in word or not (is_name or _is_mark(word))
                )


def _joined(words: list[str]) -> list[str]:
    """`ann @example.com` is an address with a blank in it, and never the whole domain."""
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if word[0] == "@" and len(word) > 1 and "@" not in before and not _is_mark(before):
            joined[-1] = f"{before} {word}"
        else:
            joined.append(word)
    return joined


def _word(word: str, how: _How) -> list[Said]:
    if word[:7].lower() == "mailto:":
        word = unquote(word[7:].partition("?")[0])
    bare = word.strip(_AROUND)
    # As it stands first: without its quote, the address '@example.com would be a whole domain.
    found = _one(word.strip("<>"), how) or _one(bare, how)
    if not found and "#" in bare:
        found = _one(bare.partition("#")[0], how)
    if not found and how.keyed and _may_be_a_key(word):
        return [Said(TEXT, unicodedata.normalize("NFC", word)), Said(TEXT, bare)]
    return found


def _may_be_a_key(word: str) -> bool:
    """Whether it has the shape of a customer's number and the like; most of a list's are no row of
    this campaign."""
    if len(word) > LONGEST_KEY or len(word.split()) != 1:
        return False
    return not re.search("[@<>*]", word) and not _HOST.fullmatch(word)


def _why(word: str, keyed: bool) -> str:
    """What to do about an entry that cannot be read."""
    domain = word.strip(_AROUND).rpartition("@")[2]
    if "@" in word and domain.startswith("*.") and "." in domain[2:]:
        return f"write @{domain[2:]} here, and subdomains: true where the list is named"
    if "*" in word:
        return "a * stands for all before the @, and for nothing else: *@example.com"
    if "@" in word and _word(word, _How(keyed, subdomains=False, as_given=True)):
        return (
            "correct it; or, where the list is for campaigns with addresses: as_given too, let it stand, "
            "and write unreadable: warn where it is named"
        )
    if "@" in word:
        return "no address is written so, and it leaves out nobody: correct it, or take it out"
    if _HOST.fullmatch(word):
        return f"write @{word} for everybody there"
    other = ", or a key of the campaign" if keyed else ""
    return f"an entry is an address, or @domain for everybody there{other}"


def _visible(text: str) -> str:
    """Without what nobody sees, every kind of blank a blank, the marks of other scripts as ASCII's."""
    if text.isascii() and text.isprintable():
        return text
    text = _UNSEEN.sub("", text).translate(_WIDE)
    return _PERHAPS_UNSEEN.sub(_seen, text).strip()


def _seen(found: re.Match[str]) -> str:
    character = found[0]
    kind = unicodedata.category(character)
    if kind == "Cf":  # zero-width, soft hyphen, BOM, directions
        return ""
    return " " if kind in ("Zs", "Zl", "Zp", "Cc") and character != "\t" else character


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in inner
    return inner.strip() if quoted else text


def _is_mark(word: str) -> bool:
    return not word.strip(_AROUND)
