"""What a campaign file says that can be wrong although every single key reads well."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from sendbatch.campaign.declared import (
    DeclaredAttachment,
    DeclaredCampaign,
    DeclaredRecipients,
    DeclaredRetry,
    DeclaredUnsubscribe,
)
from sendbatch.campaign.declaring import label
from sendbatch.campaign.document.nodes import Data, Document, Trail
from sendbatch.campaign.document.syntax import COMMENT, cut_short, is_all_comment
from sendbatch.campaign.language.checks import check_expression, check_template, literal
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.model import REFUSE, Profile, Retry
from sendbatch.campaign.written.mailboxes import MAILBOX_HEADERS, check_mailboxes
from sendbatch.campaign.written.parsing import Wrong, is_encoding, parse_address
from sendbatch.errors import Fault, within

T = TypeVar("T")
SAID_TO_READERS = frozenset({"subject", "from", "headers", "variables"})
LONGEST_URL = 900  # so that List-Unsubscribe fits a line of 998 bytes (RFC 5322 §2.1.1)


@dataclass(frozen=True)
class Checks:
    """Holds what is declared against the rules; faults are added to `faults`."""

    document: Document
    faults: list[Fault]

    def attempt(self, trail: Trail, read: Callable[[], T]) -> T | None:
        """What `read` gives, or None with what it complained of as a fault at the trail."""
        try:
            return read()
        except Wrong as wrong:
            text = _at(self.document.data, trail)
            said = f"{label(trail)}: {wrong}"
            place = within(
                self.document.at(trail), text if isinstance(text, str) else "", wrong.offset
            )
            self.faults.append(Fault(said, place, wrong.hint))
            return None

    def blame(self, trail: Trail, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(f"{label(trail)}: {message}", self.document.at(trail), hint))

    def template(self, trail: Trail, text: str | None) -> None:
        if text:
            self.attempt(trail, lambda: check_template(text))

    def campaign(self, declared: DeclaredCampaign, profile: Profile | None) -> None:
        self._cut_short()
        self.template(("subject",), declared.subject)
        self.template(("from",), declared.sender.name if declared.sender else None)
        for number, box in enumerate(declared.reply_to or ()):
            self.template(("reply_to", number), box.name)
        for number, attachment in enumerate(declared.attachments or ()):
            self._attachment(("attachments", number), attachment)
        self._templates(declared)
        self._headers(declared.headers or {}, profile)
        if declared.recipients is not None:
            self._recipients(declared.recipients)
        if declared.unsubscribe is not None:
            self._unsubscribe(declared.unsubscribe)
        if declared.retry is not None:
            self._retry(declared.retry)

    def _attachment(self, trail: Trail, declared: DeclaredAttachment) -> None:
        if declared.file is None:
            if (*trail, "file") not in self.document.values:  # else that is told already
                self.blame(trail, "file is missing", "write {file: bill.pdf, missing: fail}")
            return
        self.template(trail, declared.file)
        if declared.missing not in (None, REFUSE) and not is_template(declared.file):
            said = f"everybody gets {declared.file}: it is missing for all or for nobody"
            self.blame((*trail, "missing"), said, "leave `missing` out")

    def _cut_short(self) -> None:
        """`subject: We are #1 now` says `We are`, for what stands behind the # is a comment."""
        for trail, place in self.document.values.items():
            if not (trail and trail[0] in SAID_TO_READERS):
                continue
            text = _at(self.document.data, trail)
            if text is None and trail[0] == "variables":
                self._all_comment(trail)
            if not isinstance(text, str) or place.text is None or place.column is None:
                continue
            at = cut_short(place.text, place.column - 1, text)
            if at is not None:
                said = (
                    f"{label(trail)}: this and all behind it is a comment, and no part of the text"
                )
                hint = "put the text in quotes, or a blank behind the #"
                self.faults.append(Fault(said, replace(place, column=at + 1), hint))

    def _all_comment(self, trail: Trail) -> None:
        """`color: #ff0000` is no colour but nothing, and would be read as None."""
        place = self.document.at_key(trail)
        if is_all_comment(place.text or "", (place.column or 1) - 1):
            self.faults.append(Fault(f"{label(trail)} has no value", place, COMMENT))

    def _templates(self, declared: DeclaredCampaign) -> None:
        written = self.document.data.get("templates")
        if isinstance(written, dict) and not {"html", "text", "markdown"} & set(written):
            self.blame(("templates",), "there is no template", "write html:, text: or both")

    def _headers(self, headers: dict[str, str], profile: Profile | None) -> None:
        seen: dict[str, str] = {}
        key = profile.idempotency.header if profile and profile.idempotency else None
        for name, value in headers.items():
            self.template(("headers", name), value)
            other = seen.setdefault(name.lower(), name)
            if other != name:
                self.blame(("headers", name), f"is the same header as {other}")
            if name.lower() in MAILBOX_HEADERS:
                trail: Trail = ("headers", name)
                self.attempt(trail, partial(check_mailboxes, name, value))
            if key and name.lower() == key.lower():
                self.blame(("headers", name), "sendbatch writes it itself for this provider")

    def _recipients(self, recipients: DeclaredRecipients) -> None:
        for field in ("name", "key"):
            self.template(("recipients", field), getattr(recipients, field))
        where = recipients.where
        if where is not None:
            self.attempt(("recipients", "where"), lambda: check_expression(where))
        if recipients.encoding is not None and not is_encoding(recipients.encoding):
            said = f"no such encoding: {recipients.encoding}"
            self.blame(("recipients", "encoding"), said, "such as utf-8, cp1252 or latin-1")

    def _unsubscribe(self, unsubscribe: DeclaredUnsubscribe) -> None:
        here: Trail = ("unsubscribe",)
        written = self.document.data.get("unsubscribe")
        if isinstance(written, dict) and not {"url", "mailto"} & set(written):
            self.blame(here, "needs url or mailto")
        if unsubscribe.url is not None:
            self.template((*here, "url"), unsubscribe.url)
            self._url((*here, "url"), unsubscribe.url)
        if unsubscribe.mailto is not None:
            self.template((*here, "mailto"), unsubscribe.mailto)
            mailto = unsubscribe.mailto
            self.attempt((*here, "mailto"), lambda: check_mailto(mailto))
        if unsubscribe.one_click and (unsubscribe.url or unsubscribe.mailto):
            self._one_click(unsubscribe.url)

    def _url(self, trail: Trail, url: str) -> None:
        said = literal(url)
        if not url.startswith("{") and not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
            self.blame(trail, "not a URL", "it begins with https://")
        elif re.search(r"[\s<>]", said):
            self.blame(trail, "a URL has no spaces and no angle brackets", "use |urlencode")
        elif len(said) > LONGEST_URL:
            self.blame(trail, "too long for a header")

    def _one_click(self, url: str | None) -> None:
        # RFC 8058 §3.1: one HTTPS URI must be there.
        if url is None:
            self.blame(("unsubscribe", "one_click"), "needs a url, not only mailto")
        elif not url.startswith("{") and not url.lower().startswith("https://"):
            self.blame(("unsubscribe", "url"), "one_click needs a url that begins with https://")

    def _retry(self, retry: DeclaredRetry) -> None:
        first = retry.first_delay or Retry().first_delay
        if first > (retry.max_delay or Retry().max_delay):
            key = "max_delay" if retry.max_delay is not None else "first_delay"
            self.blame(("retry", key), "first_delay is longer than max_delay")


def _at(data: Data, trail: Trail) -> Data:
    for part in trail:
        if isinstance(data, dict):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
    return data


def check_mailto(mailto: str) -> None:
    """Raises Wrong unless it is an address, or a mailto: with one, or a template."""
    address = mailto.removeprefix("mailto:").partition("?")[0]
    if not is_template(address):
        parse_address(address)
    if re.search(r"[\s<>]", literal(mailto)):
        raise Wrong("a mailto has no spaces and no angle brackets", "write %20 for a space")
