"""Who has the mail, by a log or an export: which kinds are known, and what of them counts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sendbatch.audience.excepted import Excepted
from sendbatch.audience.reported import COLUMNS
from sendbatch.errors import AudienceError

OURS = {"news@example.com"}


def opened(path: Path, *, keyed: bool = False) -> Excepted:
    return Excepted(path, "mail", OURS, keyed=keyed, as_given=False, heed=lambda: None)


def taken(path: Path, content: str | bytes, **how: bool) -> tuple[list[str], Excepted]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    named = opened(path, **how)
    return [value for _, value, _, why in named if why is None], named


def refused(path: Path, content: str | bytes) -> str:
    with pytest.raises(AudienceError) as caught:
        taken(path, content)
    return str(caught.value)


POSTFIX = """\
Nov 27 10:00:00 mx postfix/qmgr[1]: 4ABCDEF012: from=<news@example.com>, size=100, nrcpt=1 (queue active)
Nov 27 10:00:01 mx postfix/smtp[2]: 4ABCDEF012: to=<Ada@Example.com>, relay=x, dsn=2.0.0, status=sent (250 ok)
Nov 27 10:00:01 mx postfix/smtp[2]: 4ABCDEF015: to=<b@c.example>, orig_to=<bob@c.example>, status=bounced (no)
Nov 27 10:00:00 mx postfix/qmgr[1]: 4ABCDEF013: from=<boss@example.com>, size=9, nrcpt=1 (queue active)
Nov 27 10:00:01 mx postfix/smtp[2]: 4ABCDEF013: to=<carl@example.net>, relay=x, status=sent (250 ok)
Nov 27 10:00:01 mx postfix/qmgr[1]: 4ABCDEF013: removed
Nov 27 10:00:02 mx postfix/smtpd[2]: NOQUEUE: reject: RCPT: 550; from=<news@example.com> to=<x@y.example>
"""


def test_of_a_mail_servers_log_the_recipients_count_whose_mail_it_took_from_us(tmp_path: Path) -> None:
    found, named = taken(tmp_path / "mail.log", POSTFIX)

    assert found == ["ada@example.com", "b@c.example", "bob@c.example"]
    assert dict(named.found.passed_over) == {
        "of messages from other senders": 1,
        "of recipients that were refused before the message was taken": 1,
    }


def test_an_id_that_comes_again_is_another_message(tmp_path: Path) -> None:
    ours, other = POSTFIX.splitlines()[:2], POSTFIX.splitlines()[3:5]
    again = [line.replace("013", "012") for line in other]
    removed = "Nov 27 10:00:03 mx postfix/qmgr[1]: 4ABCDEF012: removed"
    for lines in ([*ours, removed, *again], [*again, *ours], [*ours, *again], [*again, removed, *ours]):
        assert taken(tmp_path / "mail.log", "\n".join(lines))[0] == ["ada@example.com"]


@pytest.mark.parametrize("id_", ["ZZZ1", "0A1B2C", "ABCDEF", "4RxYzN0vKgz9rT", "5ARabcde012345"])
def test_ids_of_any_kind_are_followed_also_behind_a_hosts_name(tmp_path: Path, id_: str) -> None:
    for before in ("", "Nov 27 10:00:00 2026 mx01 mail01: ", "<22>1 2026-11-27T10:00:00+00:00 mx "):
        tag = f"{before}postfix/qmgr[1]: {id_}: "
        text = f"{tag}from=<boss@x.example>, size=1\n{tag}to=<eve@x.example>, status=sent (ok)\n"
        text += f"{tag}removed\n{tag}from=<news@example.com>, size=1\n"
        text += f"{tag}to=<ada@example.com>, status=sent (ok)\n"
        assert taken(tmp_path / "mail.log", text)[0] == ["ada@example.com"]


def test_bounces_that_a_server_sent_are_no_mail_of_ours(tmp_path: Path) -> None:
    other = POSTFIX.replace("from=<boss@example.com>", "from=<>")

    assert "carl@example.net" not in taken(tmp_path / "mail.log", other)[0]
    exim = (
        "2026-11-27 10:00:00 1abCDe-0001Ab-2C <= <> R=1abCDe-0001Ab-3D U=exim P=local S=9\n"
        "2026-11-27 10:00:01 1abCDe-0001Ab-2C => carl@example.net R=dns T=smtp H=x\n"
        "2026-11-27 10:00:02 1abCDe-0001Ab-2C <= news@example.com H=x P=esmtp S=9\n"
        "2026-11-27 10:00:03 1abCDe-0001Ab-2C => ada@example.com R=dns T=smtp H=x\n"
    )
    assert taken(tmp_path / "exim.log", exim)[0] == ["ada@example.com"]


@pytest.mark.parametrize(
    "said",
    [
        "550 forwarded to=<eve@example.com> refused",
        "550 4ABCDEF013: from=<news@example.com>, size=1",
        "550 4ABCDEF013: removed",
        "550 status=sent to=<eve@example.com>, status=sent",
        "550 to=<eve@example.com>, status=sent",
    ],
)
def test_what_another_server_said_counts_for_nothing(tmp_path: Path, said: str) -> None:
    lines = POSTFIX.splitlines()
    for text in (
        f"mx postfix/smtp[2]: 4ABCDEF012: to=<bob@c.example>, relay=x, status=bounced (host x said: {said})",
        f"mx postfix/smtpd[2]: NOQUEUE: reject: {said}; from=<x@y.example> to=<z@d.example>",
    ):
        found, _ = taken(tmp_path / "mail.log", "\n".join([*lines[:4], text, *lines[4:]]))
        assert not {"eve@example.com", "carl@example.net"} & set(found)


def test_an_address_may_look_like_a_status(tmp_path: Path) -> None:
    text = "mx postfix/smtp[2]: 4ABCDEF012: to=<status=x@example.com>, relay=x, status=sent (250 ok)\n"

    assert taken(tmp_path / "mail.log", text)[0] == ["status=x@example.com"]


def test_a_log_without_the_lines_of_senders_counts_all_its_recipients(tmp_path: Path) -> None:
    lines = [line for line in POSTFIX.splitlines() if "qmgr" not in line]
    found, _ = taken(tmp_path / "mail.log", "\n".join(lines))

    assert "carl@example.net" in found


def test_a_log_of_other_senders_alone_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path / "mail.log", POSTFIX.replace("news@", "else@").replace("012", "015"))

    assert "nobody stands in this file, read as the log of a mail server" in said
    assert "the campaign's messages are from news@example.com" in said


def test_exim_and_sendmail_are_known_too(tmp_path: Path) -> None:
    exim = (
        "2026-11-27 10:00:00 1abCDe-0001Ab-2C <= news@example.com H=x P=esmtp S=9\n"
        "2026-11-27 10:00:01 1abCDe-0001Ab-2C => ada@example.com R=dns T=smtp H=x\n"
        "2026-11-27 10:00:01 1abCDe-0001Ab-2C -> Bob <bob@example.com> R=dns T=smtp\n"
        "2026-11-27 10:00:00 1abCDe-0001Ab-3D <= boss@example.com H=x P=esmtp S=9\n"
        "2026-11-27 10:00:01 1abCDe-0001Ab-3D => carl@example.com R=dns T=smtp H=x\n"
    )
    sendmail = "Nov 27 mx sm-mta[1]: 5ARabcde01: to=<ada@example.com>,<bob@example.com>, stat=Sent (ok)\n"

    assert taken(tmp_path / "exim.log", exim)[0] == ["ada@example.com", "bob@example.com"]
    assert taken(tmp_path / "sendmail.log", sendmail)[0] == ["ada@example.com", "bob@example.com"]


MAILGUN = {
    "event": "delivered",
    "recipient": "ada@example.com",
    "envelope": {"sender": "news@example.com", "targets": "other@example.com"},
    "message": {"headers": {"to": "Ada <header@example.com>", "from": "News <news@example.com>"}},
}
SES = {
    "eventType": "Delivery",
    "mail": {
        "source": "news@example.com",
        "destination": ["bob@example.com"],
        "commonHeaders": {"from": ["news@example.com"], "to": ["header@example.com"]},
    },
    "delivery": {"recipients": ["bob@example.com"]},
}
SENDGRID = {"email": "carl@example.com", "event": "delivered", "from": "news@example.com"}
POSTMARK = {"RecordType": "Delivery", "Recipient": "dora@example.com", "From": "news@example.com"}
SES_BOUNCE = {"bounce": {"bouncedRecipients": [{"emailAddress": "eva@example.com", "status": "5.1.1"}]}}


def test_of_json_the_recipients_count_and_no_sender_and_no_header(tmp_path: Path) -> None:
    events = (MAILGUN, SES, SENDGRID, POSTMARK, SES_BOUNCE, {"event": "open"})
    found, named = taken(tmp_path / "events.json", "\n".join(map(json.dumps, events)))

    names = ("ada", "bob", "bob", "carl", "dora", "eva")
    assert found == [f"{name}@example.com" for name in names]
    assert named.found.passed_over["without a recipient"] == 1


def test_of_json_nobody_counts_below_who_sent_it_or_gets_the_answers(tmp_path: Path) -> None:
    events = [
        {"email": "ada@example.com", "event": "delivered", "sender": {"email": "x@example.com"}},
        {
            "from": {"email": "x@example.com"},
            "reply_to": [{"email": "x@example.com"}],
            "replyTo": {"email": "x@example.com"},
            "user-variables": {"email": "x@example.com"},
            "to": [{"email": "bob@example.com"}],
            "event": "dropped",
        },
    ]
    found, named = taken(tmp_path / "events.json", "\n".join(map(json.dumps, events)))

    assert found == ["ada@example.com", "bob@example.com"]
    assert "by what it says: 1 delivered, 1 dropped" in named.found.said()


def test_json_that_is_not_one_object_a_line_says_how_to_make_it_so(tmp_path: Path) -> None:
    said = refused(tmp_path / "events.json", json.dumps([MAILGUN], indent=1))

    assert "events.json:1: error: this line is no JSON by itself" in said
    assert "jq -c '.[]' makes lines of a list" in said


def test_of_a_csv_the_column_of_recipients_counts(tmp_path: Path) -> None:
    for name in ("mail", "Email", "recipient", "To", "Rcpt To"):
        text = f"sender;{name};event\nnews@example.com;Ada@example.com;delivered\n"
        found, named = taken(tmp_path / "export.csv", text)
        assert (found, named.found.kind) == (["ada@example.com"], f"a CSV, by its column {name}")


def test_a_csv_without_such_a_column_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path / "export.csv", "sender,who\nnews@example.com,ada@example.com\n")

    assert "this file has no column for addresses; its columns are: sender, who" in said


def test_a_csv_with_two_such_columns_asks_which(tmp_path: Path) -> None:
    said = refused(tmp_path / "two.csv", "email,recipient\nnews@example.com,ada@example.com\n")

    assert "two.csv:1: error: which of these columns has the recipients: email, recipient?" in said
    assert "has only that one" in said


def test_of_a_csv_it_is_said_what_it_says_of_them(tmp_path: Path) -> None:
    rows = [f"p{number}@x.example,{word}" for number, word in enumerate(("Delivered", "Dropped") * 2)]
    found, named = taken(tmp_path / "export.csv", "\n".join(("Recipient,Status", *rows)))

    assert len(found) == 4
    assert "by what it says: 2 Delivered, 2 Dropped" in named.found.said()


def test_words_that_never_end_are_not_all_told(tmp_path: Path) -> None:
    rows = [f"p{number}@x.example,word{number}" for number in range(100)]
    _, named = taken(tmp_path / "export.csv", "\n".join(("Recipient,Status", *rows)))

    assert "84 others" in named.found.said()


def test_a_part_of_a_report_of_ours_is_refused_where_not_all_have_the_mail(tmp_path: Path) -> None:
    rows = "email,status\nada@example.com,accepted\nbob@example.com,pending\n"

    assert "looks like a part of a report of sendbatch" in refused(tmp_path / "part.csv", rows)
    assert taken(tmp_path / "part.csv", rows.replace("pending", "in_doubt"))[0]


def test_of_a_report_of_ours_those_count_who_have_it_or_may_have_it(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*COLUMNS, "mail"])
    writer.writeheader()
    for status in ("accepted", "in_doubt", "sending", "pending", "rejected", "deferred", "failed"):
        writer.writerow({"email": f"{status}@example.com", "status": status, "mail": "x@example.com"})
    elsewhere = "went to qa@example.com in the recipient's place (redirect_to)"
    writer.writerow({"email": "tried@example.com", "status": "accepted", "reason": elsewhere})

    found, named = taken(tmp_path / "report.csv", out.getvalue())

    assert found == ["accepted@example.com", "in_doubt@example.com", "sending@example.com"]
    assert sum(named.found.passed_over.values()) == 5


def test_a_list_is_read_as_a_suppression_list_is_and_names_no_domain(tmp_path: Path) -> None:
    text = "# who has it\nAda <ada@example.com>, bob@example.com\n@example.org\nnobody\n"
    (tmp_path / "list.txt").write_text(text)
    read = [(line, value, why is None) for line, value, _, why in opened(tmp_path / "list.txt")]

    assert read == [
        (2, "ada@example.com", True),
        (2, "bob@example.com", True),
        (3, "example.org", False),
        (4, "nobody", False),
    ]


def test_keys_of_the_campaign_may_stand_in_a_list(tmp_path: Path) -> None:
    found, _ = taken(tmp_path / "keys.txt", "C-17\nC-18\n", keyed=True)

    assert {"C-17", "C-18"} <= set(found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nobody stands in this file"),
        (b"\n \n# nobody\n", "nobody stands in this file"),
        ("email\n".encode("utf-16"), "this line is not utf-8"),
        ("ada@example.com\n".encode("utf-16-le"), "there is a NUL byte in this line"),
        (b"\x7fELF\x02\x00\x00", "there is a NUL byte in this line"),
        (b"{}\n{}\n", "nobody stands in this file"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path / "sent", content)


def test_a_folder_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null"), tmp_path / "gone"):
        with pytest.raises(AudienceError) as caught:
            list(opened(path))
        assert "--except " in str(caught.value)
