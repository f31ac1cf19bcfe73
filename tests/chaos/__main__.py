"""`make chaos`: a thousand kills, or power cuts, and what became of every recipient."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom

from tests.chaos.cloned import Cloned
from tests.chaos.killing import Campaign, Setting, Tally, some_setting
from tests.chaos.nest import Nest
from tests.chaos.power import PowerCuts, in_memory
from tests.chaos.recording import BEHIND
from tests.chaos.shared import keep, kept, one_campaign
from tests.chaos.steps import STEPS
from tests.chaos.through_postfix import postfix

KILLS_A_CAMPAIGN = 12
MOST_EVENTS = 60  # of one campaign on many machines
MOST_CLONED = 1500  # people of a campaign whose record is in the repository


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, help="1000, with --git 200")
    parser.add_argument("--people", type=int, default=5000, help="in the largest campaign")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    parser.add_argument("--at-once", type=int, default=2, help="campaigns side by side")
    parser.add_argument("--postfix", action="store_true", help="against a real Postfix")
    parser.add_argument("--git", action="store_true", help="with the record in the repository")
    parser.add_argument("--postgres", action="store_true", help="many machines over one record")
    parser.add_argument("--go-on", type=Path, metavar="FILE", help="where a call with --postgres ended")
    parser.add_argument("--power-cuts", type=int, help="so many of these, and no kills")
    asked = parser.parse_args()
    asked.kills = asked.kills or (200 if asked.git else 1000)
    print(f"seed {asked.seed}", flush=True)
    started = time.monotonic()
    tally = Tally()
    if asked.power_cuts:
        _cut(asked, tally, started)
    elif asked.postfix:
        with postfix() as kind:
            _kill(kind, asked, 1, tally, started)
    elif asked.git:
        _kill(Cloned, asked, asked.at_once, tally, started)
    elif asked.postgres:
        tally = _shared(asked, tally, started)
    else:
        _kill(Campaign, asked, asked.at_once, tally, started)
    if asked.git or asked.postgres:
        print("\n".join(f"  {n:5}  {what}" for what, n in sorted((tally.steps + tally.tried).items())))
    elif not asked.power_cuts:
        print(_told_of_steps(tally))
    for text in tally.wrong[:50]:
        print(f"WRONG  {text}")
    return 1 if tally.wrong else 0


def _kill(
    kind: type[Campaign], asked: argparse.Namespace, at_once: int, tally: Tally, started: float
) -> None:
    seeds = Random(asked.seed)
    with ThreadPoolExecutor(at_once) as threads:
        while tally.kills < asked.kills:
            waiting = [
                threads.submit(_campaign, kind, Random(seeds.random()), asked.people, tally)
                for _ in range(at_once)
            ]
            for one in waiting:
                one.result()
            print(_told(tally, started), flush=True)


def _shared(asked: argparse.Namespace, tally: Tally, started: float) -> Tally:
    """Some campaigns at once, each of many machines; then it is written down how far it came."""
    number = 0
    if asked.go_on is not None and asked.go_on.exists():
        number, asked.seed, tally = kept(asked.go_on)
        print(f"goes on with seed {asked.seed}, behind campaign {number}", flush=True)
    with Nest.built() as nest, ThreadPoolExecutor(asked.at_once) as threads:
        while tally.kills < asked.kills:
            events = min(MOST_EVENTS, -(-(asked.kills - tally.kills) // asked.at_once))
            before = len(tally.wrong)
            waiting = [
                threads.submit(one_campaign, nest, Random(f"{asked.seed} {number + n + 1}"), tally, events)
                for n in range(asked.at_once)
            ]
            for one in waiting:
                one.result()
            number += asked.at_once
            print(_told(tally, started).replace("kills", "events", 1), flush=True)
            print("".join(f"WRONG  {text}\n" for text in tally.wrong[before:]), end="", flush=True)
            if asked.go_on is not None:
                keep(asked.go_on, number, asked.seed, tally)
    return tally


def _cut(asked: argparse.Namespace, tally: Tally, started: float) -> None:
    """In campaigns that are small: what can happen between two messages does not depend on their number."""
    seeds = Random(asked.seed)
    while tally.cuts < asked.power_cuts:
        random = Random(seeds.random())
        setting = Setting(
            random.randint(2, 60), random.randint(1, 6), tls=False, behind=random.choice(BEHIND[:3])
        )
        with in_memory() as folder:
            PowerCuts(folder, setting, random, tally).survive(random.randint(0, 3))
        print(
            f"{tally.cuts:,} power cuts, {tally.states:,} states of the disk, in {tally.runs} runs of "
            f"{tally.campaigns} campaigns to {tally.recipients:,} people: {len(tally.wrong)} wrong "
            f"({time.monotonic() - started:.0f} s)",
            flush=True,
        )


def _campaign(kind: type[Campaign], random: Random, most_people: int, tally: Tally) -> None:
    setting = some_setting(random, most_people)
    if kind is Cloned:
        # enough for some blocks, each of which may be in doubt after a kill
        setting = replace(setting, people=random.randint(200, min(most_people, MOST_CLONED)))
    elif kind is not Campaign:
        setting = replace(setting, tls=True)  # Postfix takes a login only after STARTTLS
    with tempfile.TemporaryDirectory(prefix="sendbatch-chaos-") as folder:
        kind(Path(folder), setting, random, tally).survive(KILLS_A_CAMPAIGN)


def _told(tally: Tally, started: float) -> str:
    return (
        f"{tally.kills} kills in {tally.runs} runs of {tally.campaigns} campaigns to "
        f"{tally.recipients:,} people: {len(tally.wrong)} wrong, {tally.in_doubt} left in doubt "
        f"({time.monotonic() - started:.0f} s)"
    )


def _told_of_steps(tally: Tally) -> str:
    """How often a run was killed at each, and which could not be told of here or never came."""
    names = [step.name for step in STEPS]
    told = (f"  {tally.steps[name]:5} of {tally.tried[name]:5}  {name}" for name in names)
    return "\n".join(["killed, of all runs that were to be", *told])


if __name__ == "__main__":
    sys.exit(main())
