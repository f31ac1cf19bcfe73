"""Whether what reaches a database is there: it is an extra."""

from __future__ import annotations

from sendbatch.errors import LedgerError


def hold_installed() -> None:
    """Raises LedgerError where it is not."""
    try:
        import psycopg  # noqa: F401 - it looks for libpq as it is loaded
    except ImportError:
        raise LedgerError(
            "the record is in PostgreSQL, and what reaches that is not installed; nothing was sent",
            hint="pip install 'sendbatch[postgres]'",
        ) from None
