"""Which record of which database: whose it is, and where that is, which is read where it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sendbatch.errors import CampaignError, LedgerError, shell_line
from sendbatch.ledger.postgres.address import Address
from sendbatch.runtime.stop import Stop

NO_WAIT = 60.0  # seconds
PSYCOPG = "psycopg[binary]>=3.2"  # as pyproject.toml has it


@dataclass(frozen=True, slots=True)
class Place:
    """`read` gives the address; of one that cannot be had it gives the reason, in words, and of one that is
    none it raises SendbatchError. `profile` is "" where what goes through it counts for all. `origin` is the
    project that the repository's `origin` would be, "" where it has none.
    `told` hears what a person should know, `stop` ends what waits, for `offline` seconds at most."""

    read: Callable[[], Address | str] = field(repr=False)
    project: str
    name: str
    edition: str
    profile: str
    offline: float
    origin: str = ""
    told: Callable[[str], None] = field(default=lambda text: None, repr=False)
    stop: Stop = field(default_factory=Stop, repr=False)

    @property
    def has_address(self) -> bool:
        """Whether it is set. Raises SendbatchError where it is, and is none."""
        return isinstance(self.read(), Address)

    @property
    def missing(self) -> str:
        """Why it is not known, "" where it is."""
        found = self.read()
        return found if isinstance(found, str) else ""

    @property
    def address(self) -> Address:
        """Raises CampaignError where it is not set or is none, LedgerError where nothing says whose the
        record is."""
        self.hold_named()
        address = self.read()
        if isinstance(address, str):
            raise CampaignError(
                f"the record is in a database, and {address}; nothing was sent",
                hint="it holds the address: postgresql://USER:PASSWORD@HOST:5432/DATABASE",
            )
        return address

    def hold_named(self) -> None:
        """Raises LedgerError where there is no project: records of others in the database could bear the same
        name."""
        if not self.project:
            raise LedgerError(
                "the record is in a database, and nothing says which project this is: the campaign is in no "
                "repository with an `origin`; nothing was sent",
                hint="write `project: NAME` at the top of profiles.yaml: the same wherever it is sent from",
            )

    def hold_reachable(self) -> None:
        """Raises as `address`, and LedgerError where what reaches a database is not installed."""
        _ = self.address
        hold_installed()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells the record from all others in the database."""
        return self.project, self.name, self.edition, self.profile

    @property
    def title(self) -> str:
        """The record as people are told of it."""
        name = f"{self.name}@{self.edition}" if self.edition else self.name
        name = f"{name}.{self.profile}" if self.profile else name
        return f"{self.project}/{name} in {self.address.shown}"

    def not_waiting(self) -> Place:
        """For whoever waits for nothing longer than a minute."""
        return replace(self, offline=min(self.offline, NO_WAIT))

    def telling(self, told: Callable[[str], None], stop: Stop) -> Place:
        return replace(self, told=told, stop=stop)


def hold_installed() -> None:
    """Raises LedgerError where what reaches a database is not there."""
    try:
        import psycopg  # noqa: F401 - an extra, which looks for libpq as it is loaded
    except ImportError:
        raise LedgerError(
            "the record is in PostgreSQL, and what reaches that is not installed; nothing was sent",
            hint="it is the extra `postgres`; into the environment that sendbatch is in:\n"
            f"  pip install {shell_line(PSYCOPG)}\n  or, installed by pipx:  pipx inject sendbatch "
            f"{shell_line(PSYCOPG)}",
        ) from None
