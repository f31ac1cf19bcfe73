"""Where a record in a repository is: which checkout, which ref of its `origin`, and the key of its
receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sendbatch.errors import CampaignError, LedgerError, one_line
from sendbatch.ledger.git.names import ref_of, witness_of
from sendbatch.ledger.git.receipts import Secret
from sendbatch.runtime.stop import Stop

KEY = "SENDBATCH_RECEIPT_KEY"
WATCH = "SENDBATCH_RECORD_WATCH"
WORKING = "working"  # the folder of the record that is made of receipts, within that of the reports
LEAST_KEY = 16  # bytes
MOST_WATCH = 3600
NO_WAIT = 60.0  # seconds
LONGEST_REF = 240  # bytes of one component: file systems take 255, and git adds ".lock"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long a ref is watched whose last run did not say that it ended; how long an answer of the
    remote is waited for; for how long a remote that is away is asked again, after which pauses; for how long
    the last push is waited for where all is to end at once. An announced block may be sent for `holds`, and
    who is in doubt of a run that was taken for dead is not sent to again before `settling`, which is
    longer."""

    watch: float = 30.0
    answer: float = 60.0
    offline: float = 1800.0
    pause: float = 1.0
    longest_pause: float = 60.0
    hurried: float = 5.0
    holds: float = 600.0
    settling: float = 900.0


def patience_of(offline: float, environ: Mapping[str, str]) -> Patience:
    """`offline` is how long a network is waited for. Raises CampaignError."""
    given = environ.get(WATCH, "").strip()
    if not given:
        return Patience(offline=offline)
    try:
        watch = float(given)
    except ValueError:
        watch = -1.0
    if not 0 <= watch <= MOST_WATCH:
        raise CampaignError(
            f"{WATCH} is not a number of seconds from 0 to {MOST_WATCH}: {one_line(given, 80)}"
        )
    return Patience(watch=watch, offline=offline)


@dataclass(frozen=True, slots=True)
class Place:
    """`record` is the name of the record's folder, `checkout` a folder in a clone of the repository, `told`
    hears what a person should know, `stop` ends what waits."""

    project: str
    record: str
    checkout: Path
    environ: Mapping[str, str] = field(repr=False)
    patience: Patience
    told: Callable[[str], None] = field(default=lambda text: None, repr=False)
    stop: Stop = field(default_factory=Stop, repr=False)

    @property
    def ref(self) -> str:
        """Raises LedgerError where there is no project, or the name is too long for a ref."""
        if not self.project:
            raise LedgerError(
                "the record is in the repository (record: git), and nothing says which project this is: the "
                "repository has no `origin`; nothing was sent",
                hint="git remote add origin URL, or write `project: NAME` at the top of profiles.yaml",
            )
        ref = ref_of(self.project, self.record)
        if max(map(len, ref.split("/"))) > LONGEST_REF:
            raise LedgerError(
                f"{self.record}: this name is too long for a ref of a repository (record: git); nothing was "
                "sent",
                hint="give the campaign, its edition, or the project in profiles.yaml a shorter one",
            )
        return ref

    @property
    def witness(self) -> str:
        return witness_of(self.project)

    @property
    def has_key(self) -> bool:
        return bool(self.environ.get(KEY))

    def secret(self) -> Secret:
        """Raises CampaignError where there is none, or one that can be guessed."""
        key = self.environ.get(KEY, "").strip()
        if not key:
            raise CampaignError(
                f"the record is in the repository (record: git), and {KEY} is not set: it is the key of the "
                "receipts, without which nobody can be recognised; nothing was sent",
                hint=_HOW,
            )
        if len(key.encode(errors="surrogateescape")) < LEAST_KEY:
            raise CampaignError(
                f"{KEY} is shorter than {LEAST_KEY} bytes: whoever sees the receipts could guess it; "
                "nothing was "
                "sent",
                hint=_HOW,
            )
        return Secret(key.encode(errors="surrogateescape"))

    def without_key(self) -> Place:
        """For whoever only looks, and asks the repository nothing."""
        environ = {name: value for name, value in self.environ.items() if name != KEY}
        return replace(self, environ=environ)

    def not_waiting(self) -> Place:
        """For whoever waits for nothing longer than a minute."""
        offline = min(self.patience.offline, NO_WAIT)
        return replace(self, patience=replace(self.patience, offline=offline))

    def telling(self, told: Callable[[str], None], stop: Stop) -> Place:
        return replace(self, told=told, stop=stop)


_HOW = (
    "make one, once, and keep it:  openssl rand -hex 32\n"
    f"  GitHub: Settings, Secrets and variables, Actions, New repository secret {KEY}, and in the job\n"
    f"    env: {{{KEY}: ${{{{ secrets.{KEY} }}}}}}\n"
    f"  GitLab: Settings, CI/CD, Variables: {KEY}, masked and protected\n"
    "  is there a record already? then only the key that it was made with reads it"
)
