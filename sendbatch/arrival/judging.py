"""What is wrong or doubtful in a mail as it arrived, one function for each thing that is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from sendbatch.arrival.authentication import NAME as AUTHENTICATION_RESULTS
from sendbatch.arrival.authentication import Verdict
from sendbatch.arrival.reading import Arrived
from sendbatch.arrival.signatures import Signature
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.preview.links import Link
from sendbatch.words import listed, size

CLIPPED_ABOVE = 102 * 1024  # bytes of HTML that Gmail shows, as mailers have found out
# What a signature is to be over where it is there: RFC 6376 §5.4.1, RFC 8058 §4.
UNSUBSCRIBE = ("list-unsubscribe", "list-unsubscribe-post")
_TO_BE_SIGNED = ("date", "subject", "to", "message-id", "reply-to", "mime-version", "content-type")
ONE_CLICK = "list-unsubscribe=one-click"
_MOST = 5  # that are named
_LONGEST = 100  # characters of data
# Not written as `https://…`: a name that has a dot, and is no file's or person's.
_SHOWN_HOST = re.compile(r"(?:https?://)?(?P<host>(?:[\w-]+\.)+[a-z]{2,24})(?:[/?#:]\S*)?", re.IGNORECASE)


def judged(
    mail: Arrived, verdict: Verdict | None, signatures: Sequence[Signature]
) -> list[Finding]:
    """All of it; the worst first."""
    found = [
        *_authenticated(mail, verdict, signatures),
        *_signed(mail, signatures),
        *_unsubscribable(mail, signatures),
        *_shown(mail),
    ]
    worst = {"error": 0, "warning": 1}
    return sorted(found, key=lambda finding: worst.get(finding.severity, 2))


def author_domain(mail: Arrived) -> str:
    """The domain in From, "" where there is none."""
    found = re.search(r"@([\w.-]+)>?\s*(?:\([^)]*\)\s*)?$", mail.shown.sender)
    return found[1].lower().rstrip(".") if found is not None else ""


def _authenticated(
    mail: Arrived, verdict: Verdict | None, signatures: Sequence[Signature]
) -> Iterator[Finding]:
    if verdict is None or not verdict.results:
        yield _no_verdict(mail, verdict)
        return
    place = mail.place(verdict.field)
    spf, dkim, dmarc = (verdict.of(method) for method in ("spf", "dkim", "dmarc"))
    whose = f"{verdict.server or 'the server that took it in'} says"
    if not spf and not dkim:
        said = f"{whose} nothing of SPF and DKIM: {listed([one.said for one in verdict.results], _MOST)}"
        yield Rule.NO_VERDICT.finding(one_line(said, 500), place)
    elif not any(one.passed for one in (*spf, *dkim)):
        said = f"{whose} that neither SPF nor DKIM passed: {_said(verdict)}"
        yield Rule.UNAUTHENTICATED.finding(said, place, "sendbatch check --online says what is published")
    else:
        if spf and not any(one.passed for one in spf):
            said = f"{whose} that SPF did not pass: {_first(spf)}"
            hint = "let the SPF record of the envelope's domain name the relay"
            yield Rule.FAILED_SPF.finding(said, place, hint)
        if signatures and dkim and not any(one.passed for one in dkim):
            said = f"{whose} that no signature holds: {_first(dkim)}"
            hint = "is the key published that signs, and does nothing change the mail after it was signed?"
            yield Rule.FAILED_DKIM.finding(said, place, hint)
    for one in dmarc[:1]:
        if one.result in ("none", "bestguesspass"):
            said = f"{whose} that {one.domain or author_domain(mail)} publishes no DMARC policy"
            yield Rule.NO_DMARC_SEEN.finding(said, place, "publish as TXT at _dmarc: v=DMARC1; p=none")
        elif not one.passed:
            said = f"{whose} that DMARC did not pass: {one.said}"
            hint = "sign with the domain in From (d=), or send from an envelope of that domain"
            yield Rule.FAILED_DMARC.finding(said, place, hint)


def _no_verdict(mail: Arrived, verdict: Verdict | None) -> Finding:
    hint = "save it from the mailbox that it was sent to, not from the folder of what was sent"
    given = mail.first(AUTHENTICATION_RESULTS)
    if verdict is not None or given is None:
        said = "no server says whether the mail is from whom it says (no Authentication-Results)"
        return Rule.NO_VERDICT.finding(said, mail.place(given), hint)
    said = (
        "Authentication-Results stand below the trace of the server that took the mail in: whoever sent it "
        "may have written them, and they are not believed"
    )
    return Rule.NO_VERDICT.finding(said, mail.place(given), "have it read where its server writes them")


def _signed(mail: Arrived, signatures: Sequence[Signature]) -> Iterator[Finding]:
    if not signatures:
        said = "nobody signed the mail (no DKIM-Signature)"
        hint = "switch DKIM on at the relay for your domain, or sign with dkim: in the profile"
        yield Rule.UNSIGNED_MAIL.finding(said, mail.place(), hint)
        return
    for one in signatures:
        place = mail.place(one.field)
        if "from" not in one.names:
            said = f"the signature of {_called(one)} is not over From, and holds nowhere"
            yield Rule.UNSIGNED_FROM.finding(said, place, "h= has to name From (RFC 6376 §5.4)")
        if one.length is not None:
            said = f"the signature of {_called(one)} covers only the beginning of the body (l=)"
            yield Rule.WEAK_SIGNATURE.finding(said, place, "whatever is appended would still pass")
        if one.algorithm.endswith("sha1"):
            said = f"the signature of {_called(one)} is made with SHA-1, which mailboxes take for none"
            yield Rule.WEAK_SIGNATURE.finding(said, place, "have it signed with rsa-sha256 (RFC 8301 §3.1)")
    covered = {name for one in _holding(signatures) for name in one.names}
    missing = [name for name in _TO_BE_SIGNED if name not in covered and mail.all(name)]
    if missing:
        said = f"no signature is over {listed([_cased(name) for name in missing], _MOST)}"
        hint = "whoever passes the mail on may change them, and it still passes"
        yield Rule.UNSIGNED_HEADERS.finding(said, mail.place(_holding(signatures)[0].field), hint)


def _unsubscribable(mail: Arrived, signatures: Sequence[Signature]) -> Iterator[Finding]:
    link, button = (mail.first(name) for name in UNSUBSCRIBE)
    if link is None:
        if button is not None:
            said = "List-Unsubscribe-Post is there, and List-Unsubscribe is not: no program shows a button"
            yield Rule.NO_ONE_CLICK.finding(said, mail.place(button), _one_click_hint())
        else:
            said = "no List-Unsubscribe: right for a letter to one person, missing in a mailing"
            yield Rule.NO_UNSUBSCRIBE_SEEN.finding(said, mail.place(), _one_click_hint())
        return
    if button is None or "".join(button.value.split()).lower() != ONE_CLICK:
        said = "one cannot unsubscribe with one click: no List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        yield Rule.NO_ONE_CLICK.finding(said, mail.place(button or link), _one_click_hint())
    elif not re.search(r"<\s*https://", link.value, re.IGNORECASE):
        said = "one click needs an address that begins with https:// in List-Unsubscribe (RFC 8058 §3.1)"
        yield Rule.NO_ONE_CLICK.finding(said, mail.place(link), _one_click_hint())
    held = _holding(signatures)
    there = [name for name in UNSUBSCRIBE if mail.all(name)]
    if held and not any(set(there) <= set(one.names) for one in held):
        lacking = [
            f"{_called(one)} leaves out {' and '.join(_cased(n) for n in there if n not in one.names)}"
            for one in held
        ]
        said = f"no signature is over all of {' and '.join(map(_cased, there))}: {listed(lacking, _MOST)}"
        hint = (
            "ask the relay to sign them (h=), or sign yourself with dkim: in the profile; "
            "without that no mailbox has to show the button"
        )
        yield Rule.UNSIGNED_UNSUBSCRIBE.finding(said, mail.place(held[0].field), hint)


def _shown(mail: Arrived) -> Iterator[Finding]:
    if mail.shown.html is None:
        return
    if mail.shown.html_size > CLIPPED_ABOVE:
        said = f"the HTML has {size(mail.shown.html_size)}: Gmail shows the first 102 KB"
        yield Rule.CLIPPED_MAIL.finding(said, mail.place(), "what is behind is seen by few, links included")
    diverted = [*_diverted(mail.links)]
    if diverted:
        said = f"links lead to another host than the one they show: {listed(diverted, _MOST)}"
        hint = "where the relay counts clicks: switch that off, or have it use a name below your domain"
        yield Rule.DIVERTED_LINK.finding(said, mail.place(), hint)


def _diverted(links: Sequence[Link]) -> Iterator[str]:
    for link in links:
        seen = _SHOWN_HOST.fullmatch(link.text.strip())
        host = host_of(link.url)
        if seen is None or not host:
            continue
        shown = seen["host"].lower().removeprefix("www.")
        if shown != host.removeprefix("www.") and not host.endswith(f".{shown}"):
            yield f"{one_line(link.text, _LONGEST)} → {one_line(host, _LONGEST)}"


def host_of(url: str) -> str:
    """Of a web address; "" of any other."""
    try:
        found = urlsplit(url)
        return (found.hostname or "").lower() if found.scheme.lower() in ("http", "https") else ""
    except ValueError:
        return ""


def _holding(signatures: Sequence[Signature]) -> list[Signature]:
    """Those that the server found to hold; where it says nothing of that, all."""
    return [one for one in signatures if one.held] or [*signatures]


def _one_click_hint() -> str:
    return "unsubscribe: in the campaign writes both headers; did the relay keep them?"


def _said(verdict: Verdict) -> str:
    known = [one for one in verdict.results if one.method in ("spf", "dkim", "dmarc")]
    return _first(known) if known else "nothing is said of them"


def _first(results: Sequence[object]) -> str:
    return listed([one_line(getattr(one, "said", ""), _LONGEST) for one in results], _MOST)


def _called(one: Signature) -> str:
    return one_line(one.called, _LONGEST)


def _cased(name: str) -> str:
    return {"message-id": "Message-ID", "mime-version": "MIME-Version"}.get(name, name.title())
