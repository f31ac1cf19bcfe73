"""Calendar invitations: what leaves is read back by Python's parser and by the icalendar library."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.campaign.model import Campaign
from sendbatch.errors import CampaignError
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content, OwnFile
from sendbatch.message.invitations.doubts import doubtful_invitation
from sendbatch.message.invitations.lines import folded, lines_of, with_wired_address
from sendbatch.message.letter import Proof
from sendbatch.message.reading import read_content
from sendbatch.values import Message

from .conftest import COLUMNS, NOW, SALT, built, bundle, content, parsed, reason, recipient

EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Party//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:party@example.com
DTSTAMP:20260101T000000Z
DTSTART:20260201T100000Z
ORGANIZER;CN="Example News":mailto:news@example.com
ATTENDEE;CN="{{ first_name }}";RSVP=TRUE:mailto:{{ email }}
SUMMARY:For {{ first_name }}, and all
END:VEVENT
END:VCALENDAR
"""
PLAIN = EVENT.replace("{{ first_name }}", "Jane").replace("{{ email }}", "jane@example.org")


LOCAL = "DTSTART;TZID=Europe/Berlin"
ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
ALARM = """\
BEGIN:VALARM
ACTION:EMAIL
TRIGGER:-PT1H
ATTENDEE:mailto:{{ email }}
END:VALARM
"""
OVERRIDE = """\
BEGIN:VEVENT
UID:party@example.com
RECURRENCE-ID:20260208T100000Z
DTSTAMP:20260101T000000Z
DTSTART:20260208T120000Z
ORGANIZER:mailto:news@example.com
ATTENDEE;RSVP=TRUE:mailto:{{ email }}
END:VEVENT
"""
CANCELLED = """\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:CANCEL
BEGIN:VEVENT
UID:party@example.com
SEQUENCE:1
DTSTAMP:20260102T000000Z
ORGANIZER;CN="Example News":mailto:news@example.com
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def inviting(source: str = EVENT, **changes: Any) -> Content:
    made = content("<p>Hello {{ first_name }}</p>", "Hello {{ first_name }}")
    return replace(made, invite=bundle(source, "party.ics"), **changes)


def calendars(message: Message) -> tuple[str, str]:
    """That among the alternatives, and the attached one."""
    mail = parsed(message)
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    (file,) = [one for one in mail.walk() if one.get_content_type() == "application/ics"]
    return part.get_content(), file.get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr]


def event(message: Message) -> Any:
    """What the icalendar library reads, which is the same in both places."""
    alternative, attached = calendars(message)
    assert alternative.splitlines() == attached.splitlines()
    (found,) = icalendar.Calendar.from_ical(attached).walk("VEVENT")
    return found


def shape(message: Message) -> list[object]:
    def of(part: Any) -> list[object]:
        return [part.get_content_type(), *map(of, part.iter_parts())]

    return of(parsed(message))


def test_the_calendar_is_the_last_alternative_and_a_file() -> None:
    message = built(inviting())
    alternatives = [["text/plain"], ["text/html"], ["text/calendar"]]
    assert shape(message) == [
        "multipart/mixed",
        ["multipart/alternative", *alternatives],
        ["application/ics"],
    ]
    part = next(one for one in parsed(message).walk() if one.get_content_type() == "text/calendar")
    assert part["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    (file,) = parsed(message).iter_attachments()
    assert (file.get_filename(), file.get_content_disposition()) == ("party.ics", "attachment")
    found = event(message)
    assert str(found["SUMMARY"]) == "For Jane, and all"
    assert str(found["ATTENDEE"]) == "mailto:jane@example.org"
    assert found["ATTENDEE"].params["CN"] == "Jane"


def test_pictures_stand_beside_the_html_and_not_beside_the_calendar(
    reading: Callable[..., Content], tmp_path: Path
) -> None:
    files = {
        "templates/body.html": '<p>Hello</p><img src="logo.png" alt="Logo">',
        "templates/logo.png": b"\x89PNG\r\n\x1a\n" + bytes(20),
        "campaigns/party.ics": EVENT,
        "campaigns/terms.pdf": b"%PDF",
    }
    made = reading(files, invite=tmp_path / "campaigns/party.ics", attachments=("terms.pdf",))
    related = ["multipart/related", ["text/html"], ["image/png"]]
    assert shape(built(made)) == [
        "multipart/mixed",
        ["multipart/alternative", ["text/plain"], related, ["text/calendar"]],
        ["application/ics"],
        ["application/pdf"],
    ]


def test_a_mail_without_html_has_the_calendar_beside_its_text() -> None:
    message = built(replace(content(text="Hello"), invite=bundle(PLAIN, "party.ics")))
    assert shape(message)[1] == ["multipart/alternative", ["text/plain"], ["text/calendar"]]


HOSTILE = [
    "Ann\nATTENDEE:mailto:eve@example.net",
    "Ann\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    'Ann";X=1:mailto:eve@example.net',
    "a\\nb, c; d: e \\",
    "\u2028ATTENDEE:x\u0085ATTENDEE:y\x0bATTENDEE:z",
    "caret ^n ^^ ^'",
    "\U0010fff0\U0010fff1\U0010fff6\nX:y",
    "ünï" * 60,
    "\ttab and \x00\x07 bell",
    "",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_text_and_never_a_line(value: str) -> None:
    hostile = event(built(inviting(), first_name=value))
    harmless = event(built(inviting()))
    assert hostile.keys() == harmless.keys()
    assert str(hostile["ATTENDEE"]) == "mailto:jane@example.org"
    assert hostile["ATTENDEE"].params.keys() == harmless["ATTENDEE"].params.keys()


TEMPLATES = [
    "SUMMARY:{{ first_name|safe }}",
    "SUMMARY:{% set it %}{{ first_name }}{% endset %}{{ it }}",
    "SUMMARY:{% set it %}{{ first_name }}{% endset %}{{ it|safe }}",
    "SUMMARY:{% filter upper %}of {{ first_name }}{% endfilter %}",
    "SUMMARY:{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(first_name) }}",
    "SUMMARY:{{ 'x' ~ first_name ~ email }}",
    "SUMMARY:{% autoescape false %}{{ first_name }}{% endautoescape %}",
    "SUMMARY:{{ first_name|replace(';', '\\n') }}",
    "SUMMARY:{{ first_name|e }}",
    "SUMMARY:{% for one in first_name.split(',') %}{{ one }}{% endfor %}",
    "URL:https://example.com/{{ first_name }}",
    "X-A;CN={{ first_name }}:x",
    "X-A;CN=of {{ first_name }}:x",
    'X-A;CN="of {{ first_name }}":x',
    "X-ALT-DESC;FMTTYPE=text/html:<p>{{ first_name }}</p>",
    "COMMENT:{% if first_name %}{{ first_name }}{% endif %}",
]


@pytest.mark.parametrize("line", TEMPLATES)
def test_whatever_a_template_does_with_a_value_it_stays_in_its_line(line: str) -> None:
    letter = inviting(PLAIN.replace("SUMMARY:", f"{line}\nX-NEXT:"))
    composer = Composer(letter, COLUMNS, SALT)

    def names(value: str) -> list[str]:
        message = composer.compose(recipient(first_name=value), NOW)
        assert isinstance(message, Message), message
        return [one.name for one in lines_of(calendars(message)[1])]

    for value in HOSTILE:
        assert names(value) == names("Jane"), value


NAMED = Composer(inviting(PLAIN.replace("Jane", "{{ first_name }}")), COLUMNS, SALT)


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("a,b;c\\d\ne")
def test_what_is_written_is_what_is_read(value: str) -> None:
    """But for control characters, and the kinds of line breaks."""
    message = NAMED.compose(recipient(first_name=value), NOW)
    assert isinstance(message, Message)
    found = event(message)
    broken = "\n".join(value.replace("\r\n", "\n").translate(_BREAKS).split("\n"))
    meant = "".join(one for one in broken if one in "\t\n" or not _is_control(one))
    assert str(found["SUMMARY"]) == f"For {_without_own(meant)}, and all".rstrip("\r")


_BREAKS = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")


def _is_control(one: str) -> bool:
    return one < " " or "\x7f" <= one <= "\x9f"


def _without_own(text: str) -> str:
    """A cell's own private signs say what they stand for, or nothing: see `carried`."""
    from sendbatch.message.markdown.carried import as_typed

    return as_typed(text).replace("\U0010fff6", "")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
@example("ü" * 200)
@example("x" * 75)
@example("x" * 74 + "🎉")
def test_a_folded_line_is_short_and_the_same_when_unfolded(line: str) -> None:
    pieces = folded(line).split("\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert folded(line).replace("\n ", "") == line


def test_what_an_author_folded_and_wrote_on_any_system_is_one_calendar() -> None:
    for source in (
        EVENT,
        EVENT.replace("\n", "\r\n"),
        EVENT.replace("SUMMARY:For", "SUMMARY:F\n or"),
    ):
        assert str(event(built(inviting(source)))["SUMMARY"]) == "For Jane, and all"
    for source in (PLAIN, PLAIN.replace("SUMMARY:For", "SUMMARY:F\n or")):
        data = calendars(built(inviting(source.replace("\n", "\r"))))[1]
        assert data == PLAIN.replace("\n", "\r\n")


def test_a_line_that_is_folded_within_a_character_is_unfolded_first(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    """RFC 5545 §3.1: there are programs that fold "in the middle of a UTF-8 multi-octet sequence"."""
    (tmp_path / "own").mkdir()
    for end in (b"\n", b"\r\n", b"\r"):
        data = PLAIN.encode().replace(b"\n", end)
        for name in ("Jürgen", "J🎉"):
            for at in range(2, len(name.encode())):
                folded_name = name.encode()[:at] + end + b" " + name.encode()[at:]
                source = data.replace(b"For Jane", b"For " + folded_name)
                (tmp_path / "own/12.ics").write_bytes(source)
                letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
                assert str(event(built(letter))["SUMMARY"]) == f"For {name}, and all"
        given = campaign({"campaigns/p.ics": source}, invite=tmp_path / "campaigns/p.ics")
        assert str(event(built(read_content(given)))["SUMMARY"]) == "For J🎉, and all"


def test_who_is_asked_is_called_as_in_to() -> None:
    """Programs show buttons to those whose own address ATTENDEE has."""
    source = EVENT.replace("ORGANIZER;", "ORGANIZER;X-A=ü;").replace("news@ex", "news@bücher.ex")
    found = event(built(inviting(source), email="jane@müller.example", first_name="Jürgen"))
    assert str(found["ATTENDEE"]) == "mailto:jane@xn--mller-kva.example"
    assert found["ATTENDEE"].params["CN"] == "Jürgen"
    assert str(found["ORGANIZER"]) == "mailto:news@xn--bcher-kva.example.com"
    written = with_wired_address("ATTENDEE:MAILTO:jürgen@müller.example ")
    assert written == "ATTENDEE:MAILTO:jürgen@xn--mller-kva.example"
    endless = f"mailto:{'@' * 200_000}ü x"  # to be read once, not once for each @
    for odd in ("nobody ü", "mailto:a@b@ü.example", "mailto:ü@.example", "mailto:<ü@example.com>", endless):
        assert with_wired_address(f"ATTENDEE:{odd}") == f"ATTENDEE:{odd}"


def test_planned_and_plain_messages_are_the_same_calendar() -> None:
    """A proof is never planned."""
    for source in (
        EVENT,
        PLAIN,
        EVENT.replace("SUMMARY:", "{% if email %}\nX-A:b\n{% endif %}\nSUMMARY:"),
    ):
        composer = Composer(inviting(source), COLUMNS, SALT)
        for name in ("Jane", "Ünï; 🎉, x", "", "long " * 40):
            planned = composer.planned(recipient(first_name=name), NOW)
            plain = composer.compose(recipient(first_name=name), NOW, Proof("me@example.com"))
            assert planned is not None
            assert isinstance(plain, Message)
            assert calendars(planned) == calendars(plain)
            assert shape(planned) == shape(plain)


FAULTS = [
    ("BEGIN:VCALENDAR", "BEGIN:VCARD", "does not begin with BEGIN:VCALENDAR", 1),
    ("END:VCALENDAR\n", "", "does not end with END:VCALENDAR", 12),
    ("VERSION:2.0", "VERSION:1.0", "has no VERSION:2.0", 2),
    ("VERSION:2.0\n", "", "has no VERSION:2.0", 1),
    ("METHOD:REQUEST\n", "", "has no METHOD", 1),
    ("METHOD:REQUEST", "METHOD:REQEST", "METHOD:REQEST is no method", 4),
    ("METHOD:REQUEST", "METHOD:REPLY", "METHOD:REPLY is no method of an invitation", 4),
    ("METHOD:REQUEST", "METHOD:{{ first_name }}", "is no method", 4),
    ("METHOD:REQUEST", "METHOD:REQUEST\nMETHOD:CANCEL", "several METHODs", 5),
    ("END:VEVENT\n", "", "says BEGIN:VEVENT, and nothing ends it", 5),
    ("BEGIN:VEVENT\n", "", "says END:VEVENT, and nothing began it", 11),
    ("END:VEVENT", "END:VTODO", "says END:VTODO, and nothing began it", 12),
    ("END:VEVENT", "BEGIN:VALARM\nEND:VEVENT", "says BEGIN:VALARM, and nothing ends it", 12),
    ("BEGIN:VEVENT", "BEGIN:{{ first_name }}", "has a value in BEGIN:…", 5),
    ("END:VEVENT", "END:V{{ first_name }}", "has a value in END:V…", 12),
    ("SUMMARY:", "SUMMARY:a\0b", "has a control character in it (0x00)", 11),
    ("{{ first_name }}, and", "{{ first_name }}\x0b, and", "has a control character in it (0x0b)", 11),
    ("END:VCALENDAR\n", f"END:VCALENDAR\n{CANCELLED.replace('CANCEL', 'REQUEST', 1)}", "several cal", 14),
    ("SUMMARY:", "SUM MARY:", "is no line of a calendar: SUM MARY", 11),
]


@pytest.mark.parametrize(("old", "new", "said", "line"), FAULTS)
def test_a_file_that_no_program_would_take_is_refused(
    campaign: Callable[..., Campaign], tmp_path: Path, old: str, new: str, said: str, line: int
) -> None:
    given = campaign(
        {"campaigns/party.ics": EVENT.replace(old, new)}, invite=tmp_path / "campaigns/party.ics"
    )
    with pytest.raises(CampaignError) as refused:
        read_content(given)
    (found,) = refused.value.findings
    assert found.rule == "unusable-calendar"
    assert said in found.message
    assert found.hint
    assert found.place is not None
    assert (found.place.line, found.place.file.endswith("party.ics")) == (line, True)


def test_markdown_is_no_text_of_a_calendar(campaign: Callable[..., Campaign], tmp_path: Path) -> None:
    source = EVENT.replace("SUMMARY:For {{ first_name }}", "SUMMARY:{{ first_name|markdown }}")
    given = campaign({"campaigns/party.ics": source}, invite=tmp_path / "campaigns/party.ics")
    with pytest.raises(CampaignError) as refused:
        read_content(given)
    (found,) = refused.value.findings
    assert "|markdown writes HTML, and here is text" in found.message


def test_the_method_is_read_whatever_its_case_and_folding() -> None:
    for written in ("METHOD:request", "method:Request", "METHOD:REQ\n UEST"):
        message = built(inviting(EVENT.replace("METHOD:REQUEST", written)))
        assert b'text/calendar; charset="utf-8"; method=REQUEST\r\n' in message.data
        assert "METHOD:REQUEST" in calendars(message)[1].splitlines()


def test_a_time_that_is_none_fails_its_row_alone() -> None:
    letter = inviting(EVENT.replace("20260201T100000Z", "{{ customer_id }}"))
    assert event(built(letter, customer_id="20260301T100000Z"))["DTSTART"].dt.month == 3
    assert "no time of a calendar" in reason(letter, customer_id="1 March")


TYPED = [  # a line, cells that it takes, and cells that fail their row
    ("DTSTART:{}", ["20270228T235959Z", "20240229T000000"], ["20270229", "20271399T250000", "1 March", ""]),
    ("DTSTART;TZID=Europe/Berlin:{}", ["20270613T100000"], ["20270613", "20270613T100000Z"]),
    ("DTSTART;VALUE=DATE:{}", ["20270613"], ["20270613T100000"]),
    ("DTEND:20270613T{}Z", ["235960", "000000"], ["240000", "236000", "2359"]),
    ("CREATED:{}", ["20270613T100000Z"], ["20270613T100000", "20270613"]),
    ("EXDATE:20270101T100000Z,{}", ["20270102T100000Z"], ["20270132T100000Z", "x"]),
    ("RRULE:FREQ=WEEKLY;COUNT={}", ["5"], ["5;UNTIL=x\nX:1", "5;INTERVAL=2", "", "0", "many"]),
    ("RRULE:{}", ["FREQ=WEEKLY;COUNT=5", "FREQ=DAILY"], ["", "weekly", "FREQ=DAILY\nX-A:1"]),
    ("RRULE:FREQ={};BYDAY=MO,-1FR", ["WEEKLY"], ["", "WEEKLY COUNT=1", "BANANA"]),
    ("RRULE:FREQ=DAILY;UNTIL={}", ["20270613T100000Z", "20270613"], ["20270631", "soon"]),
    ("DURATION:{}", ["PT1H30M", "P1D", "P1DT2H", "P2W"], ["1h", "P", "PT", "90"]),
    ("TRIGGER:{}", ["-PT15M", "20270613T100000Z"], ["15 min", "20270613"]),
    ("SEQUENCE:{}", ["0", "12"], ["", "1.5", "-1", "two"]),
    ("ORGANIZER:{}", ["mailto:jane@example.com", "urn:uuid:1"], ["", "jane@example.com", "mailto:", ":x"]),
    ("ATTENDEE;CN=x:mailto:{}", ["jane@example.com"], ["", " "]),
    ("STATUS:{}", ["CONFIRMED"], ["", "BANANA"]),
    ("URL:{}", ["https://example.com", "msteams:/l/x"], ["", "javascript:alert(1)", "example.com"]),
    ("GEO:{};13.40", ["52.52"], ["52,52", "a;b"]),
]


@pytest.mark.parametrize(("line", "taken", "failing"), TYPED)
def test_what_is_no_text_is_looked_at_with_the_value_in_it(
    line: str, taken: list[str], failing: list[str]
) -> None:
    source = EVENT.replace("DTSTART:20260201T100000Z", line.format("{{ customer_id }}"))
    for value in taken:
        assert event(built(inviting(source), customer_id=value))["UID"] == "party@example.com", value
    for value in failing:
        said = reason(inviting(source), customer_id=value)
        assert re.search("is no|is not|is more than", said), value


def test_an_event_has_a_name_of_its_own() -> None:
    source = EVENT.replace("UID:party@example.com", "UID:{{ customer_id }}")
    assert event(built(inviting(source), customer_id="order, 12"))["UID"] == "order, 12"
    for empty in ("", " "):
        assert "is not as" in reason(inviting(source), customer_id=empty)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("DTSTART:20270612T160000Z", "DTEND:20270611T210000Z", "is before"),
        ("DTSTART;TZID=A/B:20270612T160000", "DTEND;TZID=A/B:20270612T155959", "is before"),
        ("DTSTART:20270612", "DTEND:20270611", "is before"),
        ("DTSTART:20270612T160000Z", "DTEND;VALUE=DATE:20270612", "one is a day"),
        ("DTSTART:20270612T160000Z", "DTEND:20270612T160000Z", ""),
        ("DTSTART;TZID=Asia/Tokyo:20270612T160000", "DTEND;TZID=Europe/Berlin:20270612T110000", ""),
    ],
)
def test_an_event_ends_behind_its_start(start: str, end: str, said: str) -> None:
    """RFC 5545 §3.6.1; times of two zones are not compared."""
    for one in (start, end):  # either may be the one with a value in it
        before, _, value = one.rpartition(":")
        lines = f"{start}\n{end}".replace(one, f"{before}:{{{{ customer_id }}}}")
        source = EVENT.replace("DTSTART:20260201T100000Z", lines)
        if said:
            assert said in reason(inviting(source), customer_id=value)
        else:
            assert event(built(inviting(source), customer_id=value))["UID"] == "party@example.com"


def test_a_date_in_place_of_a_time_is_said_to_be_one() -> None:
    """RFC 5545 §3.8.2.4: without VALUE=DATE it is a time."""
    source = EVENT.replace("DTSTART:20260201T100000Z", "DTSTART:{{ customer_id }}")
    dated = built(inviting(source), customer_id="20270613")
    assert "DTSTART;VALUE=DATE:20270613" in calendars(dated)[1].splitlines()
    timed = built(inviting(source), customer_id="20270613T100000Z")
    assert "DTSTART:20270613T100000Z" in calendars(timed)[1].splitlines()


def own(folder: Path) -> OwnFile:
    return OwnFile("own/{{ customer_id }}.ics", folder / "own", "{{ customer_id }}.ics")


def test_a_file_of_the_recipients_own_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/12.ics").write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("Jane", "{x}").encode())
    letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
    message = built(letter)
    assert str(event(message)["SUMMARY"]) == "For {x}, and all"
    assert parsed(message).get_body() is not None
    (file,) = parsed(message).iter_attachments()
    assert file.get_filename() == "12.ics"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "invite own/12.ics: no such file"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "invite 12.ics: has no VERSION:2.0"),
        (PLAIN.replace("METHOD:REQUEST\n", "").encode(), "has no METHOD"),
        (PLAIN.replace("Jane", "J\xe4ne").encode("latin-1"), "not UTF-8"),
        (EVENT.encode(), "12.ics: has {{ first_name }} in it, and a file of a"),
        (PLAIN.replace("Jane", "{% if x %}").encode(), "has {% if x %} in it"),
        (b"x" * 600_000, "larger than 500,000 bytes"),
    ],
)
def test_what_is_wrong_with_a_file_of_ones_own_is_found_before_anything_is_sent(
    tmp_path: Path, data: bytes | None, said: str
) -> None:
    (tmp_path / "own").mkdir()
    if data is not None:
        (tmp_path / "own/12.ics").write_bytes(data)
    letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
    composer = Composer(letter, COLUMNS, SALT)
    assert composer.looks_at_rows
    wrong = composer.survey(recipient().cells).unavailable
    assert wrong is not None
    assert said in wrong.reason
    assert not wrong.fails
    assert said in reason(letter)


def test_no_more_of_a_file_is_read_than_an_invitation_may_have(tmp_path: Path) -> None:
    """One of a terabyte, that takes no room on the disk."""
    (tmp_path / "own").mkdir()
    with (tmp_path / "own/12.ics").open("wb") as file:
        file.truncate(10**12)
    letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
    assert "larger than 500,000 bytes" in reason(letter)
    wrong = Composer(letter, COLUMNS, SALT).survey(recipient().cells).unavailable
    assert wrong is not None
    assert "larger than 500,000 bytes" in wrong.reason


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda at: at.symlink_to("/etc/passwd"), "leads out of its folder by a link"),
        (lambda at: at.symlink_to("../campaigns/x.ics"), "leads out of its folder by a link"),
        (os.mkfifo, "is not a regular file"),
        (Path.mkdir, "is a folder, not a file"),
        (lambda at: at.write_text(PLAIN, encoding="utf-16"), "not UTF-8"),
        (lambda at: at.write_bytes(PLAIN.encode("utf-16-le")), "does not begin with BEGIN:VCALENDAR"),
        (lambda at: at.write_text(PLAIN.replace("Jane", "J\0")), "has a control character"),
        (lambda at: at.write_bytes(b"\x89PNG\r\n\x1a\n" * 9), "not UTF-8"),
    ],
)
def test_a_value_leads_to_no_other_file_than_a_calendar_in_its_folder(
    tmp_path: Path, made: Callable[[Path], object], said: str
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns/x.ics").write_text(PLAIN)
    made(tmp_path / "own/12.ics")
    letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
    wrong = Composer(letter, COLUMNS, SALT).survey(recipient().cells).unavailable
    assert wrong is not None
    assert said in wrong.reason
    assert said in reason(letter)


@pytest.mark.parametrize("value", ["../12", "/12", "x/../../12", "..\\12", ".12", "~/12", "12\n", "1\x002"])
def test_a_value_leads_to_no_folder_but_the_authors(tmp_path: Path, value: str) -> None:
    for folder in ("own", "own/x"):
        (tmp_path / folder).mkdir()
    (tmp_path / "12.ics").write_text(PLAIN)
    (tmp_path / "own/12.ics").write_text(PLAIN)
    letter = replace(content("<p>Hello</p>"), invite=own(tmp_path))
    assert Composer(letter, COLUMNS, SALT).survey(recipient().cells).unavailable is None
    cells = recipient(customer_id=value).cells
    assert Composer(letter, COLUMNS, SALT).survey(cells).unavailable is not None


DOUBTS = [
    (EVENT, []),
    (EVENT.replace("METHOD:REQUEST", "METHOD:PUBLISH").replace("ORGANIZER", "X-O"), []),
    (EVENT.replace("UID:", "X-U:"), ["has no UID"]),
    (EVENT.replace("ORGANIZER;", "X-O;"), ["has no ORGANIZER"]),
    (EVENT.replace("ATTENDEE;", "X-O;"), ["has no ATTENDEE"]),
    (
        EVENT.replace("DTSTAMP:", "X-S:").replace("DTSTART:", "X-T:"),
        ["has no DTSTAMP", "has no DTSTART"],
    ),
    (PLAIN, ["asks the same people in every mail"]),
    (EVENT.replace("news@example.com", "boss@elsewhere.net"), ["ORGANIZER is boss@elsewhere.net"]),
    (EVENT.replace("news@example.com", "boss@mail.example.com"), []),
    (EVENT.replace("VEVENT", "VTIMEZONE"), ["has no event in it"]),
    # What stands in a time zone or an alarm is not the event's.
    (EVENT.replace("DTSTART:2", "X-T:2").replace("BEGIN:VEVENT", f"{ZONE}BEGIN:VEVENT"), ["has no DTSTART"]),
    (
        EVENT.replace("ATTENDEE;", "X-A;").replace("END:VEVENT", f"{ALARM}END:VEVENT"),
        ["has no ATTENDEE"],
    ),
    (
        EVENT.replace("DTSTART:20260201T100000Z", f"{LOCAL}:20260201T110000").replace(
            "BEGIN:VEVENT", f"{ZONE}BEGIN:VEVENT"
        ),
        [],
    ),
    (
        EVENT.replace("DTSTART:20260201T100000Z", f"{LOCAL}:20260201T110000"),
        ["TZID=Europe/Berlin, and has no VTIMEZONE"],
    ),
    (EVENT.replace("100000Z", "100000"), ["has a DTSTART without a time zone"]),
    # Of several events each is looked at.
    (EVENT.replace("END:VCALENDAR", f"{OVERRIDE}END:VCALENDAR"), []),
    (
        EVENT.replace("END:VCALENDAR", OVERRIDE.replace("UID:", "X-U:") + "END:VCALENDAR"),
        ["has no UID"],
    ),
    (
        EVENT.replace("END:VCALENDAR", OVERRIDE.replace("UID:", "UID:other-") + "END:VCALENDAR"),
        ["has events with several UIDs"],
    ),
    (
        EVENT.replace("REQUEST", "PUBLISH").replace(
            "END:VCALENDAR", OVERRIDE.replace("UID:", "UID:other-") + "END:VCALENDAR"
        ),
        [],
    ),
    (CANCELLED, []),
    (CANCELLED.replace("SEQUENCE:", "X-S:"), ["has no SEQUENCE"]),
    (CANCELLED.replace("ORGANIZER;", "X-O;"), ["has no ORGANIZER"]),
    (EVENT.replace("VEVENT", "VTODO").replace("DTSTART:", "DUE:"), []),
]


@pytest.mark.parametrize(("source", "said"), DOUBTS)
def test_what_calendars_need_for_an_invitation_is_warned_of(
    campaign: Callable[..., Campaign], tmp_path: Path, source: str, said: list[str]
) -> None:
    given = campaign({"campaigns/party.ics": source}, invite=tmp_path / "campaigns/party.ics")
    found = [*doubtful_invitation(read_content(given), given)]
    assert len(found) == len(said)
    assert all(words in one.message for words, one in zip(said, found, strict=True))
    assert all(one.severity == "warning" and one.place is not None for one in found)


def test_a_doubt_is_told_at_the_event_that_it_is_of(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    source = EVENT.replace("END:VCALENDAR", OVERRIDE.replace("DTSTAMP:", "X-S:") + "END:VCALENDAR")
    given = campaign({"campaigns/party.ics": source}, invite=tmp_path / "campaigns/party.ics")
    (found,) = doubtful_invitation(read_content(given), given)
    assert found.place is not None
    assert source.splitlines()[(found.place.line or 0) - 1] == "BEGIN:VEVENT"
    assert found.place.line == source[: source.index("RECURRENCE-ID")].count("\n") - 1


def test_a_component_that_a_value_leaves_open_fails_its_row(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    """Which lines there are is known when the row is."""
    open_ = "{% if first_name %}\nEND:VEVENT\n{% endif %}\n"
    source = EVENT.replace("END:VEVENT\n", open_)
    given = campaign({"campaigns/party.ics": source}, invite=tmp_path / "campaigns/party.ics")
    made = read_content(given)
    assert event(built(made))["UID"] == "party@example.com"
    assert "says BEGIN:VEVENT, and nothing ends it" in reason(made, first_name="")


def test_a_tag_over_several_lines_breaks_no_line_of_the_calendar(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    source = EVENT.replace("{{ first_name }}, and", "{{ first_name\n}}{% if\nemail %}, and{% endif %}")
    given = campaign({"campaigns/party.ics": source}, invite=tmp_path / "campaigns/party.ics")
    assert str(event(built(read_content(given)))["SUMMARY"]) == "For Jane, and all"
    wrong = source.replace("END:VEVENT", "X\nEND:VEVENT")
    given = campaign({"campaigns/party.ics": wrong}, invite=tmp_path / "campaigns/party.ics")
    with pytest.raises(CampaignError) as refused:
        read_content(given)
    assert refused.value.findings[0].place is not None
    assert refused.value.findings[0].place.line == 14


def test_either_of_two_calendars_may_be_a_recipients(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    either = f"{{% if first_name == 'Jane' %}}\n{EVENT}{{% else %}}\n{CANCELLED}{{% endif %}}\n"
    either = either.replace("CANCEL\n", "REQUEST\n")
    given = campaign({"campaigns/party.ics": either}, invite=tmp_path / "campaigns/party.ics")
    made = read_content(given)
    assert "SUMMARY" in event(built(made))
    assert "SUMMARY" not in event(built(made, first_name="Bob"))


def test_an_invitation_among_the_attachments_stays_one_and_is_warned_of(
    campaign: Callable[..., Campaign],
) -> None:
    given = campaign({"campaigns/party.ics": PLAIN}, attachments=("party.ics",))
    made = read_content(given)
    assert shape(built(made))[2] == ["text/calendar"]
    (found,) = doubtful_invitation(made, given)
    assert found.rule == "invitation-attached"
    assert found.hint == "write invite: party.ics instead"


def test_the_digest_is_that_of_before_where_nobody_is_invited() -> None:
    letter = content("<p>Hello</p>")
    assert letter.digest == replace(letter, invite=None).digest
    digests = {
        letter.digest,
        inviting().digest,
        inviting(PLAIN).digest,
        replace(inviting(), invite=bundle(EVENT, "other.ics")).digest,
    }
    assert len(digests) == 4
