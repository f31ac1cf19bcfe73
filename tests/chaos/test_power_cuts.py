"""A power cut at any moment: what the disk may hold then tells of everybody what the server knows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.chaos.cuts import Image, Trace
from tests.chaos.killing import Setting, Tally
from tests.chaos.power import Left, PowerCuts, in_memory, opened
from tests.kit.disk import CannotBeWatched, Disk, library
from tests.kit.thoroughness import IN_CI
from tests.kit.tools import skip_or_fail

LEDGER = Path(__file__).parents[1] / "ledger"
TAKEN = 0.5 if IN_CI else 0.25  # the share of the cuts of a take-over that are looked at
OLD = sorted(LEDGER.glob("version_*/record.sql"))
TAKEN_OVER = """\
import sys
from pathlib import Path
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import open_record
from sendbatch.runtime.stop import Stop
folder = RecordFolder(Path(sys.argv[1]).parent, Path(sys.argv[1]).name)
with open_record(folder, since="now", holder="a test", now=lambda: 2e9, stop=Stop()) as record:
    record.recover(2e9)
"""


@pytest.fixture(scope="module", autouse=True)
def _watched() -> None:
    try:
        library()
    except CannotBeWatched as error:
        skip_or_fail(str(error))


class Some(PowerCuts):
    goes_on, share = 1, 0.4 if IN_CI else 0.2


def test_no_cut_of_a_run_loses_anybody_or_mails_anybody_twice() -> None:
    """Killed once on the way, with refusals, retries, doubts and checkpoints."""
    setting, tally = Setting(people=12, connections=2, tls=False, behind="taken"), Tally()
    with in_memory() as folder:
        Some(folder, setting, Random(1), tally).survive(1)
    assert tally.wrong == []
    assert tally.states > 375 * Some.share


@pytest.mark.parametrize("dump", OLD, ids=lambda dump: dump.parent.name)
def test_no_cut_of_the_take_over_of_an_older_record_changes_what_it_tells(dump: Path) -> None:
    with in_memory() as folder:
        record = folder / "reports" / "spring"
        record.mkdir(parents=True)
        with closing(sqlite3.connect(record / "ledger.sqlite")) as db:
            db.executescript(dump.read_text(encoding="utf-8"))
        old = (record / "ledger.sqlite").read_bytes()
        before: Image = {
            "reports": None,
            "reports/spring": None,
            "reports/spring/ledger.sqlite": old,
        }
        expected = opened(before, folder / "cut", "spring")
        assert isinstance(expected, Left)
        disk = Disk(folder, folder / "trace")
        subprocess.run(
            [sys.executable, "-c", TAKEN_OVER, record],
            env=dict(os.environ) | disk.environ(),
            check=True,
        )
        random, seen = Random(1), set()
        for cut in Trace(folder, "reports", before).cuts(disk.events(), random):
            if cut.key in seen or random.random() >= TAKEN:
                continue
            seen.add(cut.key)
            left = opened(cut.image(), folder / "cut", "spring")
            assert isinstance(left, Left), f"{cut}: {left}"
            assert left.statuses == left.seen == expected.statuses, str(cut)
    assert len(seen) > 60 * TAKEN
