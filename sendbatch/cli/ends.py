"""The last words of a run: what became of everyone, and what is to be done next, if anything is.

Each command stands on a line of its own, and none mails anybody again without saying so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sendbatch.errors import one_line, shown
from sendbatch.values import Status
from sendbatch.words import clock_time, count, word

if TYPE_CHECKING:
    from sendbatch.api import RunResult
    from sendbatch.cli.terminal import Terminal

# Who has no mail, in the order of the summary.
WITHOUT = (
    Status.PENDING,
    Status.DEFERRED,
    Status.REJECTED,
    Status.FAILED,
    Status.IN_DOUBT,
    Status.INVALID,
)


class Ways(NamedTuple):
    """The lines that lead on: the run again, a check of all messages, and how who is in doubt is settled."""

    again: str
    check: str
    resolve: str


def tell(result: RunResult, terminal: Terminal) -> None:
    """What became of everyone; where it is to be quiet, no more than why the exit code is not 0."""
    if terminal.is_quiet and result.exit_code:
        terminal.complain(f"{_in_short(result)}\n  report:  {shown(result.report)}")
    else:
        tell = terminal.say if result.exit_code == 0 else terminal.complain
        tell("\n" + result.summary, "finished", exit_code=result.exit_code, totals=result.totals)
    if result.unwritten:
        terminal.complain("\n".join(map(str, result.unwritten)))


def _in_short(result: RunResult) -> str:
    """Who has the mail and who has not, in one line."""
    headline = result.summary.partition("\n")[0]
    told = [
        f"{result.totals[status]:,} {word(status)}"
        for status in WITHOUT
        if result.totals.get(status)
    ]
    return ", ".join([headline, *told])


def tell_the_way_on(result: RunResult, terminal: Terminal, ways: Ways, *, resent: bool) -> None:
    """What to do next. `resent`: those in doubt before the run were sent to again."""
    again = f":\n  {ways.again}"
    if result.exit_code == 3:
        _tell_of_the_stop(result, terminal, again)
    elif result.left_over:
        terminal.say(f"{count(result.left_over, 'recipient')} left for a later run{again}")
        again = ""  # said once: it sends to all of them
    if result.retry_at is not None and result.exit_code != 3:
        due = clock_time(result.retry_at)
        terminal.say(f"the next deferred one is due at {due}{'; this goes on then' if again else ''}{again}")
    elif (deferred := result.totals.get(Status.DEFERRED, 0)) and result.exit_code != 3:
        them = "it" if deferred == 1 else f"the {deferred:,}"
        how = "this tries" if again else "a later run tries"
        terminal.say(f"{count(deferred, 'recipient')} refused for now; {how} {them} again{again}")
    if failed := result.totals.get(Status.FAILED, 0):
        then = f"\nthen this sends to whoever has none yet{again}" if again else ""
        terminal.say(
            f"{count(failed, 'message')} could not be built: mend that first; this builds all of them and "
            f"sends none:\n  {ways.check}{then}"
        )
    if doubts := result.totals.get(Status.IN_DOUBT, 0):
        terminal.say(_of_doubt(doubts, ways.resolve, resent=resent))


def _tell_of_the_stop(result: RunResult, terminal: Terminal, again: str) -> None:
    if result.left_over:
        terminal.say(f"{count(result.left_over, 'recipient')} left for a later run")
    terminal.complain(f"stopped early: {one_line(result.reason) or 'not everybody was reached'}")
    if not result.unbuildable:
        terminal.complain(f"go on with{again}")


def _of_doubt(doubts: int, resolve: str, *, resent: bool) -> str:
    """What was said before the run covers no doubt that is there after it."""
    if resent:
        return (
            f"{count(doubts, 'recipient')} in doubt, not reached or not answered: the line that goes on "
            "leaves them out; --in-doubt resend once more would send to all of them again"
        )
    return (
        f"{count(doubts, 'recipient')} in doubt: the mail may have arrived; who is known to have it is "
        f"settled by key or address:\n  {resolve} KEY… --as accepted"
    )
