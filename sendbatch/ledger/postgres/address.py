"""Where a record in a database is. The address may hold a password: nothing here shows it, and no repr
prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sendbatch.errors import CampaignError, one_line

SCHEMES: Final = ("postgresql", "postgres")
DEFAULT_PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` is what people are told: server and database, without user and password."""

    url: str = field(repr=False)
    shown: str
    has_password: bool


def is_address(text: str) -> bool:
    """Whether this is meant as the address of a database."""
    return text.partition(":")[0].lower() in SCHEMES and ":" in text


def address_of(text: str) -> Address:
    """Raises CampaignError where it cannot be read; the message shows nothing of it that may be secret."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise _unreadable("its port or host cannot be read") from None
    if parts.scheme.lower() not in SCHEMES:
        raise _unreadable("it does not begin with postgresql://")
    if not text.strip().partition(":")[2].startswith("//"):
        raise _unreadable("there is no // behind postgresql:")
    database = unquote(parts.path.lstrip("/"))
    if "\0" in text or "/" in database:
        raise _unreadable("the name of the database cannot be read")
    host = parts.hostname or "the local socket"
    where = host if port in (None, DEFAULT_PORT) else f"{host}:{port}"
    named = f"{where}/{database}" if database else where
    return Address(text.strip(), one_line(named, 200), _has_password(parts))


def _has_password(parts: SplitResult) -> bool:
    return parts.password is not None or "password=" in parts.query


def _unreadable(why: str) -> CampaignError:
    return CampaignError(
        f"the address of the database for the record cannot be read: {why}",
        hint="it is written as postgresql://USER:PASSWORD@HOST:5432/DATABASE, a sign such as @ or / in the "
        "password as %40 or %2F",
    )
