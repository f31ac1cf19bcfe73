"""Reads a server's replies: strictly, with bounds, and as data from then on. No I/O.

RFC 5321 §4.2: a reply is one or more lines `NNN-text` ended by `NNN text`, all with the same code.
What is accepted here is exactly that, with a code of 200–599, lines ended by CR LF, at most
`MOST_BYTES` a line and `MOST_LINES` lines. Everything else, a bare LF too, is a `ReplyError`: the
stream can then no longer be trusted, and the connection ends. The bounds depend on the bytes
alone, never on how they were split on their way.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.values import Reply

MOST_BYTES = 4096  # a line with its CR LF; RFC 5321 §4.5.3.1.5 asks for 512, servers go beyond
MOST_LINES = 100
MOST_TEXT = 500  # characters of a reply's text that are kept

# Whole replies of one line each, as nearly all are; what else there is goes line by line.
_SIMPLE = re.compile(rb"(?:[2-5][0-9]{2} [^\r\n]{0,%d}\r\n)+" % (MOST_BYTES - len("250 \r\n")))
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")  # RFC 3463 §2


def in_one_packet(digits: Sequence[int]) -> re.Pattern[bytes]:
    """Of so many whole replies, one line each, whose codes begin with these digits. `ReplyParser` takes what
    it matches for the same replies. The groups are the first one's code and text."""
    text = rb"[^\r\n]{0,%d}" % (MOST_BYTES - len("250 \r\n"))
    first, *others = (b"%d[0-9]{2}" % digit for digit in digits)
    lines = [rb"(%s) (%s)" % (first, text), *(b"%s %s" % (other, text) for other in others)]
    return re.compile(b"".join(line + rb"\r\n" for line in lines))


class ReplyError(Exception):
    """What came is not an SMTP reply; the message says why, without the bytes themselves."""


class Answer(NamedTuple):
    """One whole reply as received: its code, and each line's bytes after the code."""

    code: int
    lines: tuple[bytes, ...]


class ReplyParser:
    """Bytes in (`feed`), whole replies out: `answers` are those that nobody took yet.

    `has_rest`: bytes came behind them that are no whole reply. `broken` says so of bytes that
    are none and never will be: nothing is read any more.
    """

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.has_rest = False
        self.broken: ReplyError | None = None
        self._buffer = bytearray()
        self._code: bytes | None = None
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        if not self.has_rest and _SIMPLE.fullmatch(data):
            for line in data[:-2].split(b"\r\n"):
                self.answers.append(Answer(int(line[:3]), (line[4:],)))
        elif self.broken is None:
            self._buffer += data
            self._read_buffer()

    def next_answer(self) -> Answer | None:
        """The next whole reply, None where more bytes are needed.

        Raises ReplyError, and from then on always, where the bytes are not a reply.
        """
        if self.answers:
            return self.answers.popleft()
        if self.broken is not None:
            raise self.broken
        return None

    @property
    def pending(self) -> bool:
        """Whether bytes were received that belong to no answer taken so far."""
        return bool(self.answers) or self.has_rest

    def _read_buffer(self) -> None:
        try:
            while (answer := self._read()) is not None:
                self.answers.append(answer)
        except ReplyError as error:
            self.broken = error
            self._buffer.clear()
        self.has_rest = bool(self._buffer or self._lines or self.broken)

    def _read(self) -> Answer | None:
        while (line := self._line()) is not None:
            match = _LINE.fullmatch(line)
            if match is None:
                raise ReplyError("a line does not begin with a reply code")
            code, mark, text = match.groups()
            if self._code is not None and code != self._code:
                raise ReplyError("the lines of one reply have different codes")
            if len(self._lines) >= MOST_LINES:
                raise ReplyError(f"a reply has more than {MOST_LINES} lines")
            self._code = code
            self._lines.append(text or b"")
            if mark != b"-":
                answer = Answer(int(code), tuple(self._lines))
                self._code, self._lines = None, []
                return answer
        return None

    def _line(self) -> bytes | None:
        """The next line without its CR LF."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) >= MOST_BYTES:
                raise ReplyError(f"a line is longer than {MOST_BYTES} bytes")
            return None
        if end >= MOST_BYTES:
            raise ReplyError(f"a line is longer than {MOST_BYTES} bytes")
        if end == 0 or self._buffer[end - 1] != 0x0D:
            raise ReplyError("a line ends without CR")
        line = bytes(self._buffer[: end - 1])
        del self._buffer[: end + 1]
        return line


def reply_of(answer: Answer, command: str) -> Reply:
    """The answer as the value that flows through the house, its text clean and bounded."""
    return clean_reply(answer.code, [str(line, "utf-8", "replace") for line in answer.lines], command)


def clean_reply(code: int, lines: Sequence[str], command: str) -> Reply:
    """A Reply from a code and the text of its lines. An enhanced code at the beginning of a line is taken out
    of the text, where its class is the reply code's first digit (RFC 2034 §4); the first one counts."""
    texts, enhanced = [], None
    for line in lines:
        if (match := _ENHANCED.match(line)) is not None and int(line[0]) == code // 100:
            line = line[match.end() :]
            enhanced = enhanced or match[1]
        if text := line.strip():
            texts.append(text)
    text = " ".join(texts)
    if len(text) > MOST_TEXT or not text.isprintable():
        text = one_line(text, MOST_TEXT)
    return Reply(code, text, command, enhanced)


def said(reply: Reply) -> str:
    """The reply as it is quoted to people."""
    return " ".join(part for part in (str(reply.code), reply.enhanced, reply.text) if part)
