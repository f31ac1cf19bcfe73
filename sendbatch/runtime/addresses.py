"""Where addresses are in a text, and what is left of them; `masking` tells when. Loaded where there is a
need, for its patterns take some milliseconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

LEAST = 4  # characters of a local part of which the first and the last are shown
LEAST_ALONE = 3  # characters of a local part that is masked without its domain
LONGEST_LITERAL = 80

# "＠" and "﹫" are what some keyboards type; %40 is what a link has, %2540 one that is carried in a link; a
# page may have the sign by its number, quoted-printable has =40, and people write (at).
_AT = re.compile(
    r"[@＠﹫]|%(?:25)*40|=40(?=[\w-]+\.[^\W\d])|&#(?:64|x40);|[(\[]at[)\]]", re.IGNORECASE
)
_ENDS = r"\s<>()\[\],;:"
_QUOTED = re.compile(rf'"(?:[^"\\\n]|\\.){{1,{LONGEST_LITERAL}}}"(?=@)')  # RFC 5322 §3.4.1
# Both are matched from the @ to the left, in a text that is turned round.
_LOCAL = re.compile(rf"""(?:'"'"'|[^{_ENDS}"])*+""")
_ENCODED_LOCAL = re.compile(rf"""[^{_ENDS}"/?&=#@]*+""")
_DOMAIN = re.compile(rf"\[[^\]\s]{{1,{LONGEST_LITERAL}}}\]|[\w-]+(?:\.[\w-]+)*+")
_HOST = re.compile(r"^//(?:[^/?#]*[/?#])?")
_NETWORK = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_EDITION = re.compile(r"v?\d[\d.-]*")
_KEPT = ".sandbox"  # what the folder of an edition ends with whose mail is kept; no domain of this world does
_MASKED = re.compile(r"\w?…\w?")
_QUOTES = "'\"`"
_REPLY = re.compile(r"\b[45]\d\d\b.*")
# The words of a reply to nobody knows whom: whose mailbox it names cannot be told.
_LAST_REPLY = re.compile(
    r"(the last one: \d{3}(?: \d\.\d{1,3}\.\d{1,3})?\b) ?[^\n]*?"
    r"((?:; (?:one message is tried at|it is worth trying again from) [^;\n]*)?(?: ?`+\.?)?)$",
    re.MULTILINE,
)
# One that a single person had, among replies that are counted.
_ONLY_REPLY = re.compile(
    r"^( *1 × \d{3}(?: \d\.\d{1,3}\.\d{1,3})?\b) [^\n]*?( \(speaks of [^()\n]*\))?$", re.MULTILINE
)
_WORD = re.compile(r"[^\s<>()\[\],;:'\"`|]+")
# What is left of a word that was cut; our own KEY…, FILE… and age1… stand for others.
_CUT = re.compile(r"""(?<![^\s(\[<])(["'`]*+)(?!(?:KEY|FILE|age1)…)[^\s…(\[<]++…(?![^\s"'`)\]}>,;:.|])""")


def without_addresses(text: str, whose: Iterable[str]) -> str:
    """As `masked` of masking."""
    known = {address.rpartition("@")[0].casefold() for address in whose}
    if "the last one: " in text:
        text = _LAST_REPLY.sub(r"\1 …\2", text)
    if " 1 × " in text:
        text = _ONLY_REPLY.sub(lambda found: f"{found[1]} …{found[2] or ''}", text)
    if _AT.search(text):
        text = _QUOTED.sub(lambda found: _short(found[0]), text)
    if "…" in text:
        text = _CUT.sub(r"\1…", text)
    if _AT.search(text):
        text = "".join(_pieces(text, known))
    known = {local for local in known if len(local) >= LEAST_ALONE}

    def alone(found: re.Match[str]) -> str:
        word = found[0].rstrip(".")
        if word.casefold() in known:
            return _short(word) + found[0][len(word) :]
        local, sign, domain = found[0].partition("=")  # bounces+jane=example.com, as paths of return are
        starts = (0, *(at + 1 for at, letter in enumerate(local) if letter in "+-/"))
        at = next((at for at in starts if sign and local[at:].casefold() in known), None)
        return found[0] if at is None else f"{local[:at]}{_short(local[at:])}={domain}"

    return _REPLY.sub(lambda reply: _WORD.sub(alone, reply[0]), text) if known else text


def _pieces(text: str, known: set[str]) -> Iterator[str]:
    """The text in pieces; the local parts in it are added to those that are `known`."""
    done = 0
    for at in _AT.finditer(text):
        if at.start() < done:
            continue
        domain = _DOMAIN.match(text, at.end())
        end = domain.end() if domain is not None else at.end()
        if _AT.match(text, end):  # "jane@home@example.com": all before the last is the local part
            continue
        is_raw = len(at[0]) == 1
        local = _local(text[done : at.start()], is_raw=is_raw)
        begun = at.start() - len(local)
        if local and not _is_folder(local, domain[0] if domain else "", text[end : end + 1]):
            plain = local if is_raw else unquote(local)
            known.add(plain.strip(_QUOTES).casefold())
            yield text[done:begun] + _short(plain)
        else:
            yield text[done : at.start()]
        yield text[at.start() : end]
        done = end
    yield text[done:]


def _local(before: str, *, is_raw: bool) -> str:
    """What of the text before an @ belongs to the address."""
    found = (_LOCAL if is_raw else _ENCODED_LOCAL).match(before[::-1])
    local = found[0][::-1] if found else ""
    if is_raw and local.startswith("//") and before.endswith(f":{local}"):  # within a link
        return _HOST.sub("", local, count=1)
    return local


def _is_folder(local: str, domain: str, behind: str) -> bool:
    """Whether it is the folder of an edition, reports/news@2026-12/, or another name with an @ in it."""
    if _EDITION.fullmatch(domain):
        return _NETWORK.fullmatch(domain) is None
    if "." in domain and not domain.endswith(_KEPT):
        return False
    return domain != "" and ("/" in local or behind == "/")


def _short(local: str) -> str:
    """The first and the last letter, where there are more; and the quotes of a shell that stand before or
    around it, for they have their partners elsewhere in the line: with one of them gone, what follows would
    be commands."""
    quotes = ""
    if local.startswith(("'", '"')) and "'" in local:
        quotes = "".join(letter for letter in local if letter in "'\"")
    core = "".join(letter for letter in local if letter not in _QUOTES)
    if _MASKED.fullmatch(core):
        return f"{quotes}{core}"
    if len(core) < LEAST or "/" in core:
        return f"{quotes}…"
    return f"{quotes}{_letter(core[0])}…{_letter(core[-1])}"


def _letter(sign: str) -> str:
    """No mark that a shell, a page or Markdown may take for its own."""
    return sign if sign.isalnum() else ""
