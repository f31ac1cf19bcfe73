"""plan.json: what was reviewed, in a form that a later run can be held to.

It names nobody: for each who holds a key it has 16 bytes of an HMAC over key, address and cells, with the
digest of the content and the server. The HMAC's key is a random salt that stands in the file, or, where
SENDBATCH_PLAN_KEY is set, comes from both: without that key nobody can try a guess. Everyone in a later
plan must be in it; who is missing since breaks nothing and is counted.

Who has approved it stands in it too (`approval`), beside what its digest is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sendbatch.campaign.secrets import secret_of
from sendbatch.errors import CampaignError, GuardError, one_line
from sendbatch.ledger.reach import said_of
from sendbatch.runtime.files import is_regular, replacing
from sendbatch.values import Recipient, Status

VERSION = 3
PLAN_KEY = "SENDBATCH_PLAN_KEY"
MOST_NAMED = 5  # rows named in a refusal
MOST_SUBJECTS = 30
LONGEST_SUBJECT = 1000  # characters
LARGEST = 256 * 1024 * 1024  # bytes, of ten million recipients
DONE = (Status.ACCEPTED, Status.IN_DOUBT)
UNSIGNED = "not signed"
EACH_ROWS = "each row's own"
MARK = 16  # bytes of the HMAC kept for each recipient


class Said(NamedTuple):
    """What a plan is of, and people are shown before they approve it. `run` is the edition, `content` the
    digest of what everybody gets; `signed_by` are the domains and selectors that sign, "" where none does.
    `sender` and `bounces_to` are "" where each row has its own, `subjects` as they are declared: no cell is
    in them. `own_files` are the paths of files that recipients have of their own: what is in those, a plan
    does not know. `reach` is whom the mail goes to, "" everybody."""

    campaign: str
    run: str
    content: str
    server: str
    signed_by: str = ""
    sender: str = ""
    subjects: tuple[str, ...] = ()
    bounces_to: str = ""
    own_files: tuple[str, ...] = ()
    reach: str = ""
    made_at: str = ""  # RFC 3339


class Sealing(NamedTuple):
    """By what recipients are told: `key` is that of the HMAC; `salt` stands in the file, and so does
    `known_by`, what tells one SENDBATCH_PLAN_KEY from another: "" where the salt is the key."""

    salt: bytes
    key: bytes
    known_by: str = ""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """`marks` has one entry for each recipient; `known_by` is "" where the salt alone is the key.
    `approvals` are as they were read, and nothing is known of them yet."""

    said: Said
    salt: bytes
    marks: frozenset[bytes]
    digest: str
    known_by: str = ""
    approvals: tuple[object, ...] = ()


def plan_key(environ: Mapping[str, str]) -> bytes | None:
    """SENDBATCH_PLAN_KEY, where it is set. Raises CampaignError where it can be guessed."""
    return secret_of(environ, PLAN_KEY)


def sealing(salt: bytes, secret: bytes | None) -> Sealing:
    if secret is None:
        return Sealing(salt, salt)
    key = hmac.digest(secret, b"sendbatch plan.json: recipients\0" + salt, "sha256")
    told = hmac.digest(secret, b"sendbatch plan.json: which key\0" + salt, "sha256")
    return Sealing(salt, key, told[:MARK].hex())


def mark(key: bytes, recipient: Recipient) -> bytes:
    """What stands for one recipient: key, address and every cell, in the plan's order."""
    content = json.dumps([recipient.key, recipient.email, *recipient.cells], ensure_ascii=True)
    return hmac.digest(key, content.encode(), "sha256")[:MARK]


def marks_of(sealed: Sealing, holders: Iterable[Recipient]) -> frozenset[bytes]:
    return frozenset(mark(sealed.key, r) for r in holders)


def write_plan(path: Path, said: Said, sealed: Sealing, marks: frozenset[bytes]) -> str:
    """Write plan.json, whole or not at all, readable by its owner only; returns its digest.

    Raises CampaignError, also where a link or anything else but a file stands there.
    """
    body: dict[str, object] = {
        "version": VERSION,
        "campaign": said.campaign,
        "run": said.run,
        "content": said.content,
        "server": said.server,
        "signed_by": said.signed_by,
        "from": said.sender,
        "subjects": _kept(said.subjects),
        "bounces_to": said.bounces_to,
        "own_files": _kept(said.own_files),
        "reach": said.reach,
        "made_at": said.made_at,
        "count": len(marks),
        "salt": sealed.salt.hex(),
        "key": sealed.known_by,
        "recipients": base64.b64encode(b"".join(sorted(marks))).decode(),
    }
    digest = _digest(body)
    _write(path, {"digest": digest, **body})
    return digest


def _kept(texts: tuple[str, ...]) -> tuple[str, ...]:
    """As much of them as a plan has room for."""
    return tuple(one[:LONGEST_SUBJECT] for one in texts[:MOST_SUBJECTS])


def add_approval(path: Path, plan: PlanFile, approvals: Sequence[object]) -> None:
    """Write these approvals into the file of this plan, in the place of those in it. Raises CampaignError,
    also where another plan stands there by now."""
    body = _read(path)
    if body.get("digest") != plan.digest:
        raise CampaignError(f"{path}: another plan was written there meanwhile; nothing was approved")
    _write(path, body | {"approvals": list(approvals)})


def _write(path: Path, body: Mapping[str, object]) -> None:
    text = json.dumps(body, indent=2) + "\n"
    if os.path.lexists(path) and not is_regular(path):
        what = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "no file"
        raise CampaignError(
            f"{path}: the plan cannot be written: it is {what}",
            hint="name a file that the plan may replace, or one that is not there yet",
        )
    try:
        with replacing(path) as out:
            out.write(text.encode())
    except OSError as error:
        raise CampaignError(f"{path}: the plan cannot be written: {error.strerror}") from None


def read_plan(path: Path) -> PlanFile:
    """Raises CampaignError where the file is no plan, or was changed after it was written."""
    try:
        return _plan(path, _read(path))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _no_plan(path) from None


def _read(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise CampaignError(f"{path}: this is no plan: it has more than {LARGEST:,} bytes")
        body = json.loads(data.decode("utf-8"), object_pairs_hook=_each_once)
    except OSError as error:
        raise CampaignError(f"{path}: the plan cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _no_plan(path) from None
    if not isinstance(body, dict):
        raise _no_plan(path)
    return body


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two with one name a person who looks into the file may see the one, and a run go by the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_plan(path: Path) -> CampaignError:
    return CampaignError(f"{path}: this is no plan that `sendbatch plan --out` wrote")


def _plan(path: Path, body: dict[str, object]) -> PlanFile:
    digest, approvals = body.pop("digest"), body.pop("approvals", [])
    version = body["version"]
    if version != VERSION:
        said = one_line(str(version), 20)
        raise CampaignError(
            f"{path}: this plan has version {said}; {VERSION} is the one that is read here",
            hint="write it again with `sendbatch plan … --out`",
        )
    if not isinstance(digest, str) or digest != _digest(body):
        raise CampaignError(
            f"{path}: the plan was changed after it was written",
            hint="write it again with `sendbatch plan … --out`",
        )
    marks = base64.b64decode(_text(body["recipients"]), validate=True)
    subjects, own = (tuple(map(_text, _several(body[name]))) for name in ("subjects", "own_files"))
    return PlanFile(
        Said(
            _text(body["campaign"]),
            _text(body["run"]),
            _text(body["content"]),
            _text(body["server"]),
            _text(body["signed_by"]),
            _text(body["from"]),
            subjects,
            _text(body["bounces_to"]),
            own,
            _text(body["reach"]),
            _text(body["made_at"]),
        ),
        bytes.fromhex(_text(body["salt"])),
        frozenset(marks[i : i + MARK] for i in range(0, len(marks), MARK)),
        digest,
        bytes.fromhex(_text(body["key"])).hex(),
        tuple(_several(approvals)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _several(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


@dataclass(frozen=True, slots=True)
class Held:
    """How a plan compares with the approved one: how many approved are missing now."""

    missing: int


def hold_to(
    plan: PlanFile, now: Said, holders: Iterable[Recipient], *, secret: bytes | None = None
) -> Held:
    """`now` is what would be sent. Raises GuardError where anything would go out that was not planned, and
    where it cannot be told, for want of the key (`secret`) that the plan was made with."""
    sealed = sealing(plan.salt, secret if plan.known_by else None)
    _hold_key(plan, sealed, secret)
    wrong = list(_otherwise(plan.said, now))
    present = strangers = 0
    rows: list[str] = []
    for recipient in holders:
        # Nothing goes out to those done with: a correction of their row in the CSV changes nothing.
        if recipient.status in DONE or mark(sealed.key, recipient) in plan.marks:
            present += 1
            continue
        strangers += 1
        if len(rows) < MOST_NAMED:
            rows.append(str(recipient.row))
    if strangers:
        wrong.append(_added_or_changed(strangers, rows))
    if wrong:
        raise GuardError(
            "this is not what was planned: " + "; ".join(wrong),
            hint="review it again: sendbatch plan … --out",
        )
    return Held(len(plan.marks) - present)


def _hold_key(plan: PlanFile, sealed: Sealing, secret: bytes | None) -> None:
    """Another key would make everybody a stranger, and look as if the list had changed."""
    if plan.known_by and secret is None:
        raise GuardError(
            f"the plan was made with {PLAN_KEY}, which is not set here: whom it names cannot be told",
            hint=f"set {PLAN_KEY} to what it was when the plan was written",
        )
    if not hmac.compare_digest(plan.known_by, sealed.known_by):
        raise GuardError(
            f"the plan was made with another {PLAN_KEY} than the one that is set here: whom it names cannot "
            "be told",
            hint=f"set {PLAN_KEY} to what it was when the plan was written, or write the plan again: "
            "sendbatch plan … --out",
        )


def _otherwise(planned: Said, now: Said) -> Iterable[str]:
    for what, before, current in (
        ("campaign", planned.campaign, now.campaign),
        ("edition", planned.run, now.run),
        ("server", planned.server, now.server),
    ):
        if before != current:
            said = one_line(before, 200) or "(none)"
            yield f"the plan is for {what} {said}, this is {current or '(none)'}"
    # The file may have been written by anybody: what was shown of it has to be what is sent.
    for what, shown, actual in (
        ("from", planned.sender, now.sender),
        ("with bounces to", planned.bounces_to, now.bounces_to),
    ):
        if shown != actual:
            said = one_line(shown or EACH_ROWS, 200)
            yield f"the plan is {what} {said}, this is {what} {actual or EACH_ROWS}"
    if planned.subjects != _kept(now.subjects):
        yield f"the plan has {_listed(planned.subjects)}, this has {_listed(now.subjects)}"
    if planned.own_files != _kept(now.own_files):
        yield "the plan names other files of single recipients"
    if planned.reach != now.reach:
        yield f"the plan is of mail that {said_of(planned.reach)}, this {said_of(now.reach, is_now=True)}"
    elif planned.content != now.content:  # the redirection is in it
        yield "the text, subject, headers or attachments changed since the plan was made"
    if planned.signed_by != now.signed_by:
        yield f"the plan is {_signed(planned.signed_by)}, this is {_signed(now.signed_by)}"


def _listed(subjects: tuple[str, ...]) -> str:
    """The first subject, and how many more there are."""
    if not subjects:
        return "no subject"
    more = f" and {len(subjects) - 1:,} more" if len(subjects) > 1 else ""
    return f'the subject "{one_line(subjects[0], 200)}"{more}'


def _signed(by: str | None) -> str:
    return one_line(f"signed by {by}", 200) if by else UNSIGNED


def _added_or_changed(strangers: int, rows: list[str]) -> str:
    if strangers == 1:
        return f"1 recipient was added or changed since (row {rows[0]})"
    more = ", …" if strangers > MOST_NAMED else ""
    return f"{strangers:,} recipients were added or changed since (rows {', '.join(rows)}{more})"


def _digest(body: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
