"""Whole campaigns through a real Postfix: what the report says is what lies in the maildir."""

from __future__ import annotations

import csv
import email.policy
import shutil
import sqlite3
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.e2e.desk import (
    Installed,
    ReportRow,
    address_of,
    lying_there,
    profile_of,
    report_in,
    said_accepted,
    statuses,
)
from tests.e2e.postfix import PostfixServer
from tests.kit.command import Ended

ROOT = Path(__file__).parents[2]
MEMBERS = {
    "ada.brandt@example.com",
    "francois@example.org",
    "sakura.tanaka@example.net",
    "sakura@花.example",
    "soren@example.org",
    "zoe@example.com",
    "reader@example.net",
    "post@bücher.example",
    "bjork@example.org",
    "priya.raman@example.com",
    "mai@example.org",
    "siobhan+seeds@example.com",
}


class Newsletter:
    """A campaign made with `sendbatch init`, its list to be changed, a profile `postfix` added."""

    def __init__(self, desk: Installed, server: PostfixServer) -> None:
        self.desk, self.server = desk, server
        self.reports = desk.folder / "reports"

    def send(self, *options: str, code: int = 0) -> Ended:
        return self.desk.call(
            *("run", "campaign.yaml", "--smtp", "postfix", "--yes", "--no-wait"), *options
        ).ended(code)

    def people(self, *rows: str, header: str = "email,first_name,city") -> None:
        (self.desk.folder / "people.csv").write_text("\n".join([header, *rows, ""]), "utf-8")

    def declare(self, *lines: str) -> None:
        path = self.desk.folder / "campaign.yaml"
        path.write_text("\n".join([path.read_text("utf-8"), *lines, ""]), "utf-8")

    def change_text(self) -> None:
        self.desk.change("newsletter.txt", "Hello", "Good morning")

    def rows(self, edition: str = "newsletter") -> dict[str, dict[str, str]]:
        """The report by address."""
        return {row["email"]: row for row in report_in(self.reports / edition)}

    def told(self, edition: str = "newsletter") -> dict[str, str]:
        """Each address of the report and its status."""
        return {address: row["status"] for address, row in self.rows(edition).items()}

    def mail(self) -> list[EmailMessage]:
        return self.server.all_mail()

    def agreed(self, *editions: str) -> ReportRow:
        """What the maildir holds, which must be what the reports together say; nobody twice."""
        there = lying_there(self.mail())
        said = ReportRow()
        for edition in editions or ("newsletter",):
            said += said_accepted(report_in(self.reports / edition))
        assert there == said
        assert not [one for one, times in there.items() if times > 1]
        return there


def desk_at(folder: Path, home: Path, server: PostfixServer) -> Installed:
    home.mkdir()
    return Installed(folder, home, server)


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sendbatch init` writes, to be copied."""
    folder = tmp_path_factory.mktemp("starter")
    Installed(folder, folder).call("init", "news").ended(0)
    return folder / "news"


@pytest.fixture
def newsletter(tmp_path: Path, starter: Path, postfix: PostfixServer) -> Newsletter:
    folder = tmp_path / "news"
    shutil.copytree(starter, folder)
    (folder / "profiles.yaml").write_text(profile_of(postfix))
    return Newsletter(desk_at(folder, tmp_path / "home", postfix), postfix)


def addressees(letters: ReportRow) -> set[str]:
    return {address for address, _ in letters}


# The sample campaign


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, running_postfix: PostfixServer) -> Installed:
    """The sample campaign in a folder of its own, with a profile `postfix`."""
    folder = tmp_path_factory.mktemp("garden")
    left_by_others = shutil.ignore_patterns("reports")
    shutil.copytree(ROOT / "campaigns", folder / "campaigns", ignore=left_by_others)
    shutil.copytree(ROOT / "templates", folder / "templates")
    (folder / "campaigns/profiles.yaml").write_text(profile_of(running_postfix))
    return desk_at(folder, folder / "home", running_postfix)


@pytest.fixture(scope="module")
def sent(sample: Installed, running_postfix: PostfixServer) -> dict[str, EmailMessage]:
    """The sample campaign's mail by address, after `run --smtp postfix --yes`."""
    running_postfix.forget()
    sample.call("run", "campaigns/welcome.yaml", "--smtp", "postfix", "--yes").ended(0)
    mail = running_postfix.all_mail()
    assert len(mail) == len(MEMBERS)
    return {address_of(message): message for message in mail}


def test_the_sample_campaign_arrives_as_it_was_written(
    sample: Installed, sent: dict[str, EmailMessage]
) -> None:
    assert set(sent) == MEMBERS
    with (sample.folder / "campaigns/members.csv").open(encoding="utf-8") as file:
        members = {row["Email"]: row for row in csv.DictReader(file)}
    calendar = (sample.folder / "campaigns/sowing-calendar.txt").read_bytes()
    for address, message in sent.items():
        member = members[address]
        first = member["First Name"] or "friend"
        assert message["Subject"] == f"{first}, your first seeds are on their way"
        (to,) = message["To"].addresses
        assert to.display_name == f"{first} {member['Last Name']}".strip()
        assert message["From"] == "Windowsill <hello@windowsill.example>"
        assert message["Reply-To"] == "Ines at Windowsill <ines@windowsill.example>"
        assert message["Return-Path"] == "<bounces@windowsill.example>"
        assert message["X-Campaign"] == "welcome"
        assert "ESMTPSA" in message["Received"]  # secured and logged in
        leave = f"https://windowsill.example/leave/{member['Member No']}"
        assert message["List-Unsubscribe"] == f"<{leave}>, <mailto:leave@windowsill.example>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert f"Hello {first}," in text.get_content()
        assert leave in text.get_content()
        assert f"Hello {first}, your first seeds" in html.get_content()
        assert member["City"] in html.get_content()
        assert member["City"] in text.get_content()
        assert ("bound for" in text.get_content()) is bool(member["City"])

        (attachment,) = message.iter_attachments()
        assert attachment.get_filename() == "sowing-calendar.txt"
        assert attachment.get_payload(decode=True) == calendar


def test_accents_and_japanese_arrive_whole(sent: dict[str, EmailMessage]) -> None:
    subjects = {address: message["Subject"] for address, message in sent.items()}
    assert subjects["francois@example.org"].startswith("François,")
    assert subjects["sakura@花.example"].startswith("さくら,")
    assert subjects["mai@example.org"].startswith("Nguyễn,")
    assert subjects["reader@example.net"].startswith("friend,")
    (to,) = sent["sakura.tanaka@example.net"]["To"].addresses
    assert to.display_name == "Sakura 田中"
    (to,) = sent["priya.raman@example.com"]["To"].addresses
    assert to.display_name == "Priya Raman, Dr."


def test_the_report_and_the_ledger_tell_what_arrived(
    sample: Installed, sent: dict[str, EmailMessage]
) -> None:
    record = sample.folder / "campaigns/reports/welcome"
    rows = report_in(record)
    assert statuses(rows) == {
        "accepted": 12,
        "invalid": 1,
        "filtered": 2,
        "suppressed": 2,
        "duplicate": 1,
    }
    assert said_accepted(rows) == lying_there(sent.values())
    queued = {row["email"]: row["reply"] for row in rows if row["status"] == "accepted"}
    with sqlite3.connect(f"file:{record}/ledger.sqlite?mode=ro", uri=True) as ledger:
        dated = dict(ledger.execute("SELECT email, dated_at FROM delivery"))
    ledger.close()
    for address, message in sent.items():
        assert parsedate_to_datetime(message["Date"]).timestamp() == int(dated[address])
        assert queued[address].rpartition(" ")[2] in message["Received"]  # Postfix's own number


def test_the_sample_campaign_run_again_sends_nothing(
    sample: Installed, sent: dict[str, EmailMessage], postfix: PostfixServer
) -> None:
    ran = sample.call("run", "campaigns/welcome.yaml", "--smtp", "postfix", "--yes").ended(0)
    assert "nothing to send" in ran.err
    assert postfix.all_mail() == []  # the mailbox was emptied before this test
    assert said_accepted(report_in(sample.folder / "campaigns/reports/welcome")) == lying_there(
        sent.values()
    )


# A campaign of one's own


@pytest.mark.thorough
def test_nobody_is_skipped_for_having_been_in_the_sandbox(newsletter: Newsletter) -> None:
    newsletter.desk.call("run", "campaign.yaml").ended(0)
    kept = newsletter.reports / "newsletter.sandbox"
    parse = BytesParser(policy=email.policy.default).parsebytes
    outbox = [parse(file.read_bytes()) for file in (kept / "outbox").glob("*.eml")]
    rehearsed = said_accepted(report_in(kept))
    assert len(rehearsed) == 3
    assert lying_there(outbox) == rehearsed
    assert newsletter.mail() == []

    newsletter.send()
    real = newsletter.agreed()
    assert addressees(real) == addressees(rehearsed)
    assert not real & rehearsed  # a record of its own, so other Message-IDs
    assert said_accepted(report_in(kept)) == rehearsed


@pytest.mark.thorough
def test_an_address_with_accents_before_the_at_arrives(newsletter: Newsletter) -> None:
    newsletter.people("jörg@example.com,Jörg,Köln", "søs@blåbær.example,Søs,")
    newsletter.send()
    assert addressees(newsletter.agreed()) == {"jörg@example.com", "søs@blåbær.example"}


@pytest.mark.thorough
def test_a_campaign_goes_on_through_stops_and_changes_of_its_list(newsletter: Newsletter) -> None:
    newsletter.declare("suppress: [unsubscribed.csv]")
    unsubscribed = newsletter.desk.folder / "unsubscribed.csv"
    unsubscribed.write_text("")
    people = [f"{name}@example.com,{name.title()}," for name in ("ada", "bob", "cleo", "dan")]
    people += [f"{name}@example.org,{name.title()}," for name in ("eve", "fay", "gus")]
    newsletter.people(*people)

    stopped = newsletter.send("--limit", "2")
    assert "5 recipients left for a later run" in stopped.err
    first = newsletter.agreed()
    assert addressees(first) == {"ada@example.com", "bob@example.com"}
    assert statuses(newsletter.rows().values()) == {"accepted": 2, "pending": 5}

    # cleo's address is corrected, dan leaves, eve unsubscribes, hal is added
    people[2] = "cleopatra@example.com,Cleo,"
    people[3:4] = []
    newsletter.people(*people, "hal@example.net,Hal,Oslo")
    unsubscribed.write_text("EVE@example.org\n")
    newsletter.send("--limit", "2")
    second = newsletter.agreed()
    assert addressees(second - first) == {"cleopatra@example.com", "fay@example.org"}

    newsletter.send()
    third = newsletter.agreed()
    assert addressees(third - second) == {"gus@example.org", "hal@example.net"}
    assert newsletter.told() == dict.fromkeys(addressees(third), "accepted") | {
        "eve@example.org": "suppressed"
    }

    # who has the mail and leaves the list is no longer counted, and not forgotten either
    newsletter.people(*people[1:], "hal@example.net,Hal,Oslo")
    assert "nothing to send" in newsletter.send().err
    newsletter.people(*people, "hal@example.net,Hal,Oslo")
    assert "nothing to send" in newsletter.send().err
    assert newsletter.agreed() == third


@pytest.mark.thorough
def test_a_corrected_address_is_the_same_person_where_the_key_says_so(
    newsletter: Newsletter,
) -> None:
    header = "customer_id,email,first_name,city"
    newsletter.desk.change("campaign.yaml", "  defaults:", "  key: customer_id\n  defaults:")
    newsletter.people(
        "1,ada@example.com,Ada,",
        "2,refused.bob@example.com,Bob,",
        "3,busy.cleo@example.com,Cleo,",
        "4,dan@example.com,Dan,",
        header=header,
    )
    newsletter.send("--limit", "3", code=1)
    first = newsletter.agreed()
    assert newsletter.told() == {
        "ada@example.com": "accepted",
        "refused.bob@example.com": "rejected",
        "busy.cleo@example.com": "deferred",
        "dan@example.com": "pending",
    }

    newsletter.people(
        "1,ada.lovelace@example.com,Ada,",
        "2,bob@example.com,Bob,",
        "3,cleo@example.com,Cleo,",
        "4,daniel@example.com,Dan,",
        header=header,
    )
    resumed = newsletter.send()
    assert "4 corrected" in resumed.err
    second = newsletter.agreed()
    assert addressees(first) == {"ada@example.com"}
    assert addressees(second - first) == {
        "bob@example.com",
        "cleo@example.com",
        "daniel@example.com",
    }
    assert newsletter.told()["ada@example.com"] == "accepted"  # where her mail went


@pytest.mark.thorough
def test_a_changed_text_is_refused_until_a_person_says_which_way(newsletter: Newsletter) -> None:
    newsletter.send("--limit", "2")
    before = newsletter.agreed()
    newsletter.change_text()

    refused = newsletter.send(code=4)
    assert "the text changed since 2 of 3 were sent it" in refused.err
    assert "sendbatch run campaign.yaml --smtp postfix --accept-changes" in refused.err
    assert "sendbatch run campaign.yaml --smtp postfix --run " in refused.err
    assert newsletter.agreed() == before

    newsletter.send("--accept-changes")
    after = newsletter.agreed()
    assert addressees(after - before) == {"reader@example.net"}
    versions = {address: row["content"] for address, row in newsletter.rows().items()}
    assert versions["ada@example.com"] == versions["bjork@example.org"]
    assert versions["reader@example.net"] != versions["ada@example.com"]
    for message in newsletter.mail():
        text = message.get_body(("plain",))
        assert text is not None
        new = address_of(message) == "reader@example.net"
        assert text.get_content().startswith("Good morning" if new else "Hello")

    newsletter.desk.change("newsletter.txt", "Good morning", "Good evening")
    newsletter.send(code=4)  # even with nothing left to send
    assert newsletter.agreed() == after


@pytest.mark.thorough
def test_a_second_edition_goes_to_everyone_once_more(newsletter: Newsletter) -> None:
    newsletter.send()
    first = newsletter.agreed()
    newsletter.change_text()
    newsletter.send(code=4)

    newsletter.send("--run", "second", "--limit", "1")
    assert sum(newsletter.agreed("newsletter", "newsletter@second").values()) == 4
    newsletter.send("--run", "second")
    both = newsletter.agreed("newsletter", "newsletter@second")
    assert addressees(both - first) == addressees(first)
    assert sum(both.values()) == 6
    assert said_accepted(report_in(newsletter.reports / "newsletter")) == first
    assert "nothing to send" in newsletter.send("--run", "second").err

    refused = newsletter.send("--run", "second", "--set", "topic=rain & sun", code=4)
    command = "sendbatch run campaign.yaml --smtp postfix --set 'topic=rain & sun' --run"
    assert f"{command} second --accept-changes" in refused.err


@pytest.mark.thorough
def test_refusals_are_reported_with_code_and_text_and_tried_again_when_asked(
    newsletter: Newsletter,
) -> None:
    newsletter.people("ada@example.com,Ada,", "refused@example.com,Ruth,", "busy@example.org,Beth,")
    newsletter.send(code=1)
    first = newsletter.agreed()
    rejected, deferred = (
        newsletter.rows()["refused@example.com"],
        newsletter.rows()["busy@example.org"],
    )
    assert (rejected["status"], rejected["code"], rejected["enhanced_code"]) == (
        *("rejected", "550", "5.1.1"),
    )
    assert "no such user here" in rejected["reply"]
    assert (deferred["status"], deferred["code"], deferred["enhanced_code"]) == (
        *("deferred", "450", "4.2.1"),
    )
    assert "this mailbox is busy" in deferred["reply"]
    assert not rejected["message_id"]

    newsletter.send(code=1)  # neither is due: one never, one later
    assert (newsletter.rows()["refused@example.com"], newsletter.rows()["busy@example.org"]) == (
        *(rejected, deferred),
    )
    newsletter.send("--retry", "rejected", code=1)
    assert newsletter.rows()["refused@example.com"]["attempts"] == "2"
    assert newsletter.rows()["refused@example.com"]["status"] == "rejected"
    newsletter.send("--retry", "rejected,deferred", code=1)
    assert newsletter.rows()["refused@example.com"]["attempts"] == "3"
    assert newsletter.rows()["busy@example.org"]["attempts"] == "2"
    assert newsletter.agreed() == first


# Before it is sent


@pytest.mark.thorough
def test_an_approved_plan_is_what_is_sent(newsletter: Newsletter) -> None:
    desk = newsletter.desk
    made = desk.call("plan", "campaign.yaml", "--smtp", "postfix", "--out", "plan.json").ended(0)
    approved = ("run", "campaign.yaml", "--smtp", "postfix", "--plan", "plan.json")
    assert f"sendbatch {' '.join(approved)}\n" in made.err
    list_then = (desk.folder / "people.csv").read_text("utf-8")
    (desk.folder / "people.csv").write_text(f"{list_then}eve@example.com,Eve,\n", "utf-8")
    desk.call(*approved).ended(4)
    assert newsletter.mail() == []

    (desk.folder / "people.csv").write_text(list_then, "utf-8")
    desk.call(*approved).ended(0)
    assert sum(newsletter.agreed().values()) == 3


@pytest.mark.thorough
def test_proofs_reach_the_reviewers_and_count_for_nothing(newsletter: Newsletter) -> None:
    newsletter.desk.call(
        *("proof", "campaign.yaml", "--smtp", "postfix"),
        *("--to", "ines@example.com", "--to", "omar@example.com", "--count", "2"),
    ).ended(0)
    proofs = newsletter.mail()
    assert sorted(message["Delivered-To"] for message in proofs) == [
        *("ines@example.com", "ines@example.com", "omar@example.com", "omar@example.com"),
    ]
    assert {message["Subject"] for message in proofs} == {
        "[proof for ada@example.com] Ada, here is the news",
        "[proof for bjork@example.org] Björk, here is the news",
    }
    newsletter.server.forget()
    newsletter.send()
    sent = newsletter.agreed()
    assert sum(sent.values()) == 3
    proofs_ids = {message["Message-ID"] for message in proofs}
    assert not proofs_ids & {message_id for _, message_id in sent}


@pytest.mark.thorough
def test_probe_says_step_by_step_what_the_server_offers(newsletter: Newsletter) -> None:
    ran = newsletter.desk.call("probe", "postfix").ended(0)
    told = (ran.out + ran.err).lower()
    assert "tlsv1" in told
    assert "smtputf8" in told
    newsletter.desk.environ["SMTP_PASSWORD"] = "wrong"
    failed = newsletter.desk.call("probe", "postfix")
    assert failed.code == 2
    assert "535" in failed.out + failed.err
    refused = newsletter.send(code=2)
    assert "wrong" not in refused.err.split()
    assert newsletter.mail() == []
