"""How the small things are written: durations, bounds, tolerances, mailboxes.

Pure functions. Each raises ValueError with a sentence for a person; a `Wrong` also knows what to
write instead.
"""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from sendbatch.campaign.model import Bounds, Mailbox, Tolerance
from sendbatch.errors import shortened

DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 366 * 86400  # seconds
MOST = 1_000_000_000  # recipients, the most any rate, bound or tolerance may name
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3: a path has 256 octets, its angle brackets included

_LONGEST_SHOWN = 80
_COUNT = r"[0-9]+(?:_[0-9]+)*"
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|min|s|m|h|d)")
_BOUNDS = re.compile(rf"({_COUNT})(?:\s*[-–]\s*({_COUNT}))?")
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")


class Wrong(ValueError):
    """What is wrong with a value, as a sentence, and what to write instead. `offset` says where in a text,
    from 0, if that is known."""

    def __init__(self, message: str, hint: str | None = None, offset: int | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.offset = offset


def parse_duration(text: str) -> float:
    """Read "60s", "10m", "1h30m", "500ms" or "2d" as seconds."""
    wrong = Wrong(f"not a length of time: {_shown(text)}", "write it with a unit: 60s, 10m, 2h")
    rest, total = text.strip(), 0.0
    if not rest or len(rest) > 50:
        raise wrong
    while rest:
        match = _DURATION_PART.match(rest)
        if match is None:
            raise wrong
        total += float(match[1]) * DURATION_UNITS[match[2]]
        rest = rest[match.end() :].lstrip()
    if total > LONGEST:
        raise Wrong(f"longer than a year: {_shown(text)}")
    return total


def parse_bounds(text: str | int) -> Bounds:
    """Read "900-1100", or "1000" for exactly so many."""
    match = _BOUNDS.fullmatch(str(text).strip())
    if match is None:
        raise Wrong(f"not a number of recipients: {_shown(str(text))}", "write 1000 or 900-1100")
    low = _count(match[1])
    high = _count(match[2]) if match[2] else low
    if high < low:
        raise Wrong(f"the greater number comes first: {_shown(str(text))}", f"write {high}-{low}")
    return Bounds(low, high)


def parse_tolerance(text: str | int) -> Tolerance:
    """Read "3" (recipients) or "1%" (of them)."""
    written = str(text).strip()
    percent = _PERCENT.fullmatch(written)
    if percent is not None:
        share = float(percent[1]) / 100 if len(percent[1]) < 20 else 2.0
        if share > 1:
            raise Wrong(f"more than all of them: {_shown(written)}")
        return Tolerance(share=share)
    if re.fullmatch(_COUNT, written) is None:
        raise Wrong(f"not a number or a percentage: {_shown(written)}", "write 3 or 1%")
    return Tolerance(count=_count(written))


def parse_address(text: str) -> str:
    """Check one address of the author's own (no look-up, `.test` too) and give its normal form."""
    if "{{" in text or "{%" in text:
        raise Wrong("an address here cannot be a template", "write the address itself")
    if len(text) > 4 * LONGEST_ADDRESS:
        raise Wrong("longer than an address can be")
    try:
        checked = validate_email(
            text, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise Wrong(f"not an address: {_shown(text)}", str(error)) from None
    return checked.normalized


def parse_mailbox(text: str) -> Mailbox:
    """Read "Example News <news@example.com>" or an address alone (RFC 5322 §3.4, one mailbox)."""
    text = text.strip()
    if any(c in "\r\n\0" for c in text):
        raise Wrong("a line break cannot stand in a name or an address")
    if not text.endswith(">"):
        return Mailbox("", parse_address(text))
    name, bracket, address = text[:-1].rpartition("<")
    if not bracket:
        raise Wrong(f"not a mailbox: {_shown(text)}", "write: Name <name@example.com>")
    return Mailbox(_display_name(name.strip()), parse_address(address.strip()))


def parse_sender(text: str) -> Mailbox:
    """As `parse_mailbox`, of a mailbox whose address may be a template too."""
    text = text.strip()
    masked = _TAG.sub(lambda tag: "x" * len(tag[0]), text)
    at = masked.rfind("<") if masked.endswith(">") else -1
    address = text[at + 1 : -1].strip() if at >= 0 else text
    if any(c in "\r\n\0" for c in text) or not ("{{" in address or "{%" in address):
        return parse_mailbox(text)
    beside = masked[at + 1 : -1] if at >= 0 else masked
    if "{%" not in address and re.search(r"[\s<>]", beside.strip()):
        raise Wrong(f"not a mailbox: {_shown(text)}", 'write: from: "{{ name }} <{{ address }}>"')
    name = text[:at].strip() if at >= 0 else ""
    if "<" in _TAG.sub("", name).strip('"'):
        raise Wrong("only one mailbox can stand here", "write: Name <name@example.com>")
    return Mailbox(_display_name(name) if _TAG.sub("", name) else name, address)


def is_encoding(name: str) -> bool:
    """Whether text can be read in an encoding of that name."""
    try:
        "".encode(name)
        b"".decode(name)
    except (LookupError, ValueError):
        return False
    return True


def _display_name(name: str) -> str:
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    if quoted:
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    elif "<" in name or ">" in name:
        raise Wrong("only one mailbox can stand here", "write: Name <name@example.com>")
    return " ".join(name.split())


def _count(digits: str) -> int:
    number = int(digits) if len(digits) < 20 else MOST + 1
    if number > MOST:
        raise Wrong(f"too great a number: {_shown(digits)}")
    return number


def _shown(text: str) -> str:
    return shortened(text, _LONGEST_SHOWN)
