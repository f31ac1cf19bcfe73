"""The command `sendbatch`: its verbs, and the one place where a failure becomes words and a code."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click
from click.exceptions import Exit

from sendbatch.cli import log, streams
from sendbatch.cli.approve import approve
from sendbatch.cli.check import check
from sendbatch.cli.completion.installing import install_completion, show_completion
from sendbatch.cli.completion.shells import ASKED, SCRIPTS
from sendbatch.cli.forget import forget
from sendbatch.cli.init import init
from sendbatch.cli.inspect import inspect
from sendbatch.cli.listing import InOrder
from sendbatch.cli.outbox import outbox
from sendbatch.cli.plan import plan
from sendbatch.cli.preview import preview
from sendbatch.cli.probe import probe
from sendbatch.cli.proof import proof
from sendbatch.cli.record import record
from sendbatch.cli.report import report
from sendbatch.cli.resolve import resolve
from sendbatch.cli.run import run
from sendbatch.cli.schema import schema
from sendbatch.cli.status import status
from sendbatch.cli.stop import stop
from sendbatch.cli.trace import trace
from sendbatch.cli.verify_token import verify_token
from sendbatch.cli.wrapping import NARROWEST, columns_of, fitted
from sendbatch.errors import SendbatchError, WorkerFault, inert, printable
from sendbatch.runtime import masking
from sendbatch.runtime.masking import finding_for_log, for_log

USAGE, STOPPED = 2, 3
USUAL_WIDTH = 80  # columns; help is no wider, and in a narrower terminal no wider than that
# What people type for a verb, by what it is called elsewhere.
ALSO_CALLED = {
    **dict.fromkeys(("send", "start", "deliver", "resume", "mail"), "run"),
    **dict.fromkeys(("validate", "lint", "test", "verify"), "check"),
    **dict.fromkeys(("new", "create", "setup"), "init"),
    "dry-run": "run --dry-run",
}
# objects, and not 700, between two looks for cycles: what is loaded stays, and little is made after
SELDOM = 20_000


@click.group(
    cls=InOrder,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(
    package_name="sendbatch", message="sendbatch %(version)s", help="Show the version."
)
@install_completion
@show_completion
def app() -> None:
    """Send a mail campaign, and account for every recipient."""


VERBS: tuple[Callable[..., int | None], ...] = (
    init, check, plan, approve, preview, proof, run, status, stop, outbox, report, resolve, trace, forget,
    probe, inspect, verify_token, schema,
)  # fmt: skip
for verb in VERBS:
    app.command()(verb)
app.add_command(record)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with one of the documented codes."""
    if (shell := os.environ.get(ASKED)) in SCRIPTS:
        answered(shell)
    gc.set_threshold(SELDOM)
    streams.take_over()
    _heed(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _called(arguments)
        sys.stdout.flush()
    except click.ClickException as error:  # what was typed is no command
        code = _ended(_usage(error), USAGE)
    except SendbatchError as error:
        code = _refused(error)
    except (KeyboardInterrupt, EOFError):
        streams.drop_results()
        code = _ended("\nstopped", STOPPED)
    except Exception:  # noqa: BLE001 - the last resort, so that no traceback reaches a user
        code = _unforeseen()
    if os.environ.get("GITHUB_OUTPUT"):
        from sendbatch.cli import github

        github.output({"exit-code": code}, _complain)
    with contextlib.suppress(KeyboardInterrupt):  # who waits for a reader need not
        streams.leave()
    sys.exit(code)


def _heed(typed: list[str]) -> None:
    """How all is said, where the rest of the line may be wrong; the options look at it once more."""
    masking.show("--show-addresses" in typed)
    words = " ".join(typed)
    log.choose(json="--log-format json" in words or "--log-format=json" in words)


def answered(shell: str) -> NoReturn:
    """What a line may go on with. The process ends at once: for each of its milliseconds somebody waits."""
    from sendbatch.cli.completion.answering import answer

    answer(app, shell, os.environ, sys.argv[1:])
    with contextlib.suppress(OSError):  # the shell asks no more
        sys.stdout.flush()
    os._exit(0)


def _called(arguments: list[str] | None) -> int:
    """Not by `app.main`, which has words of its own for Ctrl-C."""
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        columns = columns_of(sys.stdout)
        narrow = max(columns, NARROWEST) if columns and columns < USUAL_WIDTH else None
        with app.make_context("sendbatch", typed, terminal_width=narrow) as context:
            return app.invoke(context) or 0
    except Exit as done:  # --help, --version
        return done.exit_code


def _usage(error: click.ClickException) -> str:
    words = error.format_message()
    if words.startswith("Usage:"):  # no verb at all
        return words
    more = "sendbatch --help lists the verbs, sendbatch VERB --help their options"
    return f"error: {printable(words)}{_verb_meant(words)}\n  {more}"


def _verb_meant(words: str) -> str:
    """A guess at the verb, where click has none: it knows ours by their own names alone."""
    typed = re.match(r"No such command '(.*)'\.$", words)
    if typed is None:
        return ""
    import difflib

    near = difflib.get_close_matches(typed[1].lower(), ALSO_CALLED, n=1)
    return f" Did you mean '{ALSO_CALLED[near[0]]}'?" if near else ""


def _unforeseen() -> int:
    """A fault of ours: the traceback goes to a file that only its owner can read."""
    raised = sys.exception()
    said = raised.said if isinstance(raised, WorkerFault) else type(raised).__name__
    try:
        handle, name = tempfile.mkstemp(prefix="sendbatch-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(for_log("".join(traceback.format_exception(raised))))
        where = f"the details are in {Path(name)}"
    except OSError as error:
        where = f"the details could not be written to a file: {error.strerror}"
    return _ended(
        f"error: this should not have happened: {said}\n"
        f"  {where}; the record is as it was before the last commit",
        STOPPED,
    )


def _refused(error: SendbatchError) -> int:
    """What was found, in the log and in the summary of a job."""
    if log.is_json():
        for finding in error.findings:
            _say(log.finding(finding))
        _say(log.error(error.message, error.exit_code))
    else:
        found = (inert(for_log(str(finding_for_log(finding)))) for finding in error.findings)
        _say(fitted("\n".join(found), sys.stderr))
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        from sendbatch.cli import github
        from sendbatch.cli.plan_markdown import refusal

        github.summarise(refusal(error), _complain)
    return error.exit_code


def _ended(text: str, code: int) -> int:
    if log.is_json():
        _say(log.error(text.strip().removeprefix("error: "), code))
    else:
        _say(fitted(inert(for_log(text)), sys.stderr))
    return code


def _complain(text: str) -> None:
    _say(log.notice(text, "error") if log.is_json() else fitted(inert(for_log(text)), sys.stderr))


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - the words a person is left with
