"""Those who have the mail by the word of a file: a server's log or a provider's export, where a record was
lost.

Four kinds are known: the log of a mail server (Postfix, Sendmail, Exim), JSON with an object a line (Mailgun,
SES, SendGrid, Postmark), a CSV with a column of addresses, and a list. Nothing is guessed: of a log
recipients alone count, never a sender. What cannot be read in a list is an error, for whoever it means would
be mailed again; what a program wrote and is no usable address can be nobody's in the campaign.
"""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sendbatch.audience.entries import DOMAIN, KEY, TEXT, Said, said_by
from sendbatch.audience.lines import Lines
from sendbatch.audience.reading import Table
from sendbatch.audience.reported import is_report
from sendbatch.audience.suppression import Suppression, of_csv
from sendbatch.campaign.model import SuppressionList
from sendbatch.campaign.names import usable
from sendbatch.errors import AudienceError, Place, one_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.values import Row, Status
from sendbatch.words import count, listed

LOOKED_AT = 2_000  # lines by which the kind is told
LONGEST_LOOK = 1_000  # characters of one
MOST_TOLD = 20  # entries that cannot be read
MOST_SAMPLES = 3
MOST_SENDERS = 5
MOST_WORDS = 16  # by which a file says what became of its recipients
DEEPEST = 20  # objects within objects
ENTRY = "an entry is an address, or a key of the campaign; a log is known by its to=<…>"
_HAVING = ("accepted", "in_doubt", "sending")  # of a report of ours: who has the mail, or may have it

# What is called so in exports, beside what the campaign calls the address.
_EVENTS = ("status", "event", "event_type", "eventtype", "state", "recordtype", "record_type", "type")
_OURS = frozenset(map(str, Status))
_COLUMNS = (
    "email", "email_address", "recipient", "recipient_email", "recipient_address", "to", "to_email",
    "to_address", "rcpt", "rcpt_to", "destination", "destination_address",
)  # fmt: skip
# Keys of JSON that hold recipients; below _ELSEWHERE they are senders, or what the mail itself says.
_RECIPIENTS = frozenset((
    "email", "emailaddress", "email_address", "recipient", "recipients", "recipientemail", "recipient_email",
    "to", "rcpt", "rcpt_to", "rcptto", "destination", "destinations",
))  # fmt: skip
_ELSEWHERE = frozenset((
    "headers", "commonheaders", "common_headers", "tags", "metadata", "user_variables", "custom_args",
    "unique_args", "from", "sender", "mail_from", "reply_to", "replyto", "return_path", "returnpath",
))  # fmt: skip

_TO = re.compile(r"\b(?:orig_)?to=(<[^<>\s]*>(?:,\s*<[^<>\s]*>)*|[^\s<>,]+@[^\s<>,]+)")
# Of a try: what was refused before has none. What follows is the other server's own words.
_TAKEN = re.compile(r"(?:^|[\s,])(?:status|stat)=")
# The first thing in a line that can be the id of a message, and what is said of it. Ids have a digit, but for
# some of Postfix's short ones; what is like one before the program's name is a host's.
_OF = re.compile(
    r"(?:^|\s)(?P<id>(?![0-9]{4}:)(?=[A-Za-z]*[0-9])[0-9A-Za-z]{4,24}|[A-F]{6,20}|NOQUEUE): "
    r"(?!\S+\[[0-9]+\]: )(?P<said>.*)"
)
_BARE = re.compile(r"^<([^<>]*)>$")
_TRY = re.compile(r"(?:[0-9A-Za-z]+: )?to=")
_FROM = re.compile(r"from=(?:<(?P<sender>[^<>]*)>|(?P<bare>[^\s<>,]*))")
_EXIM = re.compile(
    r"(?:^|\s)(?P<id>[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (?P<what><=|=>|->|\*\*|==|>>) "
    r"(?P<whom>\S+(?: <[^<>\s]+>)?)"
)


class _Text(NamedTuple):
    """What stands in a line, and what is wrong with it, where that is known."""

    line: int
    text: str
    wrong: str | None = None


@dataclass
class Found:
    """What came of one file: what it was taken for, how many entries were read, the first of them, and how
    many lines were passed over, by why."""

    path: Path
    kind: str = ""
    entries: int = 0
    samples: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)  # what the file says became of them

    def count_word(self, word: str) -> None:
        word = one_line(word.strip(), 40) or "nothing"
        self.words[word if word in self.words or len(self.words) < MOST_WORDS else "others"] += 1

    def said(self) -> str:
        """As a person is told it."""
        some = ", ".join(one_line(one, 80) for one in self.samples)
        more = ", …" if self.entries > len(self.samples) else ""
        passed = [f"{count(number, 'line')} {why}" for why, number in self.passed_over.most_common(5)]
        besides = f"; passed over: {', '.join(passed)}" if passed else ""
        words = ", ".join(f"{number:,} {word}" for word, number in self.words.items())
        said = f", by what it says: {words}" if words else ""
        taken = f"{count(self.entries, 'recipient')} ({some}{more})"
        return f"{shown(self.path)}, read as {self.kind}: {taken}{said}{besides}"


class Excepted:
    """One file. Iterating streams its entries, once: (line, the default key of an address, or a text that may
    be a key of the campaign, and what to do about it where it counts only if it is one). Then `found` tells
    of it. Raises AudienceError where it cannot be read, or nobody stands in it."""

    def __init__(
        self,
        path: Path,
        email_column: str,
        senders: Collection[str],
        *,
        keyed: bool,
        as_given: bool,
        heed: Callable[[], None],
    ) -> None:
        """`senders` are the default keys of what the campaign's envelopes are from; the rest is as in
        `suppression`."""
        self.found = Found(path)
        self._path, self._email_column, self._senders = path, email_column, senders
        self._keyed, self._as_given, self._heed = keyed, as_given, heed
        self._is_programs = False  # a program wrote it: its entries are addresses

    def __iter__(self) -> Iterator[tuple[int, str, str, str | None]]:
        """(line, value, as it is told, what to do about it)."""
        self._hold_file()
        for line, text, wrong in self._texts():
            said = [Said(TEXT, text, wrong)] if wrong else self._said(text)
            if self._is_programs and any(one.kind != KEY for one in said):
                self.found.passed_over["with what is no usable address"] += 1
                said = [one for one in said if one.kind == KEY]
            if not said:
                continue
            self.found.entries += 1
            if len(self.found.samples) < MOST_SAMPLES:
                self.found.samples.append(_BARE.sub(r"\1", text.strip()))
            for one in said:
                why = ENTRY if one.why else None
                if one.kind not in (KEY, TEXT):
                    why = "a domain leaves nobody out here: write the addresses"
                yield line, one.value, one_line(text, 80), why
        if not self.found.entries:
            raise AudienceError(self._nobody())

    def _said(self, text: str) -> list[Said]:
        found = said_by(text, keyed=self._keyed, subdomains=False, as_given=self._as_given)
        return [one for one in found if one.kind != DOMAIN] or found

    def _hold_file(self) -> None:
        """It is read more than once: first to see what it is."""
        try:
            is_file = stat.S_ISREG(self._path.stat().st_mode)
        except OSError as error:
            said = f"--except {shown(self._path)}: cannot be read: {error.strerror}"
            raise AudienceError(Rule.UNREADABLE_FILE.finding(said)) from None
        if not is_file:
            said = f"--except {shown(self._path)}: is no file"
            hint = "write what it gives into a file first, and name that"
            raise AudienceError(Rule.UNREADABLE_FILE.finding(said, hint=hint))

    def _texts(self) -> Iterator[_Text]:
        with self._lines() as lines:
            first = [line[:LONGEST_LOOK] for line, _ in zip(lines, range(LOOKED_AT), strict=False)]
        start = next((line for line in first if line.strip()), "").lstrip()
        self._is_programs = True
        if start.startswith(("{", "[")):
            return self._of_json()
        if any(_EXIM.search(line) for line in first):
            return self._of_exim()
        if any(_TO.search(line) and not line.startswith("#") for line in first):
            return self._of_log()
        self._is_programs = False
        return self._of_table()

    def _lines(self) -> Lines:
        return Lines(self._path, heed=self._heed)

    def _of_table(self) -> Iterator[_Text]:
        table = _Table(
            self._path,
            self._email_column,
            keyed=self._keyed,
            as_given=self._as_given,
            heed=self._heed,
        )
        self.found.kind = "a list"
        for line, text, wrong in table.texts(self.found):
            if text.strip() or wrong:
                yield _Text(line, text, wrong)

    def _of_log(self) -> Iterator[_Text]:
        """A line for each try of a recipient; whose the message is stands in one before, by the same id."""
        self.found.kind, passed = "the log of a mail server", self.found.passed_over
        foreign: set[str] = set()
        with self._lines() as lines:
            for line in lines:
                taken = _TAKEN.search(line)
                ours = line if taken is None else line[: taken.start()]
                of = _OF.search(ours)
                if of is not None and taken is None:
                    self._follow(of["id"], of["said"], foreign)
                found = _TO.findall(ours)
                if not found:
                    continue
                if taken is None or (of is not None and not _TRY.match(of["said"])):
                    passed["of recipients that were refused before the message was taken"] += 1
                elif of is not None and of["id"] in foreign:
                    passed["of messages from other senders"] += 1
                else:
                    yield from (_Text(lines.number, one) for one in found if one != "<>")

    def _follow(self, id_: str, said: str, foreign: set[str]) -> None:
        """Ids come again: each line of a sender, and the end of a message, say anew whose it is."""
        sent = _FROM.match(said)
        if sent is not None and not self._is_ours(sent["sender"] or sent["bare"] or ""):
            foreign.add(id_)
        elif sent is not None or said.strip() == "removed":
            foreign.discard(id_)

    def _of_exim(self) -> Iterator[_Text]:
        self.found.kind, passed = "the log of Exim", self.found.passed_over
        foreign: set[str] = set()
        with self._lines() as lines:
            for line in lines:
                found = _EXIM.search(line)
                if found is None:
                    if "Completed" in line:
                        foreign.discard(line.partition(" Completed")[0].rpartition(" ")[2])
                elif found["what"] == "<=":
                    is_ours = self._is_ours(found["whom"].partition(" ")[0])
                    (foreign.discard if is_ours else foreign.add)(found["id"])
                elif found["id"] in foreign:
                    passed["of messages from other senders"] += 1
                else:
                    inner = re.search("<([^<>]+)>", found["whom"])
                    yield _Text(lines.number, inner[1] if inner else found["whom"])

    def _is_ours(self, sender: str) -> bool:
        found = said_by(sender, keyed=False, subdomains=False, as_given=True)
        return any(one.value in self._senders for one in found)

    def _of_json(self) -> Iterator[_Text]:
        self.found.kind, passed = "JSON with an object a line", self.found.passed_over
        with self._lines() as lines:
            for line in lines:
                if not line.strip():
                    continue
                try:
                    told = json.loads(line)
                except (ValueError, RecursionError):
                    hint = "one object a line is read: jq -c '.[]' makes lines of a list, jq -c . of objects"
                    raise lines.error(
                        Rule.CSV_SYNTAX, "this line is no JSON by itself", hint
                    ) from None
                texts = list(_recipients(told))
                if not texts:
                    passed["without a recipient"] += 1
                elif isinstance(told, dict):
                    named = {key.lower(): value for key, value in told.items()}
                    word = next((named[key] for key in _EVENTS if isinstance(named.get(key), str)), None)
                    if word is not None:
                        self.found.count_word(word)
                yield from (_Text(lines.number, text) for text in texts)

    def _nobody(self) -> Finding:
        passed = self.found.passed_over
        said = f"--except {shown(self._path)}: nobody stands in this file"
        if self.found.kind:
            said += f", read as {self.found.kind}"
        if passed:
            each = (f"{number:,} {why}" for why, number in passed.most_common(5))
            said += f"; passed over: {', '.join(each)}"
        hint = "is this the file that was meant?"
        if passed["of messages from other senders"]:
            ours = listed(sorted(self._senders), MOST_SENDERS)
            hint = (
                f"the campaign's messages are from {ours}; where a relay put another sender in, "
                "name a list of the recipients alone"
            )
        return Rule.SUPPRESSES_NOBODY.finding(said, hint=hint)


class _Table(Suppression):
    """A list, or a CSV with a column of addresses: read as a suppression list is."""

    what, usual = "file", _COLUMNS

    def __init__(
        self, path: Path, email_column: str, *, keyed: bool, as_given: bool, heed: Callable[[], None]
    ) -> None:
        super().__init__(SuppressionList(path), email_column, keyed=keyed, as_given=as_given, heed=heed)
        self._advice = f"one of the columns has to be called {usable(email_column)}, email, recipient or to"
        self._found: Found | None = None

    def texts(self, found: Found) -> Iterator[tuple[int, str, str | None]]:
        self._found = found
        return self._texts()

    def _place(self, table: Table, header: int) -> int:
        """Which of two columns has the recipients only a person knows: the other may be the sender's."""
        there = [table.names[name] for name in table.columns if name in self._wanted]
        if len(there) < 2 or is_report(table.columns):
            return super()._place(table, header)
        named = listed([one_line(one, 80) for one in there], MOST_SENDERS)
        raise AudienceError(
            Rule.AMBIGUOUS_COLUMN.finding(
                f"which of these columns has the recipients: {named}?",
                Place(shown(self.declared.file), header),
                "name a copy of the file in which only that one is called so, or has only that one",
            )
        )

    def _of_table(self, table: Table, place: int) -> Iterator[tuple[int, str, str | None]]:
        """Of a report of ours, those who have the mail or may have it; all of any other."""
        assert self._found is not None
        name = table.names[table.columns[place]]
        if not is_report(table.columns):
            self._found.kind = f"a CSV, by its column {one_line(name, 80)}"
            return self._of_csv(table, place)
        self._found.kind = "a report of sendbatch, by its email and status"
        return self._of_report(table)

    def _of_csv(self, table: Table, place: int) -> Iterator[tuple[int, str, str | None]]:
        assert self._found is not None
        said = next((table.columns.index(name) for name in _EVENTS if name in table.columns), None)
        found = self._found

        def counted() -> Iterator[Row]:
            for row in table:
                if said is not None:
                    found.count_word(row.cells[said])
                yield row

        yield from of_csv(counted(), place)
        words = set(found.words)
        if words <= _OURS and words & {"pending", "in_doubt", "accepted"} and words - set(_HAVING):
            raise AudienceError(
                Rule.SUPPRESSES_NOBODY.finding(
                    f"--except {shown(self.declared.file)}: it looks like a part of a report of sendbatch, "
                    f"and not all in it have the mail: {', '.join(sorted(words))}",
                    hint="name the report with all its columns, or a list of those who have the mail",
                )
            )

    def _of_report(self, table: Table) -> Iterator[tuple[int, str, str | None]]:
        assert self._found is not None
        email, status, why = (table.columns.index(name) for name in ("email", "status", "reason"))
        for row in table:
            if row.cells[status] not in _HAVING:
                told = one_line(row.cells[status], 40) or "without a status"
                self._found.passed_over[f"of those {told}"] += 1
            elif row.cells[why].endswith("(redirect_to)"):
                self._found.passed_over["of mail that went to another address (redirect_to)"] += 1
            else:
                yield row.line, row.cells[email], None


def _recipients(told: object, depth: int = 0) -> Iterator[str]:
    """What stands under keys that hold recipients, wherever they are."""
    if depth > DEEPEST:
        return
    if isinstance(told, list):
        for one in told:
            yield from _recipients(one, depth + 1)
    if not isinstance(told, dict):
        return
    for key, value in told.items():
        name = key.lower().replace("-", "_")
        if name in _RECIPIENTS:
            yield from _texts_of(value, depth + 1)
        elif name not in _ELSEWHERE:
            yield from _recipients(value, depth + 1)


def _texts_of(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if "@" in value:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts_of(one, depth + 1) if depth < DEEPEST else ()
    else:
        yield from _recipients(value, depth)


def unread(path: Path, number: int, entries: list[tuple[int, str, str]]) -> Iterator[Finding]:
    """What cannot be read in a file, `number` in all."""
    for line, text, why in entries:
        said = f"neither an address nor known as a key: {text!r}"
        yield Rule.UNREADABLE_ENTRY.finding(said, Place(shown(path), line), why)
    if number > len(entries):
        more = f"{number - len(entries):,} more entries that cannot be read"
        hint = "whoever they mean would be mailed again"
        yield Rule.UNREADABLE_ENTRY.finding(more, Place(shown(path)), hint)
