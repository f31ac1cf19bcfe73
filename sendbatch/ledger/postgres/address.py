"""Where a record in a database is. The address may hold a password: nothing here shows it, and no repr
prints it.

It is that of libpq (PostgreSQL's manual, "Connection URIs"), read strictly: libpq tells in its errors what it
took for a host or a parameter, and that could be a part of a password with a sign in it that ends it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from sendbatch.errors import CampaignError, one_line

SCHEMES: Final = ("postgresql", "postgres")
DEFAULT_PORT: Final = "5432"

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\[\]:]*)(?::(?P<port>[0-9]{0,5}))?")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Wherever it stands in a folder's name, an address was meant; and what only begins one.
_MEANT = re.compile(r"://|password\s*=", re.IGNORECASE)
_NO_PATH = re.compile(
    r"""\s*(?:["'$] | [A-Za-z][A-Za-z0-9+.-]+:/ | [A-Za-z_][A-Za-z0-9_]*\s*=)""", re.VERBOSE
)
_PARAMETER = re.compile(r"[A-Za-z_]+=[^=]*")


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` is what people are told: server and database, without user and password; by it two databases
    are told from each other. `typed` is the address without its password, as a line may have it. `prompts`:
    libpq would ask at the terminal for the passphrase of a key."""

    url: str = field(repr=False)
    shown: str
    has_password: bool
    typed: str
    prompts: bool


def is_address(text: str) -> bool:
    """Whether this is meant as the address of a database."""
    return text.strip().partition(":")[0].lower() in SCHEMES and ":" in text


def hold_folder(text: str) -> None:
    """What is no address as it is read here must not be taken for a folder's name where it is meant as one:
    its record would know nobody, and its password stand in the folder's name. Raises CampaignError, which
    shows nothing of it."""
    is_path = text.startswith(("/", "./", "../", "~"))
    if _MEANT.search(text) is None and (is_path or _NO_PATH.match(text) is None):
        return
    raise CampaignError(
        "--record, or SENDBATCH_RECORD, names no folder, and no database as its address is written here; "
        "nothing was done",
        hint="a database is postgresql://USER@HOST:5432/DATABASE, without quotes around it, without NAME= "
        "before it and without a driver's name (+psycopg, jdbc:), or a reference to it: '${DATABASE_URL}'; a "
        "folder of such a name begins with ./",
    )


def address_of(text: str, environ: Mapping[str, str] = os.environ) -> Address:
    """What it leaves out libpq takes from `environ`. Raises CampaignError where it cannot be read; the
    message shows nothing of it that may be secret."""
    url = text.strip()
    if not is_address(url):
        raise _unreadable("it does not begin with postgresql://")
    if not url.partition(":")[2].startswith("//"):
        raise _unreadable("there is no // behind postgresql:")
    if not url.isprintable() or " " in url:
        raise _unreadable("it holds a blank or a control character")
    if _PERCENT.search(url):
        raise _unreadable("a % stands in it without two hexadecimal digits behind")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unreadable("its host cannot be read") from None
    user, _, hosts = parts.netloc.rpartition("@")
    database = unquote(parts.path.removeprefix("/"))
    if "@" in user or "@" in parts.path or "@" in parts.query or "#" in url:
        raise _unreadable("an @, / ? or # stands in it that is none of its own")
    if "/" in database or "\0" in database:
        raise _unreadable("the name of the database cannot be read")
    parameters = parts.query.split("&") if parts.query else []
    if not all(map(_PARAMETER.fullmatch, parameters)):
        raise _unreadable("what stands behind the ? is not NAME=VALUE")
    said = {name: unquote(value) for name, _, value in (one.partition("=") for one in parameters)}
    where = ",".join(map(_host, hosts.split(",")))
    return Address(
        parts.scheme + url[len(parts.scheme) :],  # libpq knows it in small letters alone
        one_line(_shown(where, database, unquote(user.partition(":")[0]), said, environ), 200),
        ":" in user or "password=" in parts.query.lower(),
        _typed(parts),
        not {"sslpassword", "service"} & said.keys() and not environ.get("PGSERVICE"),
    )


def _shown(
    where: str, database: str, user: str, said: Mapping[str, str], environ: Mapping[str, str]
) -> str:
    """Server and database by libpq's rules: a parameter is stronger than what stands before the ?, that than
    a service, and that than the environment; who names no database means the one of the user's name."""
    service = said.get("service") or environ.get("PGSERVICE")
    if "host" in said or "port" in said:
        written = [_HOST.fullmatch(one) for one in where.split(",")]
        ports = said.get("port") or ",".join(one["port"] for one in written if one and one["port"])
        names = said.get("host") or ",".join(one["host"] for one in written if one)
        where = names if ports in ("", DEFAULT_PORT) else f"{names}:{ports}"
    if said.get("hostaddr", where) != where:
        where = f"{where} ({said['hostaddr']})".strip()
    database = said.get("dbname") or database
    if service:
        return "/".join(one for one in (where, f"the service {service}", database) if one)
    if not where:
        where, port = environ.get("PGHOST") or "the local server", environ.get("PGPORT") or DEFAULT_PORT
        where = where if port == DEFAULT_PORT else f"{where}:{port}"
    database = database or environ.get("PGDATABASE") or said.get("user") or user
    database = database or environ.get("PGUSER", "")
    return f"{where}/{database}" if database else where


def _host(written: str) -> str:
    """A host with its port, where that is another than usual. A folder of sockets is written with %2F."""
    found = _HOST.fullmatch(written)
    if found is None or int(found["port"] or 1) > 65535:
        raise _unreadable("its host or port cannot be read")
    host, port = unquote(found["host"]), found["port"]
    return host if port in (None, "", DEFAULT_PORT) else f"{host}:{port}"


def _typed(parts: SplitResult) -> str:
    user, at, hosts = parts.netloc.rpartition("@")
    parameters = parts.query.split("&") if parts.query else []
    kept = [one for one in parameters if not one.partition("=")[0].lower().endswith("password")]
    netloc = f"{user.partition(':')[0]}{at}{hosts}"
    typed = urlunsplit(parts._replace(netloc=netloc, query="&".join(kept)))
    # urlunsplit leaves the slashes out where there is no host
    scheme = parts.scheme
    return typed if typed.startswith(f"{scheme}://") else typed.replace(f"{scheme}:", f"{scheme}://", 1)


def _unreadable(why: str) -> CampaignError:
    return CampaignError(
        f"the address of the database for the record cannot be read: {why}",
        hint="it is written as postgresql://USER:PASSWORD@HOST:5432/DATABASE, a sign such as @ / ? # % or a "
        "blank in the password as %40 %2F %3F %23 %25 or %20",
    )
