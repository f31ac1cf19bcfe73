"""A profile that delivers nothing: a changed text begins the rehearsal anew, and touches no real record."""

from __future__ import annotations

from tests.kit.command import PEOPLE, Desk, dumped, known_to
from tests.kit.mailhost import MailHost

ADA, BJORK, CARL = "ada@example.com", "bjork@example.org", "carl@example.net"
ANEW = "the text changed since 3 were sent it, and none was delivered: the rehearsal begins anew"


def subjects(desk: Desk, record: str = "spring.sandbox") -> list[str]:
    return sorted(str(mail["Subject"]).partition(", ")[2] for mail in desk.kept(record))


def test_a_changed_text_begins_the_rehearsal_anew_and_says_so_in_a_line(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    desk.campaign(("spring is here", "summer is here"))
    told = desk.run("run", "spring.yaml")
    assert told.code == 0
    assert [line.strip() for line in told.err.splitlines() if "anew" in line] == [
        f"{ANEW}, with everyone; the mails kept so far stay in the outbox"
    ]
    assert subjects(desk) == ["spring is here"] * 3 + ["summer is here"] * 3
    assert "spring: all 3 accepted" in told.err
    assert set(desk.statuses().values()) == {"accepted"}
    assert {row["attempts"] for row in desk.rows().values()} == {"1"}
    assert "nothing to send" in desk.run("run", "spring.yaml").err


def test_a_plan_says_that_the_rehearsal_would_begin_anew_and_leaves_the_record(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    before = dumped(desk.record() / "ledger.sqlite")
    desk.write("spring.txt", "Another text.\n")
    told = desk.run("plan", "spring.yaml")
    assert told.code == 0
    assert "spring: 3 to send" in told.out
    assert ANEW in told.out
    assert "since the last plan" not in told.out
    assert dumped(desk.record() / "ledger.sqlite") == before


def test_a_rehearsal_begun_anew_takes_the_csv_as_it_is_now(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    desk.write("spring.txt", "Another text.\n")
    desk.write("people.csv", PEOPLE.replace("carl@example.net,,", "dora@example.net,Dora,"))
    assert desk.run("run", "spring.yaml").code == 0
    assert list(desk.statuses()) == [ADA, BJORK, "dora@example.net"]


def test_a_refused_rehearsal_leaves_what_was_rehearsed(desk: Desk) -> None:
    desk.run("run", "spring.yaml")
    before = known_to(desk.record() / "ledger.sqlite")
    desk.write("spring.txt", "Another text.\n")
    assert desk.run("run", "spring.yaml", "--expect", "99").code == 4
    assert known_to(desk.record() / "ledger.sqlite") == before


def test_changes_accepted_in_a_rehearsal_go_on_with_the_others_as_asked(desk: Desk) -> None:
    desk.run("run", "spring.yaml", "--limit", "1")
    desk.campaign(("spring is here", "summer is here"))
    assert desk.run("run", "spring.yaml", "--accept-changes").code == 0
    assert desk.receivers() == [ADA, BJORK, CARL]


def test_a_rehearsal_touches_no_record_of_mail_that_was_delivered(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes")
    before = dumped(desk.record("spring") / "ledger.sqlite")
    desk.run("run", "spring.yaml", "--smtp", "sandbox")
    desk.write("spring.txt", "Another text.\n")
    assert desk.run("run", "spring.yaml", "--smtp", "sandbox").code == 0
    assert dumped(desk.record("spring") / "ledger.sqlite") == before
    assert desk.run("run", "spring.yaml", "--yes").code == 4
    assert mailhost.receivers == [ADA, BJORK, CARL]


def test_an_edition_that_was_delivered_is_no_rehearsal_though_its_folder_has_that_name(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    desk.run("run", "spring.yaml", "--yes", "--run", "1.sandbox")
    before = known_to(desk.record("spring@1.sandbox") / "ledger.sqlite")
    desk.write("spring.txt", "Another text.\n")
    told = desk.run("run", "spring.yaml", "--run", "1", "--smtp", "sandbox")
    assert told.code == 4
    assert known_to(desk.record("spring@1.sandbox") / "ledger.sqlite") == before


def test_another_server_that_keeps_the_mail_begins_anew_too(desk: Desk, mailhost: MailHost) -> None:
    mailhost.take_over(desk)
    keeping = "delivers: true", "delivers: false"
    desk.write("profiles.yaml", mailhost.profiles.replace(*keeping))
    desk.run("run", "spring.yaml")
    with MailHost() as other:
        desk.write("profiles.yaml", other.profiles.replace(*keeping))
        told = desk.run("run", "spring.yaml")
        assert told.code == 0
        assert f"the server changed from 127.0.0.1:{mailhost.port}" in told.err
        assert "outbox" not in told.err
        assert sorted(other.receivers) == [ADA, BJORK, CARL]
