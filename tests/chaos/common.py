"""A campaign that machines share: what it has to do, who does it, and the files that each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.killing import CAMPAIGN

AT_LAST = 2000  # messages a second, once nothing happens any more


@dataclass(frozen=True)
class Common:
    """`connections` and `rate`, messages a second, are of all runners together."""

    people: int
    runners: int
    connections: int
    rate: int
    offline: float  # seconds that the database is waited for
    pooled: bool = False
    followed: bool = False  # by a replica
    tls: bool = False  # to the mail server

    def __str__(self) -> str:
        more = ", PgBouncer" * self.pooled + ", a replica" * self.followed + ", TLS" * self.tls
        return (
            f"{self.people} people, {self.runners} runners, {self.connections} connections, "
            f"{self.rate}/s, offline {self.offline:g} s{more}"
        )


def some_common(random: Random, events: int) -> Common:
    """With enough to do for so many events."""
    rate, is_pooled = random.choice((20, 40, 80, 150)), random.random() < 0.3
    runners = random.randint(2, 6)
    return Common(
        people=rate * (random.randint(8, 20) + events // 2),
        runners=runners,
        connections=runners * random.choice((1, 2, 4)),
        rate=rate,
        offline=random.choice((3.0, 60.0, 60.0)),
        pooled=is_pooled,
        followed=not is_pooled and random.random() < 0.25,
        tls=random.random() < 0.25,
    )


def write_campaign(
    folder: Path, common: Common, host: str, port: int, *, text: str = "Hello"
) -> None:
    """All but the list."""
    (folder / "letter.txt").write_text(f"{text} {{{{ name }}}}\n" * 20)
    campaign = CAMPAIGN.replace("offline: 30s", f"offline: {common.offline:g}s")
    (folder / "campaign.yaml").write_text(campaign)
    security = "starttls" if common.tls else "none, allow_plaintext: true"
    (folder / "profiles.yaml").write_text(
        f"project: chaos\nprofiles:\n  target: {{host: {host}, port: {port}, security: {security}, "
        f"helo: chaos.example, delivers: true, connections: {common.connections}, "
        f"rate: {common.rate}/s}}\n"
    )


def write_list(folder: Path, addresses: Sequence[str]) -> None:
    rows = "".join(f"{address},Person {i}\n" for i, address in enumerate(addresses))
    (folder / "people.csv").write_text("email,name\n" + rows)
