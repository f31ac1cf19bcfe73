"""The part of report.html that tells what happened when: curves, their numbers as tables, and what happened
to the run. The curves are drawn by the page; each has a sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sendbatch.ledger.facts import Event
from sendbatch.reports.markup import (
    Column,
    Html,
    data,
    moment,
    more,
    number,
    paragraph,
    section,
    table,
    text,
)
from sendbatch.reports.stretches import Stretch, limit_of
from sendbatch.words import count, exact_duration, rate

MOST_EVENTS = 150
LEAST_STEPS = 4  # for a curve
# What happened to a run, by the kind of the event. Others are named as they are.
HAPPENED = {
    "began": "A run began",
    "slowdown": "Slowed down",
    "limit": "Limit",
    "brake": "Refused for everybody",
    "aside": "Domain set aside",
    "connections": "Connections",
    "quota": "Limits used up",
    "offline": "Connection lost",
    "keys": "Keys",
    "stopped": "Stopped",
    "crash": "A run had died",
    "resolved": "Settled by hand",
    "server": "Server",
    "rehearsal": "Rehearsal",
}


def over_time(parts: Sequence[Stretch], events: Sequence[Event]) -> Html:
    told = [event for event in events if not _says_nothing(event)]
    shown = told[-MOST_EVENTS:]
    pauses = [later.began - sooner.ended for sooner, later in pairwise(parts)]
    words = (
        f"Pauses of {exact_duration(min(pauses))} or longer are left out: a curve is a stretch of sending."
        if pauses
        else ""
    )
    curves = [_curve(part, place, len(parts)) for place, part in enumerate(parts)]
    if not curves and not shown:
        return Html("")
    return section(
        "time",
        "Over time",
        paragraph(text(words), kind="quiet") if words else "",
        f'<div class="curves of-{min(len(curves), 2)}">{"".join(curves)}</div>' if curves else "",
        _events(shown, len(told) - len(shown)),
    )


def curves_for_script(parts: Sequence[Stretch], events: Sequence[Event]) -> list[dict[str, object]]:
    """What the page draws: times in seconds since the epoch, rates in messages a second."""
    told = [event for event in events if not _says_nothing(event)][-MOST_EVENTS:]
    marks = [
        (round(event.at, 2), number, event.kind)
        for number, event in enumerate(told, start=1)
        if event.kind not in ("server", "resolved")
    ]
    return [
        {
            "start": round(part.start, 2),
            "step": part.step,
            "accepted": part.accepted,
            "others": part.others,
            "limits": part.limits,
            "marks": [one for one in marks if part.start - part.step <= one[0] <= part.end + part.step],
        }
        for part in parts
    ]


def _says_nothing(event: Event) -> bool:
    """A limit is drawn as a line; in words it stands where it has a reason."""
    return event.kind == "limit" and limit_of(event) is None


def _curve(part: Stretch, place: int, many: int) -> Html:
    """With a sentence for whoever does not see it, and the same numbers as a table."""
    said = _sentence(part)
    which = f" {place + 1} of {many}" if many > 1 else ""
    drawn = (
        f'<div class="curve" data-curve="{place}" role="img" aria-label="{text(said, 600)}"></div>'
        if len(part.accepted) >= LEAST_STEPS
        else ""
    )
    return Html(
        f'<figure>{drawn}<figcaption>{moment(part.began)}: {text(said, 600)}</figcaption>'
        f"{more(f'The numbers of the curve{which}', _numbers(part, which))}</figure>"
    )


def _sentence(part: Stretch) -> str:
    accepted, others = sum(part.accepted), sum(part.others)
    words = [f"{count(accepted, 'message')} accepted in {exact_duration(part.seconds)}"]
    if accepted and part.seconds >= 1:
        words.append(f"{rate(accepted / part.seconds)} on average")
        if len(part.accepted) >= LEAST_STEPS:
            words.append(f"{rate(part.peak)} at best over {exact_duration(part.step)}")
    if others:
        words.append(f"{count(others, 'attempt')} that ended otherwise")
    limits = {limit for limit in part.limits if limit is not None}
    if limits:
        low, high = min(limits), max(limits)
        said = rate(high) if low == high else f"between {rate(low)} and {rate(high)}"
        words.append(f"the limit was {said}")
    return f"{', '.join(words)}."


def _numbers(part: Stretch, which: str) -> Html:
    limited = any(limit is not None for limit in part.limits)
    columns = [Column("From"), Column("Accepted", "number"), Column("Other attempts", "number")]
    columns += [Column("Limit a second", "number")] if limited else []
    rows = (
        (
            moment(part.start + place * part.step),
            number(accepted),
            number(others),
            *([text("" if limit is None else f"{limit:.3g}")] if limited else []),
        )
        for place, (accepted, others, limit) in enumerate(
            zip(part.accepted, part.others, part.limits, strict=True)
        )
        if accepted or others or len(part.accepted) <= 60
    )
    return table(f"Curve{which}: in steps of {exact_duration(part.step)}", columns, rows)


def _events(events: Sequence[Event], before: int) -> Html:
    if not events:
        return Html("")
    rows = "\n".join(_event(event) for event in events)
    left = paragraph(text(f"{before:,} earlier ones are in report.json."), kind="quiet") if before else ""
    return Html(f'<h3>What happened</h3>{left}<ol class="events">{rows}</ol>')


def _event(event: Event) -> str:
    words = "".join(_words(event))
    kind = HAPPENED.get(event.kind, event.kind)
    return f'<li class="on-{text(event.kind, 20)}">{moment(event.at)} <b>{text(kind, 60)}</b> {words}</li>'


def _words(event: Event) -> Iterator[Html]:
    rated = limit_of(event)
    if event.kind != "limit" or rated is None:
        yield data(event.detail, 600)
    else:
        yield text(f"at most {rate(rated)}")
