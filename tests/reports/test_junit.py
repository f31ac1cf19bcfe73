"""The record as JUnit XML."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from sendbatch.reports.junit import MOST_ALONE, MOST_GROUPS, write
from sendbatch.reports.tally import take
from sendbatch.values import Status
from tests.reports.conftest import Record

# The schema that Jenkins has published (junit-10.xsd), as far as it is used: element -> attributes, children.
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        ["testcase"],
    ),
    "testcase": ({"classname", "name"}, ["skipped", "error", "failure", "system-out"]),
    "skipped": ({"message"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
}


def document(record: Record, title: str = "spring") -> ET.Element:
    out = io.StringIO()
    write(record.report(title), out)
    return hold(out.getvalue())


def hold(text: str) -> ET.Element:
    """The document; raises AssertionError where the schema does not take it."""
    root = ET.fromstring(text)
    _hold(root)
    return root


def _hold(element: ET.Element) -> None:
    attributes, children = SCHEMA[element.tag]
    assert set(element.attrib) <= attributes
    assert all(child.tag in children for child in element)
    if element.tag == "testsuite":
        for counted, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(counted, "")) == len(element.findall(f".//{tag}"))
        assert int(element.get("tests", "")) == len(element.findall("testcase"))
        if (timestamp := element.get("timestamp")) is not None:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", timestamp)
    for child in element:
        _hold(child)


def test_who_needs_attention_is_a_failure_or_an_error_and_all_others_are_one_test(record) -> None:
    for _ in range(50):
        record.add(Status.ACCEPTED, first_attempt_at=1.0, finished_at=3.5)
    record.add(Status.REJECTED, email="jane@example.com", code=550, enhanced="5.1.1", reply="No such user")
    record.add(Status.IN_DOUBT, reason="the connection was lost")
    record.add(Status.SENDING)
    record.add(Status.PENDING)

    (suite,) = document(record)

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "2")
    assert suite.get("time") == "2.500"
    assert suite[0].get("name") == "50 recipients accepted"
    (failure,) = suite.findall("testcase/failure")
    assert failure.get("message") == "550 5.1.1 No such user"
    assert failure.get("type") == "rejected"
    assert "There is no mailbox of this name." in (failure.text or "")
    assert suite[-1].find("skipped") is not None


def test_where_many_have_no_mail_those_with_one_reason_are_one(record) -> None:
    for number in range(MOST_ALONE + 1):
        record.add(Status.REJECTED, code=550, reply="No such user" if number % 2 else "Mailbox full")

    (suite,) = document(record)

    assert suite.get("failures") == "2"
    assert any("101 recipients rejected" in (case.get("name") or "") for case in suite)


def test_a_record_with_thousands_of_reasons_stays_small(record) -> None:
    for number in range(3000):
        record.add(Status.REJECTED, code=550, reply=f"{chr(0x4E00 + number)} {number} {'x' * 400}")

    root = document(record)

    assert len(root[0]) <= MOST_GROUPS + 1
    assert root[0][-1].get("name", "").endswith("more")


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_there_is_whole_xml(title: str, reply: str) -> None:
    record = Record()
    record.add(Status.DEFERRED, email=f"{reply}\x00\ufffe\ud800", code=450, reply=f"{reply}\x1b]]>")
    document(record, title)


def test_an_empty_record_is_a_whole_document(record) -> None:
    assert document(record)[0].get("tests") == "0"


def test_who_is_being_handed_over_while_a_run_goes_on_is_in_no_doubt(record: Record) -> None:
    for _ in range(MOST_ALONE + 2):
        record.add(Status.SENDING)
    out = io.StringIO()

    write(replace(record.report(), tally=take(record, live=True), live=True), out)

    suites = ET.fromstring(out.getvalue())
    assert suites.attrib["errors"] == suites.attrib["failures"] == "0"
    assert [case.attrib["name"] for case in suites.iter("testcase")] == [
        f"{MOST_ALONE + 2} recipients being handed over at this moment"
    ]
    assert document(record).attrib["errors"] != "0"
