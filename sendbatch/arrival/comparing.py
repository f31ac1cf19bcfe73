"""What a mail is by now, compared with how it was sent: headers, links, words, pictures and attachments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sendbatch.arrival.judging import host_of
from sendbatch.arrival.reading import Arrived, Field
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.markup import tokens
from sendbatch.preview.opened import readable
from sendbatch.words import count, listed

_MOST = 5  # that are named
_LONGEST = 100  # characters of data
_MOST_COMPARED = 20_000  # words: of longer ones it is only said that they differ
# What a relay may well replace.
_NAMES_OF_A_MAIL = ("message-id", "date")
# Written by whoever passes a mail on, or encoded anew without a change of what is said.
_OF_THE_WAY = frozenset(
    ("received", "return-path", "delivered-to", "dkim-signature", "authentication-results", "mime-version",
     "content-type", "content-transfer-encoding", "x-received")
)  # fmt: skip


def changes(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    """What is other than it was sent, the headers first."""
    yield from _names(sent, mail)
    yield from _headers(sent, mail)
    yield from _links(sent, mail)
    yield from _pictures(sent, mail)
    yield from _words(sent, mail)
    yield from _attachments(sent, mail)


def added_headers(sent: Arrived, mail: Arrived) -> list[str]:
    """The headers that the way has added, but for those that every way adds."""
    before = {field.name for field in sent.fields} | _OF_THE_WAY
    return list(dict.fromkeys(field.name for field in mail.fields if field.name not in before))


def _names(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    replaced = []
    for name in _NAMES_OF_A_MAIL:
        before, now = sent.first(name), mail.first(name)
        if before is not None and now is not None and before.value != now.value:
            replaced.append(f"{_written(before)} ({one_line(now.value, _LONGEST)})")
    if replaced:
        said = f"the relay wrote another {' and another '.join(replaced)}"
        hint = "its log knows the mail by that; sendbatch's record by the one that was sent"
        yield Rule.REPLACED_ID.finding(said, mail.place(mail.first("message-id")), hint)


def _headers(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    there = {field.name for field in mail.fields}
    wanted = [field for field in sent.fields if field.name not in _OF_THE_WAY]
    lost = [one_line(_written(field), _LONGEST) for field in wanted if field.name not in there]
    if lost:
        said = f"headers that were sent did not arrive: {listed(lost, 10)}"
        hint = "ask the relay whether it lets them pass; programs that need them do without"
        yield Rule.LOST_HEADER.finding(said, mail.place(), hint)
    for before in wanted:
        now = mail.first(before.name)
        kept = {" ".join(field.value.split()) for field in mail.all(before.name)}
        if now is None or before.name in _NAMES_OF_A_MAIL or " ".join(before.value.split()) in kept:
            continue
        if _readable(before) == _readable(now):
            continue  # encoded in another way
        name, *values = (one_line(one, _LONGEST) for one in (_written(before), before.value, now.value))
        said = f"{name} was sent as {values[0]}, and is now {values[1]}"
        yield Rule.CHANGED_HEADER.finding(said, mail.place(now))


def _readable(field: Field) -> str:
    return " ".join(readable(field.name, field.value).split())


def _written(field: Field) -> str:
    """A header's name as it stands there."""
    return field.text.partition(":")[0].strip()


def _links(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    before, now = ([link.url for link in one.links] for one in (sent, mail))
    gone = Counter(before) - Counter(now)
    new = Counter(now) - Counter(before)
    if not gone:
        return
    hosts = dict.fromkeys(filter(None, map(host_of, new)))
    where = f", and lead to {listed([one_line(host, _LONGEST) for host in hosts], _MOST)}" if hosts else ""
    first = one_line(next(iter(gone)), _LONGEST)
    said = f"{count(len(gone), 'link')} of {len(set(before))} were rewritten{where}: {first}"
    hint = "the relay counts clicks: switch that off, or let it use a name below your domain"
    yield Rule.REWRITTEN_LINK.finding(said, mail.place(), hint)


def _pictures(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    before, now = Counter(sent.pictures), Counter(mail.pictures)
    added, more = now - before, now.total() - before.total()
    if more > 0:
        hosts = dict.fromkeys(filter(None, map(host_of, added)))
        where = f" (from {listed([one_line(host, _LONGEST) for host in hosts], _MOST)})" if hosts else ""
        said = f"{count(more, 'picture')} in it that nobody sent{where}: so relays learn who opens a mail"
        hint = "switch it off at the relay, where your readers were not asked"
        yield Rule.ADDED_PICTURE.finding(said, mail.place(), hint)


def _words(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    for what, before, now in (
        ("HTML", _words_of_html(sent.shown.html), _words_of_html(mail.shown.html)),
        ("text", _words_of(sent.shown.text), _words_of(mail.shown.text)),
    ):
        if before is None or now is None:
            if (before is None) != (now is None):
                said = f"the {what} part was {'added' if before is None else 'taken away'}"
                yield Rule.CHANGED_TEXT.finding(said, mail.place())
        elif before != now:
            said = f"the words of the {what} part are other than they were sent{_how(before, now)}"
            hint = "a footer or a note of the relay's, or of the server that took it in?"
            yield Rule.CHANGED_TEXT.finding(said, mail.place(), hint)


def _words_of_html(html: str | None) -> list[str] | None:
    if html is None:
        return None
    return [word for one in tokens(html) if isinstance(one, str) for word in one.split()]


def _words_of(text: str | None) -> list[str] | None:
    """Without addresses, of which `_links` tells."""
    if text is None:
        return None
    return [word for word in text.split() if "://" not in word]


def _how(before: Sequence[str], now: Sequence[str]) -> str:
    if max(len(before), len(now)) > _MOST_COMPARED:
        return ""
    first, last = 0, 0
    shortest = min(len(before), len(now))
    while first < shortest and before[first] == now[first]:
        first += 1
    while last < shortest - first and before[-1 - last] == now[-1 - last]:
        last += 1
    lost = " ".join(before[first : len(before) - last])
    added = " ".join(now[first : len(now) - last])
    said = [
        f"{what}: {one_line(words, _LONGEST)}" for what, words in (("lost", lost), ("added", added)) if words
    ]
    return f" ({'; '.join(said)})" if said else ""


def _attachments(sent: Arrived, mail: Arrived) -> Iterator[Finding]:
    before, now = Counter(sent.shown.attachments), Counter(mail.shown.attachments)
    lost, added = [*(before - now)], [*(now - before)]
    if lost or added:
        said = [
            f"{what}: {listed([f'{one_line(one.name, 60)} ({one.size:,} bytes)' for one in some], _MOST)}"
            for what, some in (("lost or changed", lost), ("new", added))
            if some
        ]
        what = f"attachments are other than they were sent; {'; '.join(said)}"
        yield Rule.CHANGED_ATTACHMENT.finding(what, mail.place())
