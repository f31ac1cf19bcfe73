"""What TLS costs: messages a second of a whole `sendbatch run` over TLS and without, to the same sink.

smtp-sink speaks no TLS, and a whole mail server would be slower than what it is to measure: both go to the
sink of ours. The table says what of the processor the sink takes for a message; while that is less than
what a message takes on the clock, it is not the sink that is measured.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.senders import run
from benchmarks.setting import Desk, called, desk
from benchmarks.sink import Sink, sink
from benchmarks.throughput import ratio

PEOPLE = 30_000
LEAST = 0.8
WHAT = "messages/s over TLS, beside those without"
TICK = os.sysconf("SC_CLK_TCK")


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    title = f"TLS: {people:,} recipients to our own sink, {times(runs)}"
    if shutil.which("openssl") is None:
        claim = Claim(
            WHAT, f"{LEAST} ×", "not measured: there is no openssl to make a certificate", None
        )
        return Result(title, [("connection", "messages/s")], [claim])
    plain, tls = Series("plain", "messages/s"), Series("TLS", "messages/s")
    cpu: dict[str, tuple[Series, Series]] = {
        one.name: (Series("ours", "µs"), Series("the sink's", "µs")) for one in (plain, tls)
    }
    with desk(people) as main:
        certificate = _certificate(main)
        with sink(own=True) as one, sink(certificate=certificate) as other:
            for number in range(runs):
                for series, server, ca in ((plain, one, None), (tls, other, certificate[0])):
                    told(number, runs, series.name)
                    before = _taken(server)
                    sent = run(main, server.port, people, ca=ca)
                    series.values.append(sent.rate)
                    ours, sinks = cpu[series.name]
                    ours.values.append(sent.cpu)
                    sinks.values.append((_taken(server) - before) / people * 1e6)
    rows = [("connection", "messages/s", "spread", "CPU, µs a message", "the sink's CPU, µs")]
    for one_way in (plain, tls):
        ours, sinks = (figure(min(series.values)) for series in cpu[one_way.name])
        rows.append((one_way.name, figure(one_way.median), one_way.spread, ours, sinks))
    factor = ratio(tls, plain)
    return Result(title, rows, [Claim(WHAT, f"{LEAST} ×", f"{factor:.2f} ×", factor >= LEAST)])


def _certificate(main: Desk) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody else trusts, and its key."""
    made = main.folder / "certificate.pem", main.folder / "key.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048",
               "-days", "2", "-subj", "/CN=sink", "-addext", "subjectAltName=IP:127.0.0.1",
               "-out", str(made[0]), "-keyout", str(made[1])]  # fmt: skip
    called(command, cwd=main.folder)
    return made


def _taken(server: Sink) -> float:
    """CPU seconds of the sink until now; 0 where there is no /proc."""
    try:
        fields = (
            Path(f"/proc/{server.process.pid}/stat")
            .read_text(encoding="ascii")
            .rpartition(")")[2]
            .split()
        )
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
