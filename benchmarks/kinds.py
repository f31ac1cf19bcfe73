"""What other kinds of letter cost, beside the plain one: Markdown in the default layout with two pictures,
HTML with a `<style>` of 8 KB that is inlined, MJML, which is compiled once (the extra `mjml`), the plain one
with a calendar that invites, and the plain one signed by a key of the sender's domain (the extra `dkim`).

Each says the same to the same people. A rate is that of the whole command; a step's time is of the processor,
of all processes together. smtp-source sends one fixed message as long: a long one takes the sink its time.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from benchmarks.alike import inbox
from benchmarks.figures import Claim, Result, Series, figure, options, times, told
from benchmarks.installing import LeftOut
from benchmarks.letter import INVITING, LETTER, MARKDOWN, MJML, STYLED
from benchmarks.profile import ROOMS, SENDING, WORKERS, Seen, look, nothing_seen
from benchmarks.senders import constant, run
from benchmarks.setting import COLUMNS, Desk, desk, person
from benchmarks.signing import DOMAIN, KEY, SELECTOR
from benchmarks.sink import sink
from benchmarks.throughput import ratio
from sendbatch.campaign.loading import load_campaign
from sendbatch.message.compose import Composer
from sendbatch.message.reading import read_content
from sendbatch.values import Recipient

PEOPLE = 20_000
SAMPLE = 20  # messages whose length is looked at
PLAIN = "plain"
KINDS = {
    PLAIN: LETTER,
    "Markdown, two pictures": MARKDOWN,
    "8 KB of styles": STYLED,
    "MJML": MJML,
    "an invitation": INVITING,
    "signed, RSA of 2048 bits": replace(LETTER, signed="rsa"),
    "signed, Ed25519": replace(LETTER, signed="ed25519"),
}
SIGNED_LEAST = 2_000.0  # messages/s and core
COMPOSED = 2_000  # messages that are signed where nothing else is done


@dataclass(slots=True)
class Kind:
    """One letter, and what was measured of it."""

    desk: Desk
    length: int = 0  # bytes of a message without its headers
    signed_alone: float = 0.0  # messages/s and core, composed and signed, where nothing else is done
    rate: Series = field(default_factory=lambda: Series("", "messages/s"))
    cpu: Series = field(default_factory=lambda: Series("", "µs"))
    constant: Series = field(default_factory=lambda: Series("", "messages/s"))
    seen: dict[str, Seen] = field(default_factory=nothing_seen)

    def steps(self) -> Counter[str]:
        """Microseconds a message, by step, and by process."""
        counted = Counter({name: seen.rooms.total() for name, seen in self.seen.items()})
        scale = min(self.cpu.values) / counted.total()
        for seen in self.seen.values():
            counted.update(seen.rooms)
        return Counter({name: seconds * scale for name, seconds in counted.items()})


def measure(people: int = PEOPLE, runs: int = 3, functions: int = 0) -> Result:
    """`functions` is of how many functions of each letter the time is told too."""
    left_out: list[str] = []
    with ExitStack() as open_, sink() as server:
        kinds = {
            name: Kind(open_.enter_context(desk(people, letter))) for name, letter in KINDS.items()
        }
        for name, one in list(kinds.items()):
            try:
                _look_at_first(one)
            except SystemExit as why:
                if name == PLAIN:
                    raise
                del kinds[name]
                left_out.append(f"{name}: {_fault(str(why.code))}")
        for number in range(runs):
            for name, one in kinds.items():
                told(number, runs, name)
                sent = run(one.desk, server.port, people)
                one.rate.values.append(sent.rate)
                one.cpu.values.append(sent.cpu)
                _constant(one, server.port, people, left_out)
        for name, one in kinds.items():
            told(0, 1, f"{name}, looked at")
            look(one.desk, one.seen)
    title = f"Other letters: {people:,} recipients to {server.name}, {times(runs)}"
    claims = [_claim(name, one) for name, one in kinds.items() if one.desk.signed]
    return Result(title, _rows(kinds, functions), claims, left_out)


def _claim(name: str, one: Kind) -> Claim:
    """Of what a worker does; and of the whole command, by the processor's time of all its processes."""
    whole = figure(1e6 / min(one.cpu.values))
    measured = f"{figure(one.signed_alone)}, and {whole} of the whole command"
    what = f"messages/s and core, composed and {name}"
    return Claim(what, figure(SIGNED_LEAST), measured, one.signed_alone >= SIGNED_LEAST)


def _look_at_first(one: Kind) -> None:
    """How long the first messages are, the mean; and how fast such a one is signed."""
    main = one.desk
    with inbox() as (port, taken):
        main.forget()
        main.through(port)
        main.call("run", "--limit", str(SAMPLE))
    one.length = round(statistics.mean(len(raw.partition(b"\r\n\r\n")[2]) for raw in taken.kept))
    if main.signed:
        one.signed_alone = _signed_alone(main)


def _signed_alone(main: Desk) -> float:
    """How many messages one core composes and signs in a second of the processor, as a worker does."""
    from sendbatch.message.dkim.keys import SigningKey, private_key

    key = private_key((main.folder / KEY).read_bytes())
    signing = SigningKey(DOMAIN, SELECTOR, key.algorithm, key.der)
    content = read_content(load_campaign(main.campaign))
    composer = Composer(content, COLUMNS, b"salt", keys=(signing,))
    rows = [person(number) for number in range(COMPOSED)]
    people = [Recipient(number, number, row[0], row[0], row) for number, row in enumerate(rows)]
    composer.compose(people[0], 0.0)  # what is done once
    began = time.process_time()
    for one in people:
        composer.compose(one, 0.0)
    return COMPOSED / (time.process_time() - began)


def _fault(said: str) -> str:
    """What is wrong, without the place in a folder that is gone by then."""
    lines = said.splitlines()
    faults = (line.partition("error: ")[2] for line in lines if "error: " in line)
    return next(faults, lines[-1])


def _constant(one: Kind, port: int, people: int, left_out: list[str]) -> None:
    try:
        one.constant.values.append(constant(port, people, one.length)().rate)
    except LeftOut as reason:
        if f"smtp-source: {reason}" not in left_out:
            left_out.append(f"smtp-source: {reason}")


def _rows(kinds: dict[str, Kind], functions: int) -> list[tuple[str, ...]]:
    all_, plain = list(kinds.values()), kinds[PLAIN]
    rows = [
        ("", *kinds),
        ("messages/s", *(figure(one.rate.median) for one in all_)),
        ("spread", *(one.rate.spread for one in all_)),
        ("beside the plain letter", *(f"{ratio(one.rate, plain.rate):.2f} ×" for one in all_)),
        ("bytes without headers", *(f"{one.length:,}" for one in all_)),
    ]
    if all(one.constant.values for one in all_):
        rows.append(("smtp-source as long", *(figure(one.constant.median) for one in all_)))
    if any(one.signed_alone for one in all_):
        told_alone = (figure(one.signed_alone) if one.signed_alone else "" for one in all_)
        rows.append(("composed and signed by one core, messages/s", *told_alone))
    rows.append(("CPU, µs a message", *(figure(min(one.cpu.values)) for one in all_)))
    steps = [one.steps() for one in all_]
    for name in (SENDING, WORKERS, *ROOMS):
        if any(step[name] >= 0.05 for step in steps):
            shown = {SENDING: "in the sending process", WORKERS: "in workers"}.get(name, name)
            rows.append((shown, *map(_share, (step[name] for step in steps), all_)))
    for (name, one), step in zip(kinds.items(), steps, strict=True):
        rows += _dearest(name, one, step.total() / 2, functions, len(all_))
    return rows


def _share(cost: float, one: Kind) -> str:
    whole = min(one.cpu.values)
    return f"{figure(cost)} ({cost / whole:.0%})" if cost >= 0.05 else ""


def _dearest(
    name: str, one: Kind, whole: float, functions: int, width: int
) -> list[tuple[str, ...]]:
    counted: Counter[tuple[str, str]] = Counter()
    for process, seen in one.seen.items():
        counted.update({(process, function): spent for function, spent in seen.functions.items()})
    scale = whole / counted.total()
    return [
        (f"{name}: {process}: {function}", figure(spent * scale), *[""] * (width - 1))
        for (process, function), spent in counted.most_common(functions)
    ]


if __name__ == "__main__":
    parser = options(__doc__, PEOPLE)
    parser.add_argument(
        "--functions", type=int, default=0, metavar="N", help="tell the dearest N too, of each"
    )
    given = parser.parse_args()
    measure(given.people, given.runs, given.functions).show()
