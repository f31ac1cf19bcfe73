"""What to do about rows for which there is no letter, by what is said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sendbatch.campaign.language.environment import names_in
from sendbatch.campaign.language.paths import as_printed
from sendbatch.errors import one_line
from sendbatch.findings import Finding
from sendbatch.message.content import Content, TextsByRow
from sendbatch.message.locales import IS_NONE
from sendbatch.message.templates import Failed, LineTemplate, with_globals
from sendbatch.message.versions.names import nfc_pieces, values_in

_LISTED = "correct the cell, or add the address to senders"
_ALONE = "leave the address alone in the cell: a name stands before it in from: {{ name }} <{{ address }}>"
_MENDED = "correct the cells, or the expression that is made of them"
_WITH_LOCALE = (
    "correct the cells, write recipients: {defaults: {locale: en}} for empty ones, or say the locale in the "
    "filter"
)
_LED_BY_FALLBACK = "add the file, or correct the cells"
_SAID = re.compile(r"(?:as in row [\d,]+: )?(\S+): (no file for )?")
_USUAL = "en"


def with_ways(findings: Sequence[Finding], content: Content) -> list[Finding]:
    """Each way to mend them is said once, with the last that it helps."""
    ways = [_way(finding.message, content) for finding in findings]
    return [
        replace(finding, hint=way) if way not in ways[number + 1 :] else finding
        for number, (finding, way) in enumerate(zip(findings, ways, strict=True))
    ]


def _way(said: str, content: Content) -> str:
    found = _SAID.match(said)
    if found is not None and f"{found[1]}: " == IS_NONE:
        return _WITH_LOCALE
    if found is not None and found[2] and content.by_row is not None:
        return _of_file(content.by_row)
    if found is not None and found[1] == "from" and " is none of senders: " in said:
        return _ALONE if "<" in said.partition(" is none of senders: ")[0] else _LISTED
    return _MENDED


def _of_file(by_row: TextsByRow) -> str:
    if by_row.fallback:
        return _LED_BY_FALLBACK
    instead = _fallback(by_row)
    written = ", ".join(f"{name}: {one_line(value, 60)}" for name, value in instead.items())
    example = f": fallback: {{{written}}} under templates" if instead else ", by fallback under templates"
    return f"add the file, or say what stands in for such values{example}"


def _fallback(by_row: TextsByRow) -> Mapping[str, str]:
    """One that leads to a file that is there, in English if there is such a one; none where it cannot be told
    as a value for each name."""
    found = [
        instead
        for names in by_row.files
        if (instead := _values_of(by_row, names)) is not None
    ]
    return next((one for one in found if _USUAL in one.values()), found[0] if found else {})


def _values_of(by_row: TextsByRow, names: Sequence[str]) -> dict[str, str] | None:
    """The values of columns and variables that lead to these files."""
    instead: dict[str, str] = {}
    for path, name in zip(by_row.paths.values(), names, strict=True):
        for expression, value in next(values_in(nfc_pieces(path), name), {}).items():
            template = LineTemplate("", as_printed(expression))
            if len(named := [*names_in(template.source)]) != 1:
                return None
            if instead.setdefault(named[0], value) != value:
                return None
            try:
                if template.render(with_globals(instead)) != value:
                    return None
            except Failed:
                return None
    return instead
