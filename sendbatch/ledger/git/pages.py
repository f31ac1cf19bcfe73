"""What a commit of a record holds: a page about the record, pages of receipts, and a seal over all of them.

The seal is an HMAC under the key, so that whoever may push, and has no key, can change nothing unseen; a
check value beside it tells a commit that was made with another key from one that was changed. No I/O.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendbatch.ledger.git import receipts
from sendbatch.ledger.git.receipts import Receipt, Secret

FORMAT = 1
NOT_FOR_EARLIER = 2  # of one that moved, or in which somebody was forgotten: earlier versions refuse it
ABOUT, SEAL = "about.json", "seal"
RECEIPTS = "receipts-"
_MOST_SEAL = 1000
_HEAD = "sendbatch record"


class OtherKey(ValueError):
    """It was made with another key."""


class Newer(ValueError):
    """It was made by a newer sendbatch."""


class Changed(ValueError):
    """It was changed by somebody who has not the key, or is no record."""


@dataclass(frozen=True, slots=True)
class About:
    """`number` counts the commits of this record, `run` names the run that made this one (at random), which
    began at `began` and has `ended` or not; it was made at `at`. `sent` is how many have the mail, or may
    have it. Until `doubted_until` whoever was taken for dead may still be sending to those of the receipts
    `doubted`, however they were settled since, and they must not be sent to again. `meta` are lines of the
    record's own."""

    number: int = 0
    run: str = ""
    began: float = 0.0
    at: float = 0.0
    doubted_until: float = 0.0
    doubted: tuple[str, ...] = ()
    ended: bool = True
    sent: int = 0
    contents: tuple[str, ...] = ()
    servers: tuple[tuple[float, str], ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> bytes:
        told = {
            "number": self.number,
            "run": self.run,
            "began": self.began,
            "at": self.at,
            "doubted_until": self.doubted_until,
            "doubted": list(self.doubted),
            "ended": self.ended,
            "sent": self.sent,
            "contents": list(self.contents),
            "servers": [list(one) for one in self.servers],
            "meta": dict(sorted(self.meta.items())),
        }
        return (json.dumps(told, indent=1) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Pages:
    """A record as one commit has it: `files` are the pages of receipts by name, in their order."""

    about: About
    files: Mapping[str, bytes]

    def receipts(self) -> dict[str, Receipt]:
        """The last of each delivery, unless it tells nothing. Raises ValueError."""
        found: dict[str, Receipt] = {}
        for data in self.files.values():
            found.update((one.id, one) for one in receipts.read(data, self.about.contents))
        return {id_: one for id_, one in found.items() if one.tells_something}


def next_name(names: Iterator[str] | Mapping[str, object]) -> str:
    numbers = [int(name.removeprefix(RECEIPTS)) for name in names]
    return f"{RECEIPTS}{max(numbers, default=0) + 1:06d}"


def sealed(files: Mapping[str, bytes], secret: Secret, form: int = FORMAT) -> dict[str, bytes]:
    """These files, with the seal over them."""
    told = f"{_HEAD} {form}\ncheck {_check(secret)}\nseal {_seal(files, secret)}\n"
    return {**files, SEAL: told.encode()}


def opened(files: Mapping[str, bytes], secret: Secret) -> dict[str, bytes]:
    """The files without their seal. Raises OtherKey, Newer, Changed."""
    head, check, seal = _read_seal(files.get(SEAL, b"")[:_MOST_SEAL])
    if head not in (f"{_HEAD} {FORMAT}", f"{_HEAD} {NOT_FOR_EARLIER}"):
        is_newer = head.startswith(f"{_HEAD} ") and head.removeprefix(f"{_HEAD} ").isdecimal()
        raise Newer if is_newer else Changed("no seal")
    if not hmac.compare_digest(check.encode(), _check(secret).encode()):
        raise OtherKey
    rest = {name: data for name, data in files.items() if name != SEAL}
    if not hmac.compare_digest(seal.encode(), _seal(rest, secret).encode()):
        raise Changed("another seal")
    return rest


def read(files: Mapping[str, bytes], secret: Secret) -> Pages:
    """Raises OtherKey, Newer, Changed."""
    rest = opened(files, secret)
    try:
        told = json.loads(rest.pop(ABOUT))
        about = About(
            int(told["number"]),
            str(told["run"]),
            float(told["began"]),
            float(told["at"]),
            float(told["doubted_until"]),
            tuple(map(str, told.get("doubted", ()))),
            bool(told["ended"]),
            int(told["sent"]),
            tuple(map(str, told["contents"])),
            tuple((float(at), str(name)) for at, name in told["servers"]),
            {str(key): str(value) for key, value in told["meta"].items()},
        )
        names = sorted(rest, key=lambda name: int(name.removeprefix(RECEIPTS)))
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        raise Changed("no page about it") from None
    return Pages(about, {name: rest[name] for name in names})


def _read_seal(data: bytes) -> tuple[str, str, str]:
    lines = data.decode("ascii", "replace").splitlines()
    head, check, seal = [*lines, "", "", ""][:3]
    return head, check.removeprefix("check "), seal.removeprefix("seal ")


def _check(secret: Secret) -> str:
    return secret.digest("check", "").hex()[:32]


def _seal(files: Mapping[str, bytes], secret: Secret) -> str:
    lines = (f"{name} {hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files))
    return secret.digest("seal", "".join(lines)).hex()
