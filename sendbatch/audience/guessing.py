"""Which encoding bytes may be in that are no text in the one they are said to be: a guess, never a claim.

What a candidate makes of the bytes is held against how names and places are written: letters of one
script in a word, capitals where words begin, letters that stand in a language's alphabet together.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# In the order that settles a tie: what programs write by themselves first.
SINGLE = (
    *("cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1255", "cp1256", "cp1257", "cp874"),
    *("mac_roman", "cp850", "cp437", "cp852", "iso8859-2", "mac_latin2", "cp866", "koi8-r"),
    *("mac_cyrillic", "cp1258", "mac_turkish", "mac_greek"),
)
MULTIPLE = ("cp932", "gb18030", "big5", "cp949", "euc_jp")

# Letters beyond a-z of languages that share an encoding's way of writing them.
_ALPHABETS = tuple(
    frozenset(letters + letters.upper())
    for letters in (
        *("äöüß", "éèêëàâçîïôùûœæ", "áéíóúñü", "áàâãçéêíóôõú", "àèéìòù", "åäöé", "æøåé", "éëïöüáó"),
        *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "ăâîșşțţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
        *("çğıİöşüâî", "ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž", "àáâãèéêìíòóôõùúăđĩũơư", "ðþáéíóúýæö"),
    )
)
NEAR = 0.7  # of the best merit: what has less is not worth a look
_QUOTING = frozenset("«»„“”‘’‚–—…€£§°·№ºª№×®©™¡¿\u00a0")
_WORD = re.compile(r"[^\W\d_][^\W\d_\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*")  # with the marks of Thai
# Of the letters of scripts that have no capitals, which could stand where they do; a little more than of
# those of others all in small letters, and than of Chinese, for Thai a little less.
_CASELESS = {"HEBREW": 0.905, "ARABIC": 0.89, "THAI": 0.89}
# Codes of the characters that are in daily use: first bytes of the first levels.
_USUAL = {
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "cp949": (0xB0, 0xC8),
}


def likely(data: bytes) -> list[str]:
    """Encodings in which `data` is text, the likeliest first; of those that read it alike, one."""
    read: dict[str, str] = {}
    for encoding in (*MULTIPLE, *SINGLE):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        if text not in read.values():
            read[encoding] = text
    merits = {encoding: _merit(text, encoding) for encoding, text in read.items()}
    best = max(merits.values(), default=0.0)
    order = sorted(read, key=lambda encoding: -merits[encoding])
    return [encoding for encoding in order if merits[encoding] > max(0.3, NEAR * best)]


def sample(text: str, most: int = 40) -> str:
    """The words of a text that tell one encoding from another."""
    words = [word for word in re.findall(r"[^\s,;|\"]+", text) if not word.isascii()]
    words = [word for word in words if "@" not in word] or words
    shown = ""
    for word in dict.fromkeys(words):
        if shown and len(shown) + len(word) > most:
            break
        shown += f", {word}" if shown else word
    return shown[:most]


def _merit(text: str, encoding: str) -> float:
    """From 0 to 1: the share of characters beyond ASCII that stand where they may; of Latin letters a
    part counts only if one language has them all."""
    beyond = [c for c in text if not c.isascii()]
    if not beyond:
        return 0.0
    if any(unicodedata.category(c) in ("Cc", "Co", "Cn") for c in beyond):
        return 0.0
    good = sum(c in _QUOTING for c in beyond) * 0.5
    good += sum(_of_word(word, encoding) for word in _WORD.findall(text) if not word.isascii())
    known = max(sum(c in alphabet for c in beyond) for alphabet in _ALPHABETS)
    return (good + 0.1 * known) / len(beyond)


def _of_word(word: str, encoding: str) -> float:
    letters = [c for c in word if not c.isascii()]
    scripts = {_script(c) for c in word}
    if encoding in MULTIPLE:
        if "LATIN" in scripts or len(scripts - {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}) > 0:
            return 0.0
        return sum(_is_usual(c, encoding) for c in letters)
    if scripts <= _CASELESS.keys() and len(scripts) == 1:
        return _CASELESS[min(scripts)] * len(letters)
    if len(scripts) != 1 or not (word.islower() or word.isupper() or word[1:].islower()):
        return 0.0 if len(scripts) != 1 else 0.2 * len(letters)
    if scripts == {"LATIN"}:
        return 0.85 * max(sum(c in alphabet for c in letters) for alphabet in _ALPHABETS)
    return 0.9 * len(letters)


def _is_usual(character: str, encoding: str) -> float:
    if _script(character) in ("HIRAGANA", "KATAKANA"):
        return 1.0
    code = character.encode(encoding)
    low, high = _USUAL[encoding]
    # The fewer characters are usual, the more it says that all are.
    return 0.94 - 0.001 * (high - low) if low <= code[0] <= high else 0.3


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "?").partition(" ")[0]
