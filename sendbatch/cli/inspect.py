"""`sendbatch inspect`: a mail as it arrived, in words and for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sendbatch.cli import given
from sendbatch.cli import options as opt

if TYPE_CHECKING:
    from sendbatch.arrival.inspected import Inspected

FORMS = ("text", "json")


@click.argument(
    "file", metavar="FILE.eml", type=opt.PATH, help="The mail, saved as it arrived; - is standard input."
)
@click.option(
    "--sent",
    metavar="FILE.eml",
    type=opt.PATH,
    help="The same mail as it was sent, to say what was changed on the way.",
)
@click.option("--format", "form", metavar="text|json", default="text", help="How it is told.")
@opt.show_addresses
def inspect(file: Path, *, sent: Path | None, form: str) -> int:
    """Say how a mail arrived: whether it is believed, what is signed in it, what was changed. Asks no server.

    Exits 1 where a mailbox would refuse it, 2 where the file is no mail.
    """
    from sendbatch import api

    given.one_of(form, FORMS, "--format")
    found = api.inspect(_given(file), sent=sent)
    click.echo(as_document(found) if form == "json" else as_text(found))
    return found.exit_code


def _given(file: Path) -> Path | bytes:
    if str(file) != "-":
        return file
    from sendbatch.arrival.reading import LARGEST

    return sys.stdin.buffer.read(LARGEST + 1)


def as_text(found: Inspected) -> str:
    """For people; the findings as a compiler writes them."""
    from sendbatch.errors import inert
    from sendbatch.runtime.masking import finding_for_log, for_log

    lines = [for_log(f"{title:<9} {said}") for title, said in _facts(found)]
    lines += [str(finding_for_log(finding)) for finding in found.findings]
    if not found.findings:
        lines.append("nothing is wrong with it")
    return inert("\n".join(lines))


def _facts(found: Inspected) -> list[tuple[str, str]]:
    from sendbatch.arrival.signatures import NAME as SIGNATURE
    from sendbatch.errors import one_line
    from sendbatch.words import count, listed, size

    mail, verdict = found.mail.shown, found.verdict
    facts = [
        (name, one_line(value, 200))
        for name, value in (("from", mail.sender), ("to", mail.to), ("subject", mail.subject))
        if value
    ]
    if verdict is not None:
        said = listed([one_line(one.said, 100) for one in verdict.results], 10)
        facts.append(("verdict", f"{one_line(verdict.server, 100) or 'its server'}: {said or 'nothing'}"))
        if verdict.others:
            facts.append(("", f"({count(verdict.others, 'other')} below it, which anybody can write)"))
    for one in found.signatures:
        held = {True: ", holds", False: ", does not hold", None: ""}[one.held]
        names = listed([one_line(name, 60) for name in dict.fromkeys(one.names)], 20)
        facts.append(("signed", f"{one_line(one.called, 200)}{held}, over {names or 'nothing'}"))
    if more := len(found.mail.all(SIGNATURE)) - len(found.signatures):
        facts.append(("", f"({count(more, 'more signature')}, not looked at)"))
    html = f", its HTML {size(mail.html_size)}" if mail.html is not None else ""
    facts.append(("size", f"{size(mail.size)}{html}"))
    if found.added:
        facts.append(("added", listed([one_line(name, 60) for name in found.added], 20)))
    return facts


def as_document(found: Inspected) -> str:
    """JSON, of which schema and meaning stand in docs/reference.md."""
    from sendbatch.cli.plan_document import found as as_found
    from sendbatch.errors import as_json
    from sendbatch.runtime.masking import for_log

    mail, verdict = found.mail.shown, found.verdict
    return as_json(
        {
            "file": for_log(found.mail.file),
            "from": for_log(mail.sender),
            "to": for_log(mail.to),
            "subject": for_log(mail.subject),
            "size": mail.size,
            "html_size": mail.html_size if mail.html is not None else None,
            "verdict": None
            if verdict is None
            else {
                "server": for_log(verdict.server),
                "results": [
                    {"method": one.method, "result": one.result, "domain": for_log(one.domain) or None}
                    for one in verdict.results
                ],
                "others": verdict.others,
            },
            "signatures": [
                {
                    "domain": for_log(one.domain),
                    "selector": for_log(one.selector),
                    "headers": [for_log(name) for name in one.names],
                    "holds": one.held,
                }
                for one in found.signatures
            ],
            "added": [for_log(name) for name in found.added],
            "findings": [as_found(finding) for finding in found.findings],
        },
        indent=2,
    )
