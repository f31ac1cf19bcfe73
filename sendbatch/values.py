"""What flows through the house, from a row of the CSV to a line of the report.

Frozen, without behaviour: every room may take and return these, none may change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

BREAKER = 20  # permanent refusals in a row, with no acceptance between, that stop a run


class Status(StrEnum):
    """Where one recipient stands in the record. The words are those of the report."""

    PENDING = "pending"
    SENDING = "sending"  # only while a run is under way; a reader without a run sees IN_DOUBT
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    INVALID = "invalid"
    FILTERED = "filtered"
    SUPPRESSED = "suppressed"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


class Why(StrEnum):
    """Why a recipient stands as they do, in one word. It is decided once, kept in the record, and never
    read out of a text; `reasons` makes words for people of it.

    Those of the server's refusals are decided in `delivery/verdict.py`, the others by the checks of the
    plan. What is said beside each is what `detail` holds: numbers, or words for people only.
    """

    # refusals, by what the words are known to speak of; the detail is what was refused
    MAILBOX = "mailbox"
    MESSAGE = "message"
    CONNECTION = "connection"  # how much one connection may carry
    GREYLISTING = "greylisting"
    RATE = "rate"
    QUOTA = "quota"
    SENDER = "sender"
    ACCOUNT = "account"
    SET_UP = "set-up"
    REFUSED = "refused"  # nobody knows of what
    # refusals that are explained by what their connection had done before; the detail is as above
    AFTER_REFUSALS = "after-refusals"
    SESSION_LIMIT = "session-limit"
    # the connection ended; the detail is how it broke, a number, and what was awaited
    CLOSED = "closed"  # by the server, which said so; no detail
    EARLY = "early"  # it answered before it had the whole message; no detail
    RELEASED = "released"  # before anything of the message counted
    UNFINISHED = "unfinished"  # before the message was whole
    UNANSWERED = "unanswered"  # the whole message had left
    CRASHED = "crashed"  # ours: a later run found it on its way
    ANNOUNCED = "announced"  # the same, of who may only have been about to be sent to
    # what a server does not take, or no connection could carry
    TOO_LARGE = "too-large"  # its bytes, the most that are taken
    SMTPUTF8 = "smtputf8"
    UNSAFE_ADDRESS = "unsafe-address"
    LINE_END = "line-end"
    NOT_7BIT = "7-bit"
    UNBUILDABLE = "unbuildable"  # what the builder says
    BY_HAND = "by-hand"
    # left out by the plan
    RAGGED = "ragged"  # how
    ADDRESS = "address"  # what is wrong with it
    NO_ADDRESS = "no-address"
    REQUIRED = "required"  # the column
    NO_KEY = "no-key"
    NULL_MX = "null-mx"  # the domain; so with the next two
    NO_DOMAIN = "no-domain"
    NO_HOST = "no-host"
    FILTERED = "filtered"
    OUT_OF_REACH = "out-of-reach"  # of the profile's only_to
    SUPPRESSED = "suppressed"
    FORGOTTEN = "forgotten"  # `sendbatch forget`
    DUPLICATE = "duplicate"  # the row that came first
    OTHER = "other"  # words of an earlier version, kept as they were


# Found by a look-up, which may say otherwise later.
OF_DNS = (Why.NULL_MX, Why.NO_DOMAIN, Why.NO_HOST)


class Row(NamedTuple):
    """One record of the recipient CSV as read, before anything is checked.

    `line` is the 1-based line of the file where the record starts; `cells` has one text for each
    usable column of the header, in the header's order. `ragged` says why the record does not
    fit the header ("has 3 cells, the header has 2"); `cells` is then cut to fit. `before` are the
    cells as earlier versions read them, where that is another text and was asked for.
    """

    line: int
    cells: tuple[str, ...]
    ragged: str | None = None
    before: tuple[str, ...] | None = None


class Checked(NamedTuple):
    """What the checks say of one row: the status it is planned with, and why, None where it is PENDING.

    `status` is PENDING (it may claim its key), INVALID or FILTERED here; suppression and
    duplicates are found afterwards, against the ledger. `key` and `domain` are empty where the row
    has no usable ones; `email` is then what stands there. Else it is the normalised address, IDN
    domain in Unicode as email-validator gives it. `domain` is the domain as A-labels, lower case.
    `cells` are in the order of the plan's columns, defaults applied. `attachments` are the
    per-recipient paths this row asks for, absolute, in the order declared. `former_key` is the key that
    an earlier version made of this row, where it made another: a record may know the person by it.
    """

    line: int
    status: Status
    key: str
    email: str
    domain: str
    cells: tuple[str, ...]
    why: Why | None = None
    detail: str = ""
    attachments: tuple[str, ...] = ()
    former_key: str = ""


class Recipient(NamedTuple):
    """One delivery to be made, as the ledger holds it.

    `id` is the ledger's; `row` the line of the CSV; `cells` in the order of the plan's columns;
    `dated_at` (seconds since the epoch) is set once content was first rendered for the row and
    `content` the digest it was set for, so that a repetition bears the same Date. `refused` is the 5xx
    that an earlier attempt got last (its command is not known any more); `refusal_is_its_own` says that
    others were accepted after it, so that it is no fault of ours. `query` is what a signed link to
    unsubscribe ends with: a worker is given it, for it has no secret to make it with. `tries` are the
    attempts made in this run, where a record that several runners share counts them.
    """

    id: int
    row: int
    key: str
    email: str
    cells: tuple[str, ...]
    status: Status = Status.PENDING
    attempts: int = 0
    dated_at: float | None = None
    content: str | None = None
    doubted: bool = False  # in doubt before this run took it up: to be sent again
    refused: Reply | None = None
    refusal_is_its_own: bool = False
    query: str = ""
    tries: int = 0


class Envelope(NamedTuple):
    """Who a message is from and to on the wire: both ASCII, domain as A-labels, unless `smtputf8`."""

    sender: str
    recipient: str
    smtputf8: bool = False


class Message(NamedTuple):
    """A message ready to be handed over.

    `data` is the whole of it with CRLF line ends and a CRLF at its end, 7-bit unless the envelope
    is `smtputf8`, dots not yet stuffed. `dated_at` is the time of its Date header, seconds since
    the epoch. `plain` is the word of who built it that `data` is 7-bit, that all its lines end with
    CR LF, and that none begins with a dot, so that it goes on the wire as it stands.
    """

    envelope: Envelope
    data: bytes
    message_id: str
    dated_at: float
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Unbuildable:
    """Why a recipient's message could not be built, without the row; it becomes `failed`."""

    reason: str


class Reply(NamedTuple):
    """One reply of an SMTP server, read and bounded: data, never trusted.

    `code` 200–599; `enhanced` like "5.1.1" (RFC 3463) or None; `text` the lines joined by a space,
    control characters replaced, at most 500 characters. `command` is what it answers: GREETING,
    EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, MESSAGE (the reply to the final dot), RSET or QUIT.
    """

    code: int
    text: str
    command: str
    enhanced: str | None = None


class Whom(StrEnum):
    """Whom or what an outcome is about. The last three are us."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    CONNECTION = "connection"
    SENDER = "sender"  # our address, domain, signature or reputation
    ACCOUNT = "account"  # what we send with, and how much of it is left
    SET_UP = "set-up"  # login, relaying, encryption, greeting


class Outcome(NamedTuple):
    """What the end of one hand-over means for its recipient.

    `status` is one of ACCEPTED, REJECTED, DEFERRED, IN_DOUBT, FAILED, or PENDING where the message was
    *released*: the connection ended before anything of it counted. `reply` decided it, if a reply did.
    `whom` it is about, and `why`, None for the accepted; `detail` is the rest of why, for people only.
    """

    status: Status
    reply: Reply | None = None
    whom: Whom | None = None
    why: Why | None = None
    detail: str = ""
