"""report.json: the record for machines. Totals and groups, and everyone who needs attention.

Those who have the mail are counted, not listed: report.csv lists them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from sendbatch.errors import as_json, json_escaped
from sendbatch.ledger.reach import REACH
from sendbatch.message.identity import short
from sendbatch.reports.report import Report, statuses_of
from sendbatch.reports.rows import COLUMNS, describer, timestamp
from sendbatch.reports.tally import Tally
from sendbatch.reports.variants import OF_VARIANTS
from sendbatch.values import Status

FORMAT = 1  # raised when a reader of the last one would go wrong


def write(report: Report, out: TextIO) -> None:
    """One JSON object, in which those who need attention are streamed; nobody is told of as *sending* where
    no run is under way."""
    tally = report.tally if report.live else report.tally.settled
    _write(_head(report, tally), _attention(report), out)


def _head(report: Report, tally: Tally) -> dict[str, object]:
    """All but the recipients."""
    store = report.reading
    return {
        "format": FORMAT,
        "campaign": store.meta("name"),
        "run": store.meta("run") or None,
        "server": store.meta("server"),
        "reach": store.meta(REACH) or None,
        "under_way": report.live,
        "totals": _totals(tally, live=report.live),
        "timings": {
            "first_attempt_at": timestamp(tally.first_attempt_at),
            "finished_at": timestamp(tally.finished_at),
            "seconds": _rounded(tally.seconds),
            "messages_per_second": _rounded(tally.messages_a_second),
        },
        "replies": [
            {
                "code": group.code,
                "enhanced_code": group.enhanced,
                "reply": group.text,
                "recipients": group.recipients,
            }
            for group in tally.replies
        ],
        "contents": [
            {"content": short(digest), "recipients": number} for digest, number in tally.contents
        ],
        "variants": [
            {
                "variant": one.name,
                "subject": one.subject,
                "content": short(one.content),
                "recipients": one.recipients,
                **{str(status): one.totals.get(status, 0) for status in OF_VARIANTS},
            }
            for one in tally.variants
        ],
        "servers": [{"server": name, "accepted": number} for name, number in tally.servers],
        "approvals": [one._asdict() for one in tally.approvals.known],
        "last_run_approved": tally.approvals.of_last_run,
        "events": [
            {"at": timestamp(event.at), "kind": event.kind, "detail": event.detail}
            for event in store.events()
        ],
    }


def _write(head: dict[str, object], attention: Iterator[dict[str, object]], out: TextIO) -> None:
    """Streams what json.dump would hold as a whole."""
    out.write(as_json(head, indent=2).removesuffix("\n}"))
    out.write(',\n  "attention": [')
    separator = "\n    "
    for recipient in attention:
        out.write(separator + json_escaped(_encoded(recipient)))
        separator = ",\n    "
    out.write("]\n}\n" if separator == "\n    " else "\n  ]\n}\n")


# json.dumps would make an encoder for each recipient
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def _totals(tally: Tally, *, live: bool) -> dict[str, int]:
    """Every status, so that a reader need not know which may be left out; *sending* where a run is under
    way."""
    statuses = (status for status in Status if live or status is not Status.SENDING)
    return {str(status): tally.totals.get(status, 0) for status in statuses}


def _attention(report: Report) -> Iterator[dict[str, object]]:
    describe = describer(report.reading)
    for told in report.reading.report_rows(statuses_of(report)):
        yield dict(zip(COLUMNS, describe(told), strict=True))


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
