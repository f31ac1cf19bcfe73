"""What is said where a record in a database cannot be used, and what to do that mails nobody twice."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.errors import GuardError, shell_line
from sendbatch.ledger.postgres.address import Address
from sendbatch.words import count


def on_this_disk(
    folder: str,
    records: str,
    campaign: Sequence[str],
    typed: Sequence[str],
    sent: int,
    address: Address,
) -> GuardError:
    """`folder` is that of the record, among `records`; `campaign` are the words by which a line names it,
    `typed` those that name the database, where profiles.yaml does not."""
    return GuardError(
        f"{folder}: there is a record on this disk, which knows {count(sent, 'recipient')} who have the mail "
        f"or may have it, and the one in the database ({address.shown}) would not know them; nothing was "
        "sent",
        hint="move it into the database, which mails nobody:  "
        f"{shell_line('sendbatch', 'record', 'import', *campaign, records, *typed)}\n"
        f"  or finish this campaign with the record on the disk: {shell_line('--record', records)}; a new "
        "edition (--run) may begin in the database",
    )


def an_older_copy(
    folder: str,
    records: str,
    campaign: Sequence[str],
    typed: Sequence[str],
    sent: int,
    address: Address,
) -> GuardError:
    """Beside a record in the database, as in a checkout that was copied before the record went there."""
    known = shell_line("sendbatch", "report", *campaign, "--record", records, "--format", "csv")
    return GuardError(
        f"{folder}: there is a record on this disk, too, which knows {count(sent, 'recipient')} who have the "
        f"mail or may have it, and the one in the database ({address.shown}) may not know all of them; "
        "nothing was sent",
        hint="go on with the one in the database, and leave out whom this one knows:\n"
        f"    {known} > known.csv\n"
        f"    mv {shell_line(folder)} {shell_line(f'{folder}.old')}\n"
        f"    {shell_line('sendbatch', 'run', *campaign, *typed, '--except', 'known.csv')}",
    )
