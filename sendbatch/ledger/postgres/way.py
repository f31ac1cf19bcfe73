"""What does not pass by itself between this machine and a database's server: TLS, certificates, and what
libpq is told beside the address."""

from __future__ import annotations

import re
from typing import Final

import psycopg


def of_the_way(error: psycopg.Error) -> str | None:
    """What to do where the way to the server is not as the address, or the server, wants it; None where it
    is not that, or one of several hosts is only away."""
    said = str(error)
    if error.sqlstate is not None or _AWAY.search(said):
        return None
    return next((hint for words, hint in _HINTS.items() if re.search(words, said)), None)


_AWAY: Final = re.compile(
    r"Connection refused|timeout expired|starting up|shutting down|unreachable|SYSCALL|unexpected|EOF|reset"
)
# In the words of libpq and OpenSSL; the first that fits.
_HINTS: Final = {
    r"private key file|client certificate|could not (load|read) certificate|alert (unknown|.*certificate)": (
        "sslcert= and sslkey= in the address, or PGSSLCERT and PGSSLKEY, name the certificate that this "
        "machine shows, which an authority that the server trusts must have signed for the user, and its "
        "key, which only its owner may read; a passphrase of the key is sslpassword=, a secret like a "
        "password"
    ),
    r"certificate": (
        "sslmode=verify-full takes a server whose certificate is valid today, for the very name that the "
        "address has, and signed by who stands in the file that sslrootcert= names (or PGSSLROOTCERT, or "
        "~/.postgresql/root.crt): mend what is not so, or name the server as its certificate does"
    ),
    r"pg_hba\.conf entry .*no encryption": (
        "the server lets this user in from here with TLS alone, or not at all: sslmode=require in the "
        "address, or a line for it in pg_hba.conf"
    ),
    r"does not support SSL|SSL (is )?(not in use|required)|channel binding|protocol|wrong version": (
        "server and address do not agree about TLS: sslmode= and channel_binding= stand in the address, or "
        "in PGSSLMODE and PGCHANNELBINDING; the server's side is `ssl = on` in postgresql.conf, and "
        "pg_hba.conf"
    ),
    r"definition of service|service file": (
        "a service stands in ~/.pg_service.conf, or in the file that PGSERVICEFILE names"
    ),
    r"invalid (URI|connection option|[a-z_]+ value|integer|port)": (
        "look at what stands behind the ? in the address, or in a PG… variable, for libpq takes these alone: "
        "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"
    ),
}
