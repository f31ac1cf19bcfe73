"""How one value of the files is read: each function takes what stands there, or raises Wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import PurePath

import idna

from sendbatch.campaign.document.masking import REFERENCES
from sendbatch.campaign.document.nodes import WrittenFloat, WrittenInt
from sendbatch.campaign.model import Bounds, Json, Mailbox, Rate, Tolerance
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import (
    MOST,
    Wrong,
    parse_address,
    parse_bounds,
    parse_duration,
    parse_mailbox,
    parse_tolerance,
)
from sendbatch.campaign.written.rates import parse_rate

DELIMITERS = {
    ",": ",",
    ";": ";",
    "|": "|",
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}
NAME = "[a-z0-9][a-z0-9-]*"
LONGEST_HEADER_NAME = 76  # so that it fits on one line
LONGEST_PROJECT = 200
WRITTEN_BY_US = {
    "from": "write `from:`",
    "to": "every recipient gets a message of their own",
    "cc": "every recipient gets a message of their own",
    "bcc": "every recipient gets a message of their own",
    "subject": "write `subject:`",
    "reply-to": "write `reply_to:`",
    "return-path": "write `bounces_to:`",
    "list-unsubscribe": "write `unsubscribe:`",
    "list-unsubscribe-post": "write `unsubscribe:` with `one_click: true`",
}
RESERVED = frozenset(("date", "message-id", "mime-version", "received", "dkim-signature"))
RESERVED_STARTS = ("content-", "resent-", "arc-")
AUTHORS_OWN = frozenset(("content-language",))  # RFC 3282: says nothing of how parts are written

_FTEXT = re.compile(r"[!-9;-~]+")  # RFC 5322 §3.6.8
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_BREAKS = re.compile("[\r\n\x85\u2028\u2029]")


def text(value: object) -> str:
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, bool):
        raise Wrong("must be text", f'write "{str(value).lower()}" with quotes to mean text')
    if isinstance(value, dict) and len(value) <= 1:
        raise Wrong("must be text, not a mapping", "text with { or a colon in it needs quotes")
    if not isinstance(value, str):
        raise Wrong(f"must be text, not a {_kind(value)}")
    return value


def line(value: object) -> str:
    """Text of one line; the line break at the end of a YAML block does not count."""
    found = text(value).rstrip("\n")
    if _BREAKS.search(found):
        raise Wrong("must be one line", "fold long text with >-")
    if not found.strip():
        raise Wrong("is empty")
    return found


def header_value(value: object) -> str:
    found = text(value).rstrip("\n")
    if _BREAKS.search(found):
        raise Wrong("a header's value must be one line", "fold long text with >-")
    return found


def header_name(value: object) -> str:
    name = text(value)
    if not _FTEXT.fullmatch(name):
        raise Wrong("not the name of a header", "letters, digits and hyphens: X-Campaign")
    if len(name) > LONGEST_HEADER_NAME:
        raise Wrong("too long for the name of a header")
    low = name.lower()
    if low in WRITTEN_BY_US:
        raise Wrong(f"{name} cannot be set here", WRITTEN_BY_US[low])
    if low in RESERVED or (low.startswith(RESERVED_STARTS) and low not in AUTHORS_OWN):
        raise Wrong(f"{name} cannot be set here", "sendbatch writes it itself")
    return name


def name(value: object) -> str:
    found = text(value)
    if not re.fullmatch(NAME, found) or len(found) > 100:
        near = re.sub("[^a-z0-9]+", "-", found.lower()).strip("-")[:100]
        raise Wrong(
            "must be lower-case letters, digits and hyphens",
            f"write {near}" if near else "such as spring-launch",
        )
    return found


def project(value: object) -> str:
    found = line(value).strip()
    if len(found) > LONGEST_PROJECT or not found.isprintable():
        raise Wrong(f"must be at most {LONGEST_PROJECT} printable characters", "such as shop")
    return found


def variable(value: object) -> str:
    found = text(value)
    if not found.isidentifier():
        near = re.sub(r"\W", "_", found)
        hint = f"write {near}" if near.isidentifier() else None
        raise Wrong("not a name that a template can use", hint)
    return found


def plain(value: object) -> Json:
    """A variable's value: anything, numbers without how they were written."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    assert isinstance(value, float)
    return float(value)


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        hint = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}
        raise Wrong("must be true or false", hint.get(str(value).lower()))
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong("must be a whole number", "without quotes" if _digits(value) else None)
        if not low <= value <= high:
            raise Wrong(f"must be between {low} and {high:,}")
        return int(value)

    return read


def choice(*choices: str, meant: dict[str, str] | None = None) -> Callable[[object], str]:
    def read(value: object) -> str:
        found = text(value).lower()
        if found not in choices:
            near = (meant or {}).get(found) or guess(found, choices)
            wanted = f"must be one of {', '.join(choices)}"
            raise Wrong(wanted, f"did you mean {near}?" if near else None)
        return found

    return read


def delimiter(value: object) -> str:
    """What separates the cells of a CSV: the character itself, or its name."""
    found = text(value)
    mark = DELIMITERS.get(found.strip().lower(), found)
    if mark not in DELIMITERS.values():
        near = guess(found, DELIMITERS)
        wanted = "must be one of , ; | and tab, in quotes"
        raise Wrong(wanted, f"did you mean {near}?" if near else None)
    return mark


def rate(value: object) -> Rate:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = f"{round(value, 2):.10g}" if 0.01 <= value <= MOST else "14"
        raise Wrong("a rate needs its unit of time", f"write {number}/s or {number}/min")
    return parse_rate(text(value))


def duration(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise Wrong("a length of time needs its unit", f"write {value}s, or m, h")
    return parse_duration(text(value))


def limit(value: object) -> float:
    """A duration that something may take at most: not nothing."""
    found = duration(value)
    if found <= 0:
        raise Wrong("must be more than nothing")
    return found


def secret(value: object) -> str:
    """A password by reference only. What it says of a wrong one never shows it."""
    if isinstance(value, str) and REFERENCES.fullmatch(value):
        return value.strip()
    raise Wrong(
        "a password must not be written out in a file",
        "write ${SMTP_PASSWORD} and set that variable in the environment or in .env beside"
        " this file; or use password_command or keyring",
    )


def host(value: object) -> str:
    found = text(value).strip().rstrip(".").lower()
    if is_address(found):
        return found
    if "://" in found:
        raise Wrong("must be a host's name alone", "without smtp:// before it")
    if re.fullmatch(r"[^:]+:[0-9]+", found):
        raise Wrong("must be a host's name alone", "the port is a key of its own: `port:`")
    return a_labels(found)


def domain(value: object) -> str:
    return a_labels(text(value).strip().lstrip("@").rstrip(".").lower())


def helo(value: object) -> str:
    found = text(value).strip()
    literal = re.fullmatch(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", found)  # RFC 5321 §4.1.3
    if literal and is_address(literal[1]):
        return found
    return a_labels(found)


def fingerprint(value: object) -> str:
    """In lower case and without colons."""
    found = text(value).strip()
    kind, _, digits = found.partition(":")
    digits = digits.replace(":", "").lower()
    if kind.lower() != "sha256" or not re.fullmatch("[0-9a-f]{64}", digits):
        raise Wrong(
            "not a SHA-256 fingerprint",
            "sha256: and 64 hexadecimal digits, as from openssl x509 -noout -sha256 -fingerprint -in FILE",
        )
    return f"sha256:{digits}"


def a_labels(found: str) -> str:
    """The name of a host or domain as the wire has it (RFC 5890)."""
    wrong = Wrong("not the name of a host or domain", "such as mail.example.com")
    if not found.isascii():
        try:
            found = idna.encode(found, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise wrong from None
    if len(found) > 253 or not _HOST.fullmatch(found):
        raise wrong
    return found


def is_address(found: str) -> bool:
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


def not_yet(value: object) -> str:
    raise Wrong("not supported yet: use html and text")


def file(value: object) -> str:
    found = line(value)
    if found.startswith("~"):
        raise Wrong("~ is not replaced here", "write the path relative to this file")
    if any(len(part.encode("utf-8", "replace")) > 255 for part in PurePath(found).parts):
        raise Wrong("longer than the name of a file can be")
    return found


def address(value: object) -> str:
    return parse_address(line(value))


def mailbox(value: object) -> Mailbox:
    return parse_mailbox(line(value))


def tolerance(value: object) -> Tolerance:
    return parse_tolerance(text(value))


def bounds(value: object) -> Bounds:
    return parse_bounds(text(value))


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else "number"


def _digits(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal()
