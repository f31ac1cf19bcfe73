"""What JSON Schema can say of how small things are written, for editors: the other half of `values`.

Whatever is read passes; what cannot be told by a pattern passes too, and is for reading to refuse. Patterns
mean the same to JavaScript and to Python: no `\\w`, no flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from sendbatch.campaign.written import headers, media, rates

Schema: TypeAlias = dict[str, Any]  # JSON

_BREAKS = r"\r\n\u0085\u2028\u2029"
_LINE = rf"[^{_BREAKS}]*[^\s{_BREAKS}][^{_BREAKS}]*\n*$"
_COUNT = "[0-9]+(_[0-9]+)*"
_LENGTH = r"[0-9]+(\.[0-9]+)?\s*(ms|min|s|m|h|d)"
_DURATION = rf"({_LENGTH}\s*)+$"
_REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
_POSTGRES = "[Pp][Oo][Ss][Tt][Gg][Rr][Ee][Ss]([Qq][Ll])?"
_LABELS = (
    r"[^\s@/:,;<>()\[\]\\]+"  # of a host or domain; which ones there can be is for reading to say
)

TEXT: Schema = {"type": ["string", "number"]}  # a number is taken as it is written
LINE: Schema = {**TEXT, "pattern": f"^{_LINE}"}
HEADER_VALUE: Schema = {**TEXT, "pattern": rf"^[^{_BREAKS}]*\n*$"}
PATH: Schema = {**TEXT, "pattern": f"^(?!~){_LINE}"}
KEY_FILE: Schema = {
    "type": "string",
    "pattern": rf"^(?!~)(?![\s\S]*(-----BEGIN |(^|[^A-Za-z0-9+/])M[A-Za-z0-9+/]{{60}})){_LINE}",
    "examples": ["${DKIM_KEY_FILE}"],
}
NAME: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,99}$"},
        {"type": "integer", "minimum": 0},  # `name: 2026` is the text 2026
    ]
}
PROFILE_NAME: Schema = {"type": "string", "pattern": "^(?!sandbox$)[a-z0-9][a-z0-9-]{0,99}$"}
VARIABLE_NAME: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*$",
}
TRUTH: Schema = {"type": "boolean"}
ADDRESS: Schema = {
    "type": "string",
    "pattern": r"^(?![\s\S]*\{[{%])[\s\S]*@",
    "examples": ["bounces@example.com"],
}
REACHED: Schema = {
    "type": "string",
    "pattern": r"^\s*[^@\s]*[\s\S]*@[\s\S]*[^@\s]",
    "examples": ["@example.com", "jane@example.org"],
}
MAILBOX: Schema = {
    "type": "string",
    "pattern": r"^(?![\s\S]*<[^<>]*\{[{%][^<>]*>\s*$)[\s\S]*@[^\s>]",
    "examples": ["Example News <news@example.com>"],
}
SENDER: Schema = {**MAILBOX, "pattern": r"@[^\s>]|\{[{%]"}
URL: Schema = {
    "type": "string",
    "pattern": r"^(\{|[Hh][Tt][Tt][Pp][Ss]?://[^/\s])",
    "examples": ["https://example.com/unsubscribe?for={{ email|urlencode }}"],
}
MAILTO: Schema = {"type": "string", "pattern": r"@|\{[{%#]", "examples": ["leave@example.com"]}
RATE: Schema = {
    "type": "string",
    "pattern": rates.PATTERN,
    "patternErrorMessage": "A rate is a number and s, min, h, day or month: 14/s",
    "examples": ["14/s", "50000/day"],
}
DURATION: Schema = {
    "type": "string",
    "pattern": rf"^\s*{_DURATION}",
    "maxLength": 60,
    "patternErrorMessage": "A length of time has its unit: 60s, 10m, 1h30m",
    "examples": ["60s", "1h30m"],
}
LIMIT: Schema = {**DURATION, "pattern": rf"^(?=.*[1-9])\s*{_DURATION}"}
BOUNDS: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": rf"^\s*{_COUNT}(\s*[-–]\s*{_COUNT})?\s*$"},
    ],
    "examples": ["900-1100"],
}
TOLERANCE: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": rf"^\s*({_COUNT}|[0-9]+(\.[0-9]+)?\s*%)\s*$"},
    ],
    "examples": ["1%"],
}
REFERENCE: Schema = {
    "type": "string",
    "pattern": rf"^\s*({_REFERENCE})+\s*$",
    "patternErrorMessage": "By reference only: write ${NAME}, and set it in the environment or in .env",
    "examples": ["${SMTP_PASSWORD}"],
}
WEBHOOK: Schema = {
    "type": "string",
    "pattern": _REFERENCE,
    "patternErrorMessage": "By reference only: write ${NAME}, and set it in the environment or in .env",
    "examples": ["${SLACK_WEBHOOK}"],
}
RECORD: Schema = {
    "anyOf": [
        {"enum": ["git"]},
        {"type": "string", "pattern": rf"^\s*(git|({_REFERENCE})+|{_POSTGRES}:[^\n]*)\s*$"},
    ],
    "examples": ["git", "${DATABASE_URL}"],
}
HOST: Schema = {
    "type": ["string", "number"],
    "pattern": r"^(?![\s\S]*://)(?![^:]+:[0-9]+\s*$)\s*[^\s@/,;<>()\\]+\s*$",
    "examples": ["smtp.example.com"],
}
DOMAIN: Schema = {"type": "string", "pattern": rf"^\s*@*{_LABELS}\s*$"}
SIGNING_DOMAIN: Schema = {
    "type": "string",
    "pattern": rf"^\s*@*{_LABELS}\.{_LABELS}\s*$",
    "examples": ["example.com"],
}
SELECTOR: Schema = {
    **TEXT,
    "pattern": r"^\s*[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\s*$",
    "examples": ["s1"],
}
HELO: Schema = {
    **TEXT,
    "pattern": rf"^\s*(\[[A-Za-z0-9:.]+\]|{_LABELS})\s*$",
    "examples": ["mail.example.com"],
}
FINGERPRINT: Schema = {
    "type": "string",
    "pattern": r"^\s*[Ss][Hh][Aa]256:(:*[0-9A-Fa-f]){64}:*\s*$",
}


def any_case(words: Iterable[str]) -> str:
    """A pattern for these words, in capitals or not."""
    return "|".join(map(_any_case, words))


def _any_case(word: str) -> str:
    return "".join(
        f"[{letter.upper()}{letter.lower()}]"
        if letter.upper() != letter.lower()
        else re.escape(letter)
        for letter in word
    )


def words(*choices: str) -> Schema:
    """One of these; they are offered as they stand, and taken in capitals too."""
    return {
        "anyOf": [
            {"enum": list(choices)},
            {"type": "string", "pattern": f"^({any_case(choices)})$"},
        ]
    }


def whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


_OWN = any_case(headers.AUTHORS_OWN)
_OURS = any_case([*headers.WRITTEN_BY_US, *headers.RESERVED])
_STARTS = any_case(headers.RESERVED_STARTS)
HEADER_NAME: Schema = {
    "type": "string",
    "pattern": rf"^(?=({_OWN})$|(?!({_OURS})$|{_STARTS}))[!-9;-~]{{1,{headers.LONGEST_HEADER_NAME}}}$",
}
MEDIA_TYPE: Schema = {
    "type": "string",
    "pattern": rf"^\s*({any_case(media.TOP)})/{media.SUBTYPE}\s*$",
    "examples": ["application/pdf"],
}
