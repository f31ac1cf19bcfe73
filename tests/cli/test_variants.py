"""Variants of the subject by the command: who got which is told for good, whatever becomes of the list."""

from __future__ import annotations

import csv
import json

import pytest

from sendbatch.message.variants import Variants
from tests.kit.command import Desk, address_of
from tests.kit.mailhost import MailHost
from tests.kit.server import End

OF_ONE = 'subject: "{{ first_name }}, spring is here"'
LIST = 'subject: ["{{ first_name }}, spring is here", "News, {{ first_name }}"]'
STARTS = {"A": "X, spring", "B": "News, X", "C": "Third"}
ADDRESSES = [f"p{number}@example.com" for number in range(20)]
TWO = Variants("spring", ("a", "b"))


@pytest.fixture
def variants(desk: Desk) -> Desk:
    desk.write("people.csv", "email,first_name\n" + "".join(f"{one},X\n" for one in ADDRESSES))
    desk.write("spring.txt", "Hello {{ first_name }}, {{ product }}: {{ variant }}\n")
    desk.campaign((OF_ONE, LIST))
    return desk


def told(desk: Desk) -> dict[str, str]:
    out = desk.run("report", "spring.yaml", "--format", "csv").out
    return {row["key"]: row["variant"] for row in csv.DictReader(out.splitlines())}


def sent(desk: Desk) -> dict[str, str]:
    return {address_of(mail): str(mail["Subject"]) for mail in desk.kept()}


def test_the_report_says_who_got_which_subject(variants: Desk) -> None:
    variants.run("run", "spring.yaml", "--yes").ended(0)
    found, subjects = told(variants), sent(variants)
    assert found == {address: TWO.name_of(address) for address in ADDRESSES}
    assert all(subjects[address].startswith(STARTS[name]) for address, name in found.items())
    document = json.loads(variants.run("report", "spring.yaml", "--format", "json").out)
    assert [(one["variant"], one["recipients"], one["accepted"]) for one in document["variants"]] == [
        (name, number, number)
        for name, number in (("A", [*found.values()].count("A")), ("B", [*found.values()].count("B")))
    ]
    said = variants.run("report", "spring.yaml").out
    assert "Variants of the subject\n  A  accepted" in said


def test_who_is_not_sent_to_yet_has_no_variant_and_gets_theirs_later(variants: Desk) -> None:
    variants.run("run", "spring.yaml", "--yes", "--limit", "5").ended(0)
    assert [*told(variants).values()][5:] == [""] * 15
    rows = [f"{one},X\n" for one in reversed(ADDRESSES)]
    variants.write("people.csv", "email,first_name\n" + "".join(rows))
    variants.run("run", "spring.yaml", "--yes").ended(0)
    assert told(variants) == {address: TWO.name_of(address) for address in ADDRESSES}


def test_the_plan_counts_them_and_a_proof_shows_each(variants: Desk) -> None:
    said = variants.run("plan", "spring.yaml").ended(0).said
    number = [TWO.name_of(address) for address in ADDRESSES].count("A")
    assert f"  subject: A “{{{{ first_name }}}}, spring is here” {number}, B “News" in said
    variants.run("proof", "spring.yaml", "--to", "me@example.com", "--count", "2").ended(0)
    subjects = {str(mail["Subject"]).partition("] ")[2] for mail in variants.proofs()}
    assert subjects == {"X, spring is here", "News, X"}


def test_a_name_in_any_of_the_subjects_is_a_column_or_a_variable(variants: Desk) -> None:
    variants.campaign((OF_ONE, 'subject: [News, "{{ first_nam }}"]'))
    said = variants.run("check", "spring.yaml").ended(2).said
    assert "first_nam is not a column or a variable" in said
    assert "did you mean first_name?" in said


def test_the_path_of_a_template_does_not_depend_on_it(variants: Desk) -> None:
    variants.write("springA.html", "<p>x</p>")
    variants.campaign((OF_ONE, LIST), ("html: spring.html", "html: spring{{ variant }}.html"))
    said = variants.run("check", "spring.yaml").ended(2).said
    assert "templates.html: variant is not a column or a variable" in said


def test_who_has_the_mail_keeps_their_variant_when_the_list_changes(variants: Desk) -> None:
    variants.run("run", "spring.yaml", "--yes", "--limit", "8").ended(0)
    variants.campaign((OF_ONE, LIST.replace("]", ", Third]")))
    variants.run("run", "spring.yaml", "--yes", "--accept-changes").ended(0)
    three = Variants("spring", ("a", "b", "c"))
    meant = {one: (TWO if one in ADDRESSES[:8] else three).name_of(one) for one in ADDRESSES}
    assert told(variants) == meant
    subjects = sent(variants)
    assert all(subjects[address].startswith(STARTS[name]) for address, name in meant.items())
    document = json.loads(variants.run("report", "spring.yaml", "--format", "json").out)
    assert [one["variant"] for one in document["variants"]] == [*"AB", *"ABC"]
    assert sum(one["recipients"] for one in document["variants"]) == 20
    assert variants.run("report", "spring.yaml").out.count("Variants of the subject of content") == 2


def became(desk: Desk, status: str) -> dict[str, int]:
    """How many of each variant stand so."""
    document = json.loads(desk.run("report", "spring.yaml", "--format", "json").out)
    return {one["variant"]: one[status] for one in document["variants"]}


def test_whoever_is_refused_for_now_gets_their_own_subject_when_tried_again(
    variants: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(variants, (OF_ONE, LIST))
    grey, refused = ADDRESSES[:4], ADDRESSES[4]
    mailhost.after = dict.fromkeys(grey, b"451 4.7.1 greylisted, come again\r\n")
    mailhost.answers[refused] = "450 4.2.1 not now"
    variants.run("run", "spring.yaml", "--yes", "--no-wait").ended(1)
    assert told(variants) == {
        one: "" if one == refused else TWO.name_of(one) for one in ADDRESSES
    }
    names = [TWO.name_of(one) for one in grey]
    assert became(variants, "deferred") == {name: names.count(name) for name in "AB"}
    assert "  sent none of these: deferred 1\n" in variants.run("report", "spring.yaml").out

    mailhost.after.clear()
    mailhost.answers.clear()
    variants.run("run", "spring.yaml", "--yes", "--retry", "deferred").ended(0)
    assert told(variants) == {one: TWO.name_of(one) for one in ADDRESSES}
    subjects = {address_of(mail): str(mail["Subject"]) for mail in mailhost.mails}
    assert len(mailhost.mails) == len(subjects) == 20
    assert all(subjects[one].startswith(STARTS[TWO.name_of(one)]) for one in ADDRESSES)
    assert not any(became(variants, "deferred").values())


def test_who_is_in_doubt_has_a_variant_and_keeps_it_whatever_a_person_says(
    variants: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(variants, (OF_ONE, LIST))
    arrived, lost = ADDRESSES[0], ADDRESSES[1]
    mailhost.after = {one: [End.CLOSE] for one in (arrived, lost)}
    variants.run("run", "spring.yaml", "--yes").ended(1)
    names = [TWO.name_of(one) for one in (arrived, lost)]
    assert became(variants, "in_doubt") == {name: names.count(name) for name in "AB"}

    mailhost.after.clear()
    variants.run("resolve", "spring.yaml", arrived, "--as", "accepted").ended(0)
    variants.run("resolve", "spring.yaml", lost, "--as", "pending")
    assert told(variants)[arrived] == TWO.name_of(arrived)
    variants.run("run", "spring.yaml", "--yes").ended(0)
    assert told(variants) == {one: TWO.name_of(one) for one in ADDRESSES}
    assert sum(became(variants, "accepted").values()) == 20
    (again,) = [mail for mail in mailhost.mails if address_of(mail) == lost]
    assert str(again["Subject"]).startswith(STARTS[TWO.name_of(lost)])
    assert arrived not in [address_of(mail) for mail in mailhost.mails]


def test_a_row_that_fails_by_its_subject_says_which_variant(variants: Desk) -> None:
    variants.campaign((OF_ONE, 'subject: ["{{ first_name }}", "{{ first_name|float }}"]'))
    variants.run("run", "spring.yaml", "--yes")
    rows = variants.rows().values()
    failed = {row["key"]: row["reason"] for row in rows if row["status"] == "failed"}
    assert failed.keys() <= {one for one in ADDRESSES if TWO.name_of(one) == "B"}
    assert failed
    assert all("subject B: " in reason for reason in failed.values())


def test_a_subject_that_nobody_gets_is_told_as_what_it_is(variants: Desk) -> None:
    of_b = next(one for one in ADDRESSES if TWO.name_of(one) == "B")
    variants.write("people.csv", f"email,first_name\n{of_b},X\n")
    said = variants.run("check", "spring.yaml").ended(0).said
    assert "hint: subject: chance gives nobody A “{{ first_name }}, spring is here”" in said
