"""The last words of a run: what became of everyone, and what is to be done next, if anything is.

Each command stands on a line of its own, and none mails anybody again without saying so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sendbatch.campaign.profiles import SANDBOX
from sendbatch.cli import log
from sendbatch.errors import one_line, shown
from sendbatch.values import Status
from sendbatch.words import clock_time, count, rows, word

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal
    from sendbatch.planning.options import Options
    from sendbatch.session.commands import CommandLines
    from sendbatch.session.run import RunResult

OR_PENDING = "who is known not to have it, and is to get it: the same with --as pending"
STOPPED = 3  # the exit code of a run that was stopped early
ENDING = "ending"  # the state of a runner that was asked to
MOST_RUNNERS = 3  # named
# Who has no mail, in the order of the summary.
WITHOUT = (
    Status.PENDING,
    Status.SENDING,
    Status.DEFERRED,
    Status.REJECTED,
    Status.FAILED,
    Status.IN_DOUBT,
    Status.INVALID,
)
LEFT_OUT = {
    Status.INVALID: "invalid",
    Status.FILTERED: "filtered by `where`",
    Status.SUPPRESSED: "on a suppression list, or forgotten",
    Status.DUPLICATE: "duplicate",
}
DEALT_WITH = (Status.ACCEPTED, Status.REJECTED, Status.IN_DOUBT, Status.DEFERRED)


@dataclass(frozen=True, slots=True)
class LastWords:
    """`chosen` are the options of the run, `lines` the commands that lead on from it."""

    terminal: Terminal
    lines: CommandLines
    chosen: Options

    def say(self, result: RunResult) -> None:
        """Why nothing was sent, if nothing was; what became of everyone; what is to be done next."""
        if not result.sent:
            self.terminal.say(self._nothing(result))
        _tell(result, self.terminal)
        command = f":\n  {self.lines.run(self.chosen, limit=self._left(result))}"
        if result.beside:
            self._of_the_others(result)
            command = ""  # a --limit in it would count those whom they send to once more
        elif result.exit_code == STOPPED:
            self._of_the_stop(result, command)
        elif result.left_over:
            left = count(result.left_over, "recipient")
            self.terminal.say(f"{left} left for a later run{command}")
            command = ""  # said once: it sends to all of them
        if result.exit_code != STOPPED:
            self._of_the_deferred(result, command)
        self._of_the_failed(result, command)
        self._of_the_invalid(result, command)
        self._of_the_doubtful(result)
        if result.sent and self.lines.campaign.profile.name == SANDBOX:
            self.terminal.say(f"the sandbox kept the mails, this shows them:\n  {self.lines.outbox()}")
        if result.sent and not result.left_over and set(_due(result)) == {Status.ACCEPTED}:
            self.terminal.say("nothing is left to do")

    def _left(self, result: RunResult) -> int | None:
        """How many of a --limit are left for the line that goes on."""
        is_cut_off = self.chosen.limit is not None and result.exit_code == STOPPED
        return result.unfinished if is_cut_off else None

    def _nothing(self, result: RunResult) -> str:
        """All was done before, or there never was anybody."""
        if rejected := result.totals.get(Status.REJECTED, 0):
            retrying = replace(self.chosen, retry=frozenset({*self.chosen.retry, "rejected"}))
            line = self.lines.run(retrying, limit=self.chosen.limit)
            return (
                f"nothing to send: everyone this run is for was dealt with before; "
                f"{count(rejected, 'recipient')} rejected\n"
                f"where that was a fault that is mended now, this sends to the {rejected:,} again:\n"
                f"  {line}\n"
                "or to those with one reply only, by its code:  --retry 'rejected:5.7.*'"
            )
        if self.chosen.resend_in_doubt and result.young_until is not None:
            return "nothing to send now: to whoever is in doubt an answer may still come"
        if any(result.totals.get(status) for status in DEALT_WITH):
            return "nothing to send: everyone this run is for was dealt with before"
        left_out = [
            f"{number:,} {words}"
            for status, words in LEFT_OUT.items()
            if (number := result.totals.get(status))
        ]
        return (
            f"nobody to send to: {', '.join(left_out) or 'no row'}; look at the CSV and at `where`"
        )

    def _of_the_stop(self, result: RunResult, command: str) -> None:
        if result.left_over:
            self.terminal.say(f"{count(result.left_over, 'recipient')} left for a later run")
        reason = one_line(result.reason) or "not everybody was reached"
        self.terminal.complain(f"stopped early: {reason}")
        if not result.unbuildable:
            self.terminal.complain(f"go on with{command}")

    def _of_the_others(self, result: RunResult) -> None:
        """Whom this runner leaves the run to."""
        why = f"was stopped: {one_line(result.reason)}" if result.reason else "has nothing more to do"
        is_over = all(one.state == ENDING for one in result.beside)
        how = "still at work, and ending too" if is_over else "the run goes on elsewhere"
        names = [f"process {one.pid} on {one_line(one.host, 80)}" for one in result.beside[:MOST_RUNNERS]]
        if (more := len(result.beside) - MOST_RUNNERS) > 0:
            names.append(f"and {more:,} more")
        self.terminal.complain(f"this runner {why}; {how}: {', '.join(names)}")
        self.terminal.say(f"how far it is:\n  {self.lines.status()}")

    def _of_the_deferred(self, result: RunResult, command: str) -> None:
        deferred = result.totals.get(Status.DEFERRED, 0)
        if result.retry_at is not None:
            due, then = clock_time(result.retry_at), "; this goes on then" if command else ""
            self.terminal.say(f"the next deferred one is due at {due}{then}{command}")
        elif deferred:
            them = "it" if deferred == 1 else f"the {deferred:,}"
            how = "this tries" if command else "a later run tries"
            refused = count(deferred, "recipient")
            self.terminal.say(f"{refused} refused for now; {how} {them} again{command}")

    def _of_the_failed(self, result: RunResult, command: str) -> None:
        if failed := result.totals.get(Status.FAILED, 0):
            then = f"\nthen this sends to whoever has none yet{command}" if command else ""
            self.terminal.say(
                f"{count(failed, 'message')} could not be built: mend that first; this builds all of "
                f"them and sends none:\n  {self.lines.check()}{then}"
            )

    def _of_the_invalid(self, result: RunResult, command: str) -> None:
        """Where a line that goes on stands already, it is for them too."""
        invalid = result.totals.get(Status.INVALID, 0)
        if not invalid or not result.sent:
            return
        mended = f"{count(invalid, 'row')} invalid: once mended in the CSV,"
        others = (Status.PENDING, Status.DEFERRED, Status.FAILED)
        if command and not any(result.totals.get(status) for status in others):
            self.terminal.say(f"{mended} this sends to {'it' if invalid == 1 else 'them'}{command}")
        else:
            self.terminal.say(f"{mended} a later run sends to {'it' if invalid == 1 else 'them'}")

    def _of_the_doubtful(self, result: RunResult) -> None:
        """What was said before the run covers no doubt that is there after it."""
        doubts = result.totals.get(Status.IN_DOUBT, 0)
        if doubts and self.chosen.resend_in_doubt and result.young_until is not None:
            self.terminal.say(
                f"{count(doubts, 'recipient')} in doubt: left out for now; --in-doubt resend sends to all of "
                f"them again from {clock_time(result.young_until)} on, and not before"
            )
        elif doubts and self.chosen.resend_in_doubt:
            self.terminal.say(
                f"{count(doubts, 'recipient')} in doubt, not reached or not answered: the line that "
                "goes on leaves them out; --in-doubt resend once more would send to all of them again"
            )
        elif doubts:
            self.terminal.say(
                f"{count(doubts, 'recipient')} in doubt: the mail may have arrived; who is known to "
                f"have it is settled by key or address:\n  {self.lines.resolve()} KEY… --as accepted\n"
                f"{OR_PENDING}"
            )


def _due(result: RunResult) -> Iterator[Status]:
    """How those stand who were to get the mail."""
    left_out = (Status.FILTERED, Status.SUPPRESSED, Status.DUPLICATE, Status.WITHDRAWN)
    for status, number in result.totals.items():
        if number and status not in left_out:
            yield status


def _tell(result: RunResult, terminal: Terminal) -> None:
    """What became of everyone; where it is to be quiet, no more than why the exit code is not 0."""
    if terminal.tells_programs:
        document(result, terminal)
    elif terminal.is_quiet and result.exit_code:
        which = "".join(f"  {one}\n" for one in _rows(result))
        terminal.complain(f"{_in_short(result)}\n{which}  report:  {shown(result.report)}")
    else:
        tell = terminal.say if result.exit_code == 0 else terminal.complain
        tell("\n" + result.summary)
    for finding in result.unwritten:
        terminal.warn(finding)


def document(result: RunResult, terminal: Terminal) -> None:
    """How it ended, for a program that reads the log."""
    terminal.tell(
        "summary",
        _in_short(result),
        "error" if result.exit_code else "info",
        exit_code=result.exit_code,
        totals=result.totals,
        accepted=result.accepted,
        remaining=result.unfinished + result.left_over,
        stopped_by=result.reason or None,
        due_at=log.moment_or_none(result.retry_at),
        report=shown(result.report),
    )


def _rows(result: RunResult) -> Iterator[str]:
    """Which rows have no mail: by status, the first of them."""
    if result.exit_code != STOPPED:  # who is to have it is in the report, and the line that goes on
        for one in result.without:
            yield f"{word(one.status)}: {rows(one.rows, one.number)}"


def _in_short(result: RunResult) -> str:
    """Who has the mail and who has not, in one line."""
    headline = result.summary.partition("\n")[0]
    without = [
        f"{result.totals[status]:,} {word(status)}"
        for status in WITHOUT
        if result.totals.get(status)
    ]
    return ", ".join([headline, *without])
