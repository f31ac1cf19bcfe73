"""What is said where a record in a repository cannot be used, and what to do that mails nobody twice."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.errors import (
    AnotherRun,
    GuardError,
    LedgerError,
    LockedError,
    RecordStopped,
    SendbatchError,
    one_line,
    shell_line,
)
from sendbatch.ledger.git.place import KEY, Place
from sendbatch.ledger.git.remote import ORIGIN, Refused
from sendbatch.ledger.git.witness import Seen
from sendbatch.words import count, duration, rows

MOST_ROWS = 10  # that are named
_TELLS = "nothing was sent"


def other_key(ref: str) -> GuardError:
    return GuardError(
        f"{ref}: these receipts were made with another {KEY}, so that nobody in them can be recognised; "
        f"{_TELLS}",
        hint=f"give the {KEY} that they were made with: with another one everybody would be mailed again",
    )


def changed(ref: str, why: str) -> GuardError:
    return GuardError(
        f"{ref}: this record was changed by somebody who has not the key, or by hand ({one_line(why, 100)}); "
        f"{_TELLS}",
        hint="set the ref back to the last commit that sendbatch made, which git log of it in a clone, or "
        "the "
        f"host's list of events, shows:  {shell_line('git', 'push', '--force', ORIGIN, f'COMMIT:{ref}')}\n"
        "  without it, nobody knows who has the mail: a new record would mail everybody again",
    )


def newer(ref: str) -> LedgerError:
    return LedgerError(
        f"{ref}: this record was written by a newer sendbatch; {_TELLS}",
        hint="upgrade sendbatch to the version that wrote it",
    )


def lost(ref: str, seen: Seen, number: int | None) -> GuardError:
    """The ref is not there, or was set back to an earlier commit: the one of this `number`."""
    sent = count(seen.sent, "recipient")
    what = "was deleted" if number is None else "was set back to an earlier state"
    return GuardError(
        f"{ref}: this record {what}: by its last commit that the project knows of {sent} had the mail, or "
        "may "
        f"have it, and would be mailed again; {_TELLS}",
        hint="put that commit back, from a clone that has it or at the host, which keeps it for a while:\n"
        f"    {shell_line('git', 'push', '--force', ORIGIN, f'{seen.commit}:{ref}')}\n"
        "  is it lost? then only the server's log says who has the mail: send the others a new edition "
        "(--run), with a file that names those: --except FILE",
    )


def of_another_project(place: Place, others: list[str]) -> GuardError:
    named = ", ".join(one_line(one, 200) for one in others[:5])
    return GuardError(
        f"there is no record of {place.record} under the project {one_line(place.project, 200)}, and the "
        f"repository has one under {named}: was it renamed? {_TELLS}",
        hint="if it is the same, write its name at the top of profiles.yaml:  project: NAME\n"
        "  if it is another campaign, give it another name",
    )


def on_this_disk(folder: str, sent: int) -> GuardError:
    return GuardError(
        f"{folder}: there is a record on this disk, which knows {count(sent, 'recipient')} who have the "
        "mail or "
        f"may have it, and the one in the repository (record: git) would not know them; {_TELLS}",
        hint="finish this campaign with the record on the disk: leave `record: git` out, or name its folder "
        "with "
        "--record; a new edition (--run) may begin in the repository",
    )


def another_run(began: str) -> LockedError:
    return LockedError(
        f"this campaign is being sent by another run, which began {began}: its record in the repository "
        "moves; "
        f"{_TELLS}",
        hint="wait until it has ended",
    )


def too_young(until: str) -> LockedError:
    return LockedError(
        f"those in doubt may still be sent to by the run that was cut off, if it only sleeps; {_TELLS}",
        hint=f"they can be sent to again from {until} on; `resolve --as accepted` or `--as rejected` is "
        "taken now",
    )


def too_young_still(lines: Sequence[int], until: str) -> LockedError:
    said = rows(lines[:MOST_ROWS], len(lines))
    return LockedError(
        f"{said}: settled since, and the run that was cut off may still be sending to them, if it only "
        f"sleeps; {_TELLS}",
        hint=f"they can be sent to again from {until} on; till then others can, by a run that leaves them "
        "out: without --retry rejected, and with the address that they had",
    )


def paused(ref: str, seconds: float) -> RecordStopped:
    return RecordStopped(
        f"{ref}: what this run has announced there holds no more: it was paused, or has waited, for "
        f"{duration(seconds)}, and another run may have begun meanwhile; the run has stopped",
        hint="run it again: whoever was announced last and not sent to may be in doubt then",
    )


def overtaken(ref: str) -> AnotherRun:
    return AnotherRun(
        f"{ref}: another run has changed the record since this one read it: it holds the campaign by now, "
        "and "
        "this one sends nothing more",
        hint="let the other one end, which mails nobody twice; then sendbatch status shows how far it is",
    )


def not_taken(ref: str, refused: Refused, *, is_sending: bool) -> SendbatchError:
    said = f"{ref}: {ORIGIN} does not take what is to be kept there: {refused}"
    hint = (
        "the token, or the key, that this clone pushes with may not write here. GitHub Actions: "
        "`permissions: {contents: write}` in the job, and actions/checkout with `persist-credentials: true`; "
        "GitLab: let the job token push, or give a project access token with write_repository\n"
        if refused.is_denied
        else "a rule, a hook or a quota of the host refuses it: let refs/sendbatch/** be pushed\n"
    )
    if is_sending:
        return RecordStopped(
            f"{said}; the run has stopped", hint=f"{hint}  nobody was sent to who does not stand in it"
        )
    return LedgerError(f"{said}; {_TELLS}", hint=f"{hint}  the record, and everybody in it, is as it was")


def away(ref: str, said: str, *, is_sending: bool) -> RecordStopped:
    tail = (
        "the run has stopped. Whoever was announced last, and no more, may be in doubt when the next run "
        "begins"
        if is_sending
        else _TELLS
    )
    return RecordStopped(
        f"{ref}: {ORIGIN} is away: {said}; {tail}", hint="run it again when it can be reached"
    )


def cut_off(ref: str) -> RecordStopped:
    return RecordStopped(
        f"{ref}: the run was ended at once, before {ORIGIN} has answered whether it knows what became of the "
        "last recipients; the run has stopped",
        hint="run it again: whoever was announced last may be in doubt then",
    )


def unread(ref: str, refused: Refused) -> LedgerError:
    return LedgerError(
        f"{ref}: {ORIGIN} does not let the record be read: {refused}; {_TELLS}",
        hint="look whether this works here:  git ls-remote origin   (a token needs at least contents: read)",
    )
