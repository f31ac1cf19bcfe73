"""The headers that a campaign may set by name, and which of them it must leave to us."""

from __future__ import annotations

import re

from sendbatch.campaign.written.parsing import Wrong

LONGEST_HEADER_NAME = 76  # so that it fits on one line
# What people know from other programs, and what to write for it: nobody sees or gets another's message.
INSTEAD = {
    "to": "every recipient gets a message of their own: `recipients:` says to whom",
    "cc": "every recipient gets a message of their own: give who is to have a copy a row of the CSV, or name"
    " them in `reply_to:`, where they are to have the answers",
    "bcc": "every recipient gets a message of their own: give who is to have a copy a row of the CSV; nobody"
    " sees who else has one",
}
WRITTEN_BY_US = {
    "from": "write `from:`",
    **INSTEAD,
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


def header_name(name: str) -> str:
    """The name, where a campaign may set the header. Raises Wrong."""
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
