"""What is said where a record in a database cannot be used, and what to do that mails nobody twice."""

from __future__ import annotations

from sendbatch.errors import GuardError, shell_line
from sendbatch.ledger.postgres.address import Address
from sendbatch.words import count


def on_this_disk(folder: str, records: str, sent: int, address: Address) -> GuardError:
    return GuardError(
        f"{folder}: there is a record on this disk, which knows {count(sent, 'recipient')} who have the mail "
        f"or may have it, and the one in the database ({address.shown}) would not know them; nothing was "
        "sent",
        hint="move it into the database, which mails nobody:  "
        f"{shell_line('sendbatch', 'record', 'import')} FILE {shell_line(records)}\n"
        f"  or finish this campaign with the record on the disk: {shell_line('--record', records)}; a new "
        "edition (--run) may begin in the database",
    )
