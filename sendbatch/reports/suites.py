"""JUnit XML, which CI systems show as tests, by the schema that Jenkins has published and that GitLab and
others read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TextIO, TypeAlias
from xml.etree import ElementTree as ET

from sendbatch.errors import one_line

MOST_DATA = 500  # characters of a name or a message

Element: TypeAlias = Literal["failure", "error", "skipped"]


class Case(NamedTuple):
    """One test: it has passed where `element` is None. `message` says why it has not, `kind` of which
    kind that is, `text` more of it; `said` is what a test that passed has to say."""

    name: str
    element: Element | None = None
    message: str = ""
    kind: str = ""
    text: str = ""
    said: str = ""


class Suite(NamedTuple):
    """Tests of one thing. `began` in seconds since the epoch."""

    name: str
    cases: Sequence[Case]
    seconds: float = 0.0
    began: float | None = None


def write_suites(name: str, suites: Sequence[Suite], out: TextIO) -> None:
    """One document. Characters that XML cannot carry are shown as "�"."""
    everything = [case for suite in suites for case in suite.cases]
    seconds = sum(suite.seconds for suite in suites)
    root = ET.Element("testsuites", _counted(name, everything, seconds))
    for suite in suites:
        _add(root, suite)
    ET.indent(root)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(ET.tostring(root, encoding="unicode") + "\n")


def _add(root: ET.Element, suite: Suite) -> None:
    timed = {"timestamp": _second(suite.began)} if suite.began is not None else {}
    skipped = {"skipped": str(_number(suite.cases, "skipped"))}
    counted = _counted(suite.name, suite.cases, suite.seconds)
    parent = ET.SubElement(root, "testsuite", counted | skipped | timed)
    for case in suite.cases:
        named = {"classname": one_line(suite.name, MOST_DATA), "name": one_line(case.name, MOST_DATA)}
        element = ET.SubElement(parent, "testcase", named)
        if case.element is not None:
            attributes = {"message": one_line(case.message, MOST_DATA)}
            if case.element != "skipped":
                attributes["type"] = one_line(case.kind, MOST_DATA)
            ET.SubElement(element, case.element, attributes).text = _lines(case.text)
        if case.said:
            ET.SubElement(element, "system-out").text = _lines(case.said)


def _counted(name: str, cases: Sequence[Case], seconds: float) -> dict[str, str]:
    return {
        "name": one_line(name, MOST_DATA),
        "tests": str(len(cases)),
        "failures": str(_number(cases, "failure")),
        "errors": str(_number(cases, "error")),
        "time": f"{seconds:.3f}",
    }


def _number(cases: Sequence[Case], element: Element) -> int:
    return sum(case.element == element for case in cases)


def _lines(text: str) -> str | None:
    return "\n".join(map(one_line, text.split("\n"))) or None


def _second(at: float) -> str:
    """As the schema has it: UTC, without saying so."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"
