"""What a call asks for beyond the campaign file: which recipients, and what it takes upon itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.errors import CampaignError, one_line, shown
from sendbatch.ledger.facts import Retried
from sendbatch.ledger.states import Event, sources
from sendbatch.values import BREAKER, Status

CODES = re.compile(r"[0-9.*?\[\]!-]{1,40}")  # a glob on reply codes


@dataclass(frozen=True, slots=True)
class Options:
    """`only` are keys or addresses; None is everyone. `only_as_typed` is how a person said it (@FILE).
    `retry` are rejected, failed or deferred, or with a glob on the enhanced code (by the basic one where
    there is none): "rejected:5.4.*". `stop_after` is in seconds, `breaker` so many permanent refusals in a
    row that stop the run."""

    only: tuple[str, ...] | None = None
    limit: int | None = None
    retry: Collection[str] = frozenset()
    resend_in_doubt: bool = False
    accept_changes: bool = False
    strict: bool = False
    plan: Path | None = None  # a plan.json to be held to
    approved: bool = False  # by somebody who is trusted
    allowed_signers: Path | None = None  # by their SSH keys
    no_wait: bool = False
    breaker: int = BREAKER
    stop_after: float | None = None
    only_as_typed: tuple[str, ...] = ()
    moved_from: str | None = None  # where the campaign file of this record was
    without_log: bool = False  # go on though the log of a run that was cut off is missing
    excepted: tuple[Path, ...] = ()  # files that say who has the mail already
    first_run: date | None = None  # in CI: on that day (UTC) or the next a record may be begun
    join: bool = False  # a run under way is joined, and others may join this one

    @property
    def here(self) -> str:
        """Whom of all a line with `words` is about, to be said behind their number; "" where it is all."""
        whom = ["those of --only"] if self.only is not None else []
        whom += [f"{self.limit:,} at most"] if self.limit is not None else []
        return f", here {', '.join(whom)}" if whom else ""

    def without_plan(self) -> Options:
        """The same, held to no plan.json."""
        return replace(self, plan=None, approved=False, allowed_signers=None)

    def words(self, limit: int | None) -> list[str]:
        """What a line that goes on must repeat, with `limit` in the place of the one given: who is
        meant and what was promised, but no yes to a question. --in-doubt resend is one: it is about those in
        doubt when it is given, and a run may leave others."""
        words = [word for key in self.only_as_typed or self.only or () for word in ("--only", key)]
        words += ["--limit", str(limit)] if limit is not None else []
        words += [word for path in self.excepted for word in ("--except", shown(path))]
        words += ["--plan", shown(self.plan)] if self.plan is not None else []
        words += ["--approved"] if self.approved else []
        if self.allowed_signers is not None:
            words += ["--allowed-signers", shown(self.allowed_signers)]
        words += ["--strict"] if self.strict else []
        words += ["--join"] if self.join else []
        words += ["--retry", ",".join(sorted(self.retry))] if self.retry else []
        return words + (["--breaker", str(self.breaker)] if self.breaker != BREAKER else [])


def retried(words: Collection[str]) -> tuple[Retried, ...]:
    """Each of `Options.retry` as what the record looks for. Raises CampaignError."""
    return tuple(map(_retried, words))


def _retried(word: str) -> Retried:
    name, colon, codes = word.strip().partition(":")
    if name not in sources(Event.RETRY):
        raise CampaignError(
            f"--retry {one_line(word, 80)}: write rejected, failed or deferred",
            hint="with codes, if you like: rejected:5.4.*",
        )
    status = Status(name)
    if not colon:
        return Retried(status)
    if status is Status.FAILED:
        raise CampaignError(
            f"--retry {one_line(word, 80)}: no server has seen those that failed, so they have no code",
            hint="write failed alone",
        )
    if not CODES.fullmatch(codes):
        raise CampaignError(
            f"--retry {one_line(word, 80)}: what stands behind the colon is no pattern of reply codes",
            hint="write as rejected:5.4.* or rejected:550",
        )
    return Retried(status, codes)


def spellings(typed: str) -> tuple[str, ...]:
    """Under which key or address a person may mean someone; what they typed comes first."""
    found = {typed: None, unicodedata.normalize("NFC", typed.strip()): None}
    try:
        email = normalise(typed, as_given=True).email
    except ValueError:
        return tuple(found)
    return tuple(found | {email: None, default_key(email): None})


def all_spellings(typed: Collection[str] | None) -> list[tuple[str, ...]] | None:
    """Raises CampaignError for what no CSV has: bytes of the command line that are no text."""
    if typed is None:
        return None
    for one in typed:
        if any("\ud800" <= character <= "\udfff" for character in one):
            raise CampaignError(f"no key and no address: {one_line(one, 320)} is not UTF-8")
    return [spellings(one) for one in typed]
