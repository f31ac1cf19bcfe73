"""report.html: one page that opens anywhere, asks nothing of the network, and can be handed on.

What is told stands in it as text and tables, and is whole without scripts. A script of our own, which the
page's policy knows by its hash, draws the curves, sorts and searches. However many recipients there are, the
page has no more than a screen can show, but for those who need attention, who are bounded too.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import TextIO

from sendbatch.reports import overview, tables
from sendbatch.reports.markup import Html, moment, text
from sendbatch.reports.over_time import LEAST_STEPS, curves_for_script, over_time
from sendbatch.reports.people import settling, write_people
from sendbatch.reports.report import Report, statuses_of
from sendbatch.reports.stretches import Stretch, stretches
from sendbatch.reports.times import Times
from sendbatch.runtime.datafiles import text_of

MOST_EVENTS = 1000  # read; those of limits are drawn
SCRIPTED = "document.documentElement.className='js'"  # before anything is shown
CHARTS = ("uPlot.iife.min.js", "uPlot.min.css")
PARTS = {
    "next": "What to do",
    "time": "Over time",
    "people": "Who needs attention",
    "answers": "Why",
    "variants": "Variants",
    "domains": "Domains",
    "attempts": "Attempts and times",
    "sent": "What went out",
    "asked": "What was asked",
}


def write(report: Report, out: TextIO) -> None:
    """The page; of those who need attention it holds one at a time."""
    reading, tally = report.reading, report.tally
    figures, events = reading.figures(), reading.events(MOST_EVENTS)
    times, parts = Times(figures), stretches(figures, events)
    told = [
        settling(report),
        over_time(parts, events),
        tables.answers(reading, tally, statuses_of(report)),
        tables.variants(tally),
        tables.domains(figures, live=report.live),
        tables.attempts(figures, times, live=report.live),
        tables.went_out(tally),
        overview.asked(report, events),
    ]
    first, then, *others = told
    draws = any(len(part.accepted) >= LEAST_STEPS for part in parts)
    out.write(_head(report, draws=draws))
    out.write(_top(report, parts, times, told))
    out.writelines((first, then))
    write_people(report, out)
    out.writelines(others)
    out.write(_end(json.dumps(curves_for_script(parts, events) if draws else []), draws=draws))


def _top(report: Report, parts: list[Stretch], times: Times, told: list[Html]) -> str:
    words, how = overview.headline(report)
    made = f"Made {moment(report.made_at)}." if report.made_at is not None else ""
    notes = "".join(f'<p class="note">{note}</p>' for note in overview.notes(report))
    return (
        f'<header><p class="quiet">Report of a campaign</p><h1 dir="auto">{text(report.title)}</h1>'
        f'<p class="headline {how}">{text(words)}</p>{notes}\n'
        f"{overview.statuses(report)}\n{overview.tiles(report.tally, parts, times)}\n"
        f"{_contents(told, has_people=bool(report.tally.needing_attention))}"
        f'<p class="quiet">{made} <span class="zone">Times are UTC.</span></p></header>\n<main>\n'
    )


def _contents(told: list[Html], *, has_people: bool) -> str:
    there = [name for name in PARTS if any(f'<section id="{name}"' in part[:80] for part in told)]
    shown = [name for name in PARTS if name in there or (name == "people" and has_people)]
    links = "".join(f'<li><a href="#{name}">{text(PARTS[name])}</a></li>' for name in shown)
    return f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>\n'


def _head(report: Report, *, draws: bool) -> str:
    style = "\n".join(_styles(draws=draws))
    scripts = " ".join(_source(script) for script in (SCRIPTED, *_scripts(draws=draws)))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {_source(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(report.title)}: {text(overview.headline(report)[0])}</title>\n"
        f"<script>{SCRIPTED}</script>\n<style>{style}</style>\n</head>\n<body>\n"
    )


def _end(curves: str, *, draws: bool) -> str:
    scripts = "".join(f"<script>{script}</script>\n" for script in _scripts(draws=draws))
    harmless = curves.replace("<", "\\u003c")
    return (
        "</main>\n<footer><p>This page holds addresses: hand it on to whom they may be shown. It loads "
        "nothing and sends nothing. Made by sendbatch.</p></footer>\n"
        '<p class="unseen" role="status" id="said"></p>\n'
        f'<script type="application/json" id="curves">{harmless}</script>\n{scripts}</body>\n</html>\n'
    )


def _scripts(*, draws: bool) -> Iterator[str]:
    if draws:
        yield _file(CHARTS[0])
    yield _file("report.js")


def _styles(*, draws: bool) -> Iterator[str]:
    if draws:
        yield _file(CHARTS[1])
    yield _file("report.css")


@cache
def _file(name: str) -> str:
    return text_of("sendbatch.reports", f"page/{name}")


@cache
def _source(script: str) -> str:
    """As a policy names it (CSP Level 3 §2.3.1)."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
