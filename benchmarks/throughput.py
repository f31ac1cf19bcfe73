"""Messages a second of a whole `sendbatch run`, against other senders in the same minutes.

senders.py tells what each rate is. smtp-source sends a message as long as ours, and once more its own
few lines: the sink takes time for each byte. `--only sendbatch,smtp-source` measures these alone. The
CPU column is the least of all runs: beside other work it is what can still be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks import installing, senders
from benchmarks.figures import Claim, Result, Series, figure, options, times, told
from benchmarks.installing import LeftOut
from benchmarks.letter import UNPLANNED
from benchmarks.senders import OURS, Place, Runner
from benchmarks.setting import desk
from benchmarks.sink import sink

PEOPLE = 50_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One sender: its rates and its processor time, a value a run."""

    rate: Series
    cpu: Series


def measure(people: int = PEOPLE, runs: int = 3, only: Sequence[str] = ()) -> Result:
    """Alternating runs of sendbatch and every peer that can be had; `only` names keys of senders.ALL."""
    with desk(people) as main, desk(people, UNPLANNED) as unplanned, sink() as server:
        runners, left_out = _runners(Place(main, unplanned, server.port, people), only)
        found = {
            key: Measured(Series(senders.ALL[key].name, "messages/s"), Series("", "µs"))
            for key in runners
        }
        for number in range(runs):
            for key, one in list(found.items()):
                told(number, runs, one.rate.name)
                try:
                    sent = runners[key]()
                except SystemExit as why:
                    if key == OURS:
                        raise
                    del found[key]
                    left_out.append(f"{one.rate.name}: {str(why.code).splitlines()[-1]}")
                    continue
                one.rate.values.append(sent.rate)
                one.cpu.values.append(sent.cpu)
    result = _result(found, left_out, f"{people:,} recipients to {server.name}, {times(runs)}")
    asked = [claim for claim in result.claims if claim.met is not None]
    return replace(result, claims=asked) if only else result


def _runners(place: Place, only: Sequence[str]) -> tuple[dict[str, Runner], list[str]]:
    """Our own command always, for all are compared with it."""
    runners: dict[str, Runner] = {}
    left_out = []
    for key, sender in senders.ALL.items():
        if only and key not in (*only, OURS):
            continue
        try:
            runners[key] = sender.make(place)
        except LeftOut as reason:
            left_out.append(f"{sender.name}: {reason}")
    return runners, left_out


def _result(found: dict[str, Measured], left_out: list[str], setting: str) -> Result:
    ours = found[OURS].rate
    rows = [("sender", "messages/s", "spread", "sendbatch is", "CPU, µs a message")]
    for one in found.values():
        factor = f"{ratio(ours, one.rate):.2f} ×"
        rate = figure(one.rate.median)
        rows.append((one.rate.name, rate, one.rate.spread, factor, figure(min(one.cpu.values))))
    rates = {key: one.rate for key, one in found.items()}
    fixed = ("smtp-source",)
    claims = [
        claim(rates, OURS, fixed, 0.45, 0.55, "one fixed message of 4 KB, no rendering, no record"),
        claim(rates, "unplanned", fixed, 0.30, None, "a letter that cannot be planned"),
        claim(rates, OURS, ("nodemailer",), 7.0, 8.5, "pooled, with nunjucks, ten connections"),
        claim(
            rates, OURS, ("aiosmtplib", "smtplib"), 21.0, 26.0, "a loop of Jinja2 and EmailMessage"
        ),
    ]
    bars = [
        (rate.name, senders.ALL[key].remark, rate.median)
        for key, rate in rates.items()
        if senders.ALL[key].remark
    ]
    return Result(f"Throughput: {setting}", rows, claims, left_out, bars, installing.versions())


def ratio(ours: Series, peer: Series) -> float:
    """How many times the peer's rate ours is: the median over runs, each with its own neighbour."""
    pairs = zip(ours.values, peer.values, strict=True)
    return Series("", "", [mine / other for mine, other in pairs]).median


def claim(
    rates: dict[str, Series],
    mine: str,
    peers: Sequence[str],
    least: float,
    aim: float | None,
    what: str,
) -> Claim:
    """That `mine` is `least` times as fast as the fastest of these peers, with an `aim` beyond it."""
    name = f"messages/s against {' or '.join(peers)} ({what})"
    asked, aimed = _factor(least), _factor(aim) if aim else ""
    found = {
        peer: ratio(rates[mine], rates[peer]) for peer in peers if {mine, peer} <= rates.keys()
    }
    if not found:
        return Claim(name, asked, "not measured", None, aimed)
    measured = ", ".join(
        f"{factor:.2f} ×" if len(peers) == 1 else f"{peer} {factor:.1f} ×"
        for peer, factor in found.items()
    )
    worst = min(found.values())
    return Claim(name, asked, measured, worst >= least, aimed, aim is not None and worst >= aim)


def _factor(value: float) -> str:
    return f"{value:.2f} ×" if value < 1 else f"{value:g} ×"


def _main() -> None:
    parser = options(__doc__, PEOPLE)
    parser.add_argument("--only", default="", metavar="NAME,…", help=", ".join(senders.ALL))
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name]
    if unknown := set(only) - senders.ALL.keys():
        parser.error(f"no such sender: {', '.join(sorted(unknown))}")
    measure(given.people, given.runs, only).show()


if __name__ == "__main__":
    _main()
