"""Rules of files, and of the call."""

from __future__ import annotations

from sendbatch.findings import Rule

from ..case import SOUND, Case, html, keys, people

CASES: list[Case] = [
    Case(Rule.UNREADABLE_FILE, keys(templates="letter.htm"), keys(templates="letter.html")),
    Case(Rule.EMPTY_FILE, {"letter.html": " \n"}, {"letter.html": "."}),
    Case(Rule.FILE_TOO_LARGE, html("x" * 8_000_000), html("x" * 100_000)),
    Case(Rule.NOT_UTF_8, {"letter.txt": "Grüße".encode("latin-1")}, {"letter.txt": "Grüße"}),
    Case(
        Rule.UNKNOWN_ENCODING,
        keys(recipients="{file: people.csv, encoding: latin9000}"),
        keys(recipients="{file: people.csv, encoding: latin-1}"),
    ),
    Case(
        Rule.SPREADSHEET,
        keys(recipients="people.xlsx") | {"people.xlsx": b"PK\3\4" + b"\0" * 200},
        keys(recipients="people.xlsx.csv") | {"people.xlsx.csv": SOUND["people.csv"]},
    ),
    Case(Rule.UNUSED_SETTING, {}, {}, {"prodcut": "x"}),
    Case(Rule.SET_ON_COLUMN, {}, people("ada@example.com,A,b", head="email,name,x"), {"name": "x"}),
]
