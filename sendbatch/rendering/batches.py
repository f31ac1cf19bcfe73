"""Batches as bytes, to a worker and back: tuples of plain values, by `marshal`.

Both ends are the same interpreter and the same code. Dataclasses would be pickled by name and field,
which costs the process that all messages pass more than all else it does with them.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from json.encoder import encode_basestring
from typing import NamedTuple, TypeAlias

from sendbatch.audience.addresses import default_key
from sendbatch.campaign.language.tracing import Way
from sendbatch.message.attachments import Survey
from sendbatch.message.checks.traits import Trait
from sendbatch.message.headers import Header
from sendbatch.message.parts import File, Inline, Parts, Sample
from sendbatch.message.tokens import Signer
from sendbatch.message.versions.axis import Choice, Choices
from sendbatch.rendering.shared import SharedParts
from sendbatch.values import Checked, Envelope, Message, Recipient, Row, Unbuildable

Built: TypeAlias = list[Message | Unbuildable]
Sampled: TypeAlias = list[Sample | Unbuildable]
Chosen: TypeAlias = list[Choices | Unbuildable]
Seen: TypeAlias = list["Looked | Unbuildable"]
Staged: TypeAlias = tuple[int, str, str, str, str, str | None, str | None]
Marks: TypeAlias = tuple[int, str, str, str | None]

Large: TypeAlias = tuple[int, int, bool]  # line, bytes on the wire, whether it fails alone by them

LARGE = 1_000_000  # bytes; no server is known that takes less


class Alike(NamedTuple):
    """What many messages have in common: which of the texts sought they have (all of these, or none where
    nothing is sought), the ways of their templates, how many attachments they have, of each axis of
    versions the number of theirs and whether the fallback led there, and what is to be said of them. Nothing
    but the first and the last is told where no ways are traced."""

    having: tuple[bool, ...] = ()
    ways: frozenset[Way] = frozenset()
    files: int = 0
    versions: tuple[tuple[int, bool], ...] = ()
    traits: frozenset[Trait] = frozenset()


class Looked(NamedTuple):
    """What is known of a message that was built and thrown away: its bytes, and what others have too."""

    size: int
    alike: Alike


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A batch of checked rows. `rows` are as the record stages them, `digested` is what the digest
    of all recipients is fed with, `faults` are (line, what is wrong with the attachments, whether one
    is not there), `large` those with more of them than every server takes, `weighed` are (line, bytes on the
    wire) of the files of those who have their own.
    `failing` are the lines of rows that fail alone by such a fault, `without` those of rows that are sent
    without a file of theirs, `empty` of those that have an empty one, `former` are (line, key) of those
    to whom an earlier version gave another key, `nowhere` the lines of those faults that are rows without a
    version of the letter."""

    rows: list[Staged]
    marshalled_marks: bytes
    digested: bytes
    faults: list[tuple[int, str, bool]]
    large: list[Large]
    failing: list[int]
    without: list[int]
    former: list[tuple[int, str]]
    weighed: list[tuple[int, int]]
    empty: list[int]
    nowhere: list[int]

    def marks(self) -> list[Marks]:
        """As `Staging.mark` takes them; few campaigns ask for them."""
        found: list[Marks] = marshal.loads(self.marshalled_marks)  # noqa: S302 - our own worker's
        return found


def unchecked(rows: Sequence[Row]) -> bytes:
    """Rows of the CSV on their way to be checked."""
    return marshal.dumps(list(map(tuple, rows)))


def rows_of(data: bytes) -> list[Row]:
    """The other end of `unchecked`; `data` comes from our own process."""
    return [*map(Row._make, marshal.loads(data))]  # noqa: S302


def surveyed(found: Iterable[tuple[Checked, Survey | None]], *, marked: bool) -> bytes:
    """Checked rows, each with what its attachments are, and its marks where they are `marked`. All that is
    done for each row is done here, in a worker: the process that asked has only to hand it on."""
    rows, marked_rows, told, faults, large = [], [], [], [], []
    failing: list[int] = []
    without: list[int] = []
    former: list[tuple[int, str]] = []
    weighed: list[tuple[int, int]] = []
    empty: list[int] = []
    nowhere: list[int] = []
    for checked, survey in found:
        row = staged(checked)
        rows.append(row)
        if marked:
            marked_rows.append(marks(checked))
        told.append(f"{row[0]}\0{row[4]}\0{row[1]}\0{row[2]}\0{row[3]}\n")  # no cell has a NUL
        if checked.former_key:
            former.append((checked.line, checked.former_key))
        if survey is None:
            continue
        if (wrong := survey.unavailable) is not None and wrong.fails:
            failing.append(checked.line)
        elif wrong is not None:
            faults.append((checked.line, wrong.reason, wrong.is_missing))
            if not survey.has_version:
                nowhere.append(checked.line)
        elif survey.goes_without:
            without.append(checked.line)
        if wrong is None and survey.own:
            weighed.append((checked.line, survey.own))
        if not all(size for _, size in survey.files):
            empty.append(checked.line)
        if survey.size > LARGE:
            large.append((checked.line, survey.size, survey.fails_if_too_large))
    digested = "".join(told).encode("utf-8", "surrogatepass")
    marks_ = marshal.dumps(marked_rows)
    answer = (rows, marks_, digested, faults, large, failing, without, former, weighed)
    return marshal.dumps((*answer, empty, nowhere))


def surveyed_from(data: bytes) -> Surveyed:
    """The other end of `surveyed`; `data` comes from our own worker."""
    return Surveyed(*marshal.loads(data))  # noqa: S302


_ascii = json.JSONEncoder().encode


def _text(cells: Iterable[str]) -> str:
    """As json.dumps with ensure_ascii=False, which makes an encoder for each call of a tuple."""
    return f"[{', '.join(map(encode_basestring, cells))}]"


def staged(checked: Checked) -> Staged:
    """As `Staging.add` takes it."""
    return (
        checked.line,
        checked.key,
        checked.email,
        _text(checked.cells),
        str(checked.status),
        str(checked.why) if checked.why is not None else None,
        checked.detail or None,
    )


def marks(checked: Checked) -> Marks:
    """As `Staging.mark` takes it: the address's default key is what suppression goes by."""
    address = default_key(checked.email) if checked.domain else ""
    files = _ascii(checked.attachments) if checked.attachments else None
    return checked.line, address, checked.domain, files


def asked(
    recipients: Sequence[Recipient],
    now: float,
    reviewer: str | None = None,
    signer: Signer | None = None,
) -> bytes:
    """What a message depends on, and no more: where a recipient stands is no matter of building. With
    a reviewer's address, proofs are asked for; what the `signer` signs is given along."""
    rows = [(r.id, r.row, r.key, r.email, r.cells, r.dated_at, r.content) for r in recipients]
    queries = None if signer is None else [signer.query(r.key) for r in recipients]
    return marshal.dumps((now, reviewer, rows, queries))


def asked_for(data: bytes) -> tuple[list[Recipient], float, str | None]:
    """The other end of `asked`; `data` comes from our own process."""
    now, reviewer, rows, queries = marshal.loads(data)  # noqa: S302
    return (
        [
            Recipient(id_, row, key, email, cells, dated_at=dated_at, content=content, query=query)
            for (id_, row, key, email, cells, dated_at, content), query in zip(
                rows, queries or repeat(""), strict=False
            )
        ],
        now,
        reviewer,
    )


def answered(built: Built, shared: SharedParts) -> bytes:
    """Messages as their envelope's fields and their own, but for what is `shared`; the others as their
    reason."""
    return marshal.dumps([_plain(message, shared) for message in built])


def _plain(built: Message | Unbuildable, shared: SharedParts) -> object:
    if isinstance(built, Unbuildable):
        return built.reason
    data = shared.out_of(built.data)
    return *_addresses(built.envelope), data, built.message_id, built.dated_at, built.plain


def _addresses(to: Envelope) -> tuple[str, str, bool]:
    return to.sender, to.recipient, to.smtputf8


def built_from(data: bytes, shared: SharedParts) -> Built:
    """The other end of `answered`; `data` comes from our own worker."""
    return [
        Unbuildable(one)
        if isinstance(one, str)
        else Message(Envelope(*one[:3]), shared.into(one[3]), *one[4:])
        for one in marshal.loads(data)  # noqa: S302
    ]


def chosen(found: Chosen) -> bytes:
    """Which versions they are, as plain numbers."""
    return marshal.dumps(
        [
            one.reason if isinstance(one, Unbuildable) else [tuple(choice) for choice in one]
            for one in found
        ]
    )


def chosen_from(data: bytes) -> Chosen:
    """The other end of `chosen`; `data` comes from our own worker."""
    return [
        Unbuildable(one) if isinstance(one, str) else tuple(Choice(*choice) for choice in one)
        for one in marshal.loads(data)  # noqa: S302
    ]


def looked_at(found: Seen) -> bytes:
    """Each kind of message once, and of each message its size and the number of its kind."""
    numbers: dict[Alike, int] = {}
    rows: list[str | tuple[int, int]] = [
        one.reason
        if isinstance(one, Unbuildable)
        else (one.size, numbers.setdefault(one.alike, len(numbers)))
        for one in found
    ]
    kinds = [
        (one.having, [*map(tuple, one.ways)], one.files, one.versions, [*one.traits]) for one in numbers
    ]
    return marshal.dumps((kinds, rows))


def looked_at_from(data: bytes) -> Seen:
    """The other end of `looked_at`; `data` comes from our own worker."""
    kinds, rows = marshal.loads(data)  # noqa: S302
    alike = [
        Alike(having, frozenset([Way(*way) for way in ways]), files, versions, frozenset(traits))
        for having, ways, files, versions, traits in kinds
    ]
    return [Unbuildable(one) if isinstance(one, str) else Looked(one[0], alike[one[1]]) for one in rows]


def sampled(found: Sampled) -> bytes:
    """Parts as a person may look at them: headers readable, bodies in one piece, files by their names."""
    return marshal.dumps([_plain_sample(one) for one in found])


def _plain_sample(sample: Sample | Unbuildable) -> object:
    if isinstance(sample, Unbuildable):
        return sample.reason
    parts = sample.parts
    return (
        sample.size,
        _addresses(parts.envelope),
        (parts.message_id, parts.dated_at, parts.subject),
        [(header.name, header.readable) for header in parts.headers],
        "".join(parts.text),
        None if parts.html is None else "".join(parts.html),
        [file[:3] for file in parts.attachments],
        [picture[:4] for picture in parts.pictures],
        parts.calendar,
    )


def samples_from(data: bytes) -> Sampled:
    """The other end of `sampled`; `data` comes from our own worker."""
    return [
        Unbuildable(one) if isinstance(one, str) else _sample(*one)
        for one in marshal.loads(data)  # noqa: S302
    ]


def _sample(
    size: int,
    addresses: tuple[str, str, bool],
    named: tuple[str, float, str],
    headers: Sequence[tuple[str, str]],
    text: str,
    html: str | None,
    files: Sequence[tuple[str, str, int]],
    pictures: Sequence[tuple[str, str, str, bytes]],
    calendar: bytes,
) -> Sample:
    parts = Parts(
        Envelope(*addresses),
        *named,
        headers=[Header(*header) for header in headers],
        text=[text],
        html=None if html is None else [html],
        attachments=[File(*file) for file in files],
        pictures=[Inline(*picture) for picture in pictures],
        calendar=calendar,
    )
    return Sample(parts, size)
