"""How one value of the files is read: each function takes what stands there, or raises Wrong.

Free of YAML, as all of how small things are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from sendbatch.campaign.model import Bounds, Json, Mailbox, Rate, Tolerance
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.hosts import a_labels
from sendbatch.campaign.written.parsing import (
    MOST,
    Wrong,
    parse_address,
    parse_bounds,
    parse_duration,
    parse_mailbox,
    parse_sender,
    parse_tolerance,
)
from sendbatch.campaign.written.rates import parse_rate
from sendbatch.findings import Rule

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
RULES = tuple(rule.id for rule in Rule if rule.can_be_ignored)
_ERRORS = frozenset(rule.id for rule in Rule) - frozenset(RULES)
NAME = "[a-z0-9][a-z0-9-]*"
LONGEST_PROJECT = 200
BREAKS = re.compile("[\r\n\x85\u2028\u2029]")

REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"  # to a variable of the environment
REFERENCES = re.compile(rf"\s*(?:{REFERENCE})+\s*")
# The address of a webhook with a reference in its path, and what in a path is taken for a token.
_WEBHOOK = re.compile(
    rf"https?://[^\s/?#@$]+(?P<path>/[^\s#$]*{REFERENCE}(?:{REFERENCE}|[^\s#$])*)", re.IGNORECASE
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_{-])[A-Za-z0-9_-]{20,}(?!\})")
# What begins a private key that is written out: of PEM, or of DER in base64.
PRIVATE_KEY = re.compile(r"-----BEGIN |(?<![A-Za-z0-9+/])M[A-Za-z0-9+/]{60,}")
_KEY_HINT = (
    'write key: "${DKIM_KEY}", with the quotes, and set that variable in the environment or in .env beside'
    " this file; or write key_file: and its path"
)


class WrittenInt(int):
    """A whole number that remembers how it was written: a key of text takes it as that."""

    written: str


class WrittenFloat(float):
    """As WrittenInt: `run: 1.10` is the edition 1.10, not 1.1."""

    written: str


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
    if BREAKS.search(found):
        raise Wrong("must be one line", "fold long text with >-")
    if not found.strip():
        raise Wrong("is empty")
    return found


def header_value(value: object) -> str:
    found = text(value).rstrip("\n")
    if BREAKS.search(found):
        raise Wrong("a header's value must be one line", "fold long text with >-")
    return found


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
    if found.endswith("/") or "//" in found[1:]:
        raise Wrong("must not end with a slash, nor have two in a row: that would be another", "such as shop")
    return found


def record(value: object) -> str:
    """`git`, or a database's address, of which no password is written out. What it says of a wrong one never
    shows it."""
    found = line(value).strip()
    if found == "git" or REFERENCES.fullmatch(found):
        return found
    if not found.lower().startswith(("postgresql:", "postgres:")):
        raise Wrong(
            'must be git, or the address of a database: "${DATABASE_URL}", with the quotes',
            "a folder is named by --record DIR or SENDBATCH_RECORD",
        )
    if has_password(found):
        raise Wrong(
            "a password must not be written out in a file",
            'write "${DATABASE_URL}", with the quotes, and set that variable in the environment or in .env '
            "beside this file; or postgresql://USER:${PGPASSWORD}@HOST/DATABASE",
        )
    return found


def has_password(address: str) -> bool:
    """Whether a database's address has a password that is no reference. Whatever stands before the last @
    may be one."""
    user, _, _ = address.partition("//")[2].rpartition("@")
    in_words = re.findall(r"[?&][^=&]*password=([^&]*)", address, re.IGNORECASE)
    passwords = [*in_words, *([user.partition(":")[2]] if ":" in user else [])]
    return any(not REFERENCES.fullmatch(password) for password in passwords if password)


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


def choice(*choices: str, meant: Mapping[str, str] | None = None) -> Callable[[object], str]:
    def read(value: object) -> str:
        found = text(value).lower()
        if found not in choices:
            near = (meant or {}).get(found) or guess(found, choices)
            wanted = f"must be one of {', '.join(choices)}"
            raise Wrong(wanted, f"did you mean {near}?" if near else None)
        return found

    return read


def rule_id(value: object) -> str:
    """The id of a rule whose findings need not be told."""
    found = text(value).strip().lower()
    if found in RULES:
        return found
    if found in _ERRORS:
        raise Wrong("an error cannot be ignored", "mend what it finds; only warnings and hints can be")
    near = guess(found, RULES) or guess(found, _ERRORS)
    listed = "sendbatch check --list-rules has them all"
    raise Wrong("must be the id of a rule", f"did you mean {near}?" if near else listed)


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
    return _reference(
        value,
        "a password",
        "write ${SMTP_PASSWORD} and set that variable in the environment or in .env beside"
        " this file; or use password_command or keyring",
    )


def signing_secret(value: object) -> str:
    """As `secret`, of what signs links."""
    return _reference(
        value,
        "a secret",
        'write "${UNSUBSCRIBE_SECRET}", with the quotes, and set that variable in the environment or in .env'
        " beside this file",
    )


def private_key(value: object) -> str:
    """As `secret`, of a key that signs mail."""
    return _reference(value, "a private key", _KEY_HINT)


def webhook(value: object) -> str:
    """The address of a webhook, which is a secret: a reference, or with one in place of what is secret."""
    if isinstance(value, str):
        found = value.strip()
        written = _WEBHOOK.fullmatch(found)
        if REFERENCES.fullmatch(found) or (written and not _TOKEN.search(written["path"])):
            return found
    raise Wrong(
        "the address of a webhook is a secret, and must not be written out in a file",
        'write "${SLACK_WEBHOOK}", with the quotes, and set that variable in the environment or in .env'
        " beside this file",
    )


def key_file(value: object) -> str:
    """The path of a private key, which may be a reference. Never the key itself."""
    if isinstance(value, str) and PRIVATE_KEY.search(value):
        raise Wrong("a private key must not be written out in a file", _KEY_HINT)
    return file(value)


def has_references(text: str) -> bool:
    """Whether some of it is to be had from the environment."""
    return re.search(REFERENCE, text) is not None


def _reference(value: object, what: str, hint: str) -> str:
    if isinstance(value, str) and REFERENCES.fullmatch(value):
        return value.strip()
    raise Wrong(f"{what} must not be written out in a file", hint)


def file(value: object) -> str:
    found = line(value)
    if found.startswith("~"):
        raise Wrong("~ is not replaced here", "write the path relative to this file")
    if any(len(part.encode("utf-8", "replace")) > 255 for part in PurePath(found).parts):
        raise Wrong("longer than the name of a file can be")
    return found


def address(value: object) -> str:
    return parse_address(line(value))


def reached(value: object) -> str:
    """Whom a profile may reach: an address, @domain or @*.domain; of domains their A-labels."""
    found = line(value).strip()
    local, mark, there = found.rpartition("@")
    if not mark:
        near = f"@{found.removeprefix('*.')}" if "." in found else "@example.com"
        raise Wrong("neither an address nor a domain with its @", f"write {near} for everybody there")
    if local not in ("", "*"):
        if "*" in local:
            raise Wrong("a * stands for all before the @, and for nothing else", f"write @{there}")
        return parse_address(found)
    below = "*." if there.startswith("*.") else ""
    there = there.removeprefix("*.").rstrip(".").lower()
    if "." not in there or "*" in there:
        raise Wrong("not a domain that mail can go to", "write @example.com, or @*.example.com")
    return f"@{below}{a_labels(there)}"


def mailbox(value: object) -> Mailbox:
    return parse_mailbox(line(value))


def sender(value: object) -> Mailbox:
    """As `mailbox`; the address may be a template."""
    return parse_sender(line(value))


def tolerance(value: object) -> Tolerance:
    return parse_tolerance(text(value))


def bounds(value: object) -> Bounds:
    return parse_bounds(text(value))


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else "mapping" if isinstance(value, dict) else "number"


def _digits(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal()
