"""`sendbatch preview`: every kind of message on one page, whom it shows and why, what strangers may see."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import PEOPLE, Desk
from tests.kit.mailhost import MailHost

HTML = """\
<p>Hello {{ first_name }},</p>
{% if plan == "paid" %}<p>thank you.</p>
{% elif plan == "gold" %}<p>all of it.</p>
{% else %}<p>come and see.</p>{% endif %}
<ul>{% for item in items.split("|") if item %}<li>{{ item }}</li>{% endfor %}</ul>
"""
SHOPPERS = """\
email,first_name,plan,items
ada@example.com,Ada,paid,Walnut desk|Brass lamp
bjork@example.org,Björk,free,
carl@example.net,,paid,Oak shelf
"""


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.write("people.csv", SHOPPERS)
    desk.write("spring.html", HTML)
    return desk


def page_of(desk: Desk) -> Path:
    return desk.record() / "preview" / "index.html"


def document(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page.read_text(), re.S
    )
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def whys(told: dict[str, Any], row: int) -> dict[str, int]:
    (entry,) = (one for one in told["recipients"] if one["row"] == row)
    return {one["why"]: one["like"] for one in entry["chosen"]}


def test_each_branch_is_shown_with_why_and_how_many_are_like_it(shop: Desk) -> None:
    more = "".join(f"p{n}@example.com,Pia,paid,Rug\n" for n in range(40))
    shop.write("people.csv", SHOPPERS + more)
    told = shop.run("preview", "spring.yaml").ended(0)
    assert "reports/spring.sandbox/preview/index.html" in told.err
    found = document(page_of(shop))
    assert found["total"] == 43
    free = whys(found, 3)
    assert {why: like for why, like in free.items() if "{%" in why} == {
        'neither {% if plan == "paid" %} nor 1 elif of it (spring.html:2), '
        '{% for item in items.split("|") if item %} has no items (spring.html:5)': 1
    }
    assert free["items is empty"] == 1
    assert any('{% elif plan == "gold" %} (spring.html:3)' in one for one in found["note"])
    assert any("43 messages were looked at" in one for one in found["note"])
    assert shop.nothing_was_sent()


def test_what_an_else_stands_for_is_told_of_its_own_if(desk: Desk) -> None:
    """Another `if` within it, behind it and on the same line has no part in it."""
    desk.write("people.csv", SHOPPERS)
    html = "{% if plan == 'gold' %}a{% elif plan == 'new' %}{% if items %}i{% endif %}"
    html += "{% elif plan == 'old' %}o{% else %}e{% if plan == 'paid' %}p{% endif %}{% endif %}"
    html += "{% if first_name == 'Ada' %}n{% endif %}"
    desk.write("spring.html", f"<p>{html}</p>\n<p>x</p>\n")
    desk.run("preview", "spring.yaml").ended(0)
    found = document(page_of(desk))
    said = " ".join([*whys(found, 2), *whys(found, 3), *whys(found, 4)])
    assert "not {% if plan == 'paid' %} (spring.html:1)" in said
    assert "not {% if first_name == 'Ada' %} (spring.html:1)" in said
    desk.write("people.csv", SHOPPERS + "dora@example.com,Dora,gold,\n")
    desk.run("preview", "spring.yaml").ended(0)
    said = " ".join(whys(document(page_of(desk)), 2))
    assert "neither {% if plan == 'gold' %} nor 2 elifs of it (spring.html:1)" in said


def test_an_inline_if_of_a_loops_own_tag_is_not_taken_for_another(desk: Desk) -> None:
    rows = "".join(f"p{n}@example.com,P,{'y' if n < 3 else 'n'},{n % 2}\n" for n in range(12))
    desk.write("people.csv", "email,first_name,a,c\n" + rows)
    html = "{% for x in ('1 2' if c == '1' else '2 3').split() if (x != '2' if a == 'y' else x != '3') %}"
    html += "{{ 'B' if x == '1' else 'b' }}{% endfor %}{{ 'C' if c == '0' else 'D' }}"
    html += "{{ 'E' if a == 'n' else 'e' }}"
    desk.write("spring.html", f"<p>{html}</p>\n<p>x</p>\n")
    desk.run("preview", "spring.yaml").ended(0)
    said: dict[str, int] = {}
    for one in document(page_of(desk))["recipients"]:
        for why in one["chosen"]:
            for words in why["why"].removesuffix(" (spring.html:1)").split(", "):
                said[words] = why["like"]
    assert said["{{ 'C' if c == '0' else 'D' }}: its condition holds"] == 6
    assert said["{{ 'C' if c == '0' else 'D' }}: its condition does not hold"] == 6
    assert said["{{ 'E' if a == 'n' else 'e' }}: its condition holds"] == 9
    assert said["{{ 'E' if a == 'n' else 'e' }}: its condition does not hold"] == 3


def test_a_condition_of_one_of_several_subjects_is_named(shop: Desk) -> None:
    more = "".join(f"p{n}@example.com,Pia,{'free' if n % 2 else 'paid'},Rug\n" for n in range(30))
    shop.write("people.csv", SHOPPERS + more)
    shop.campaign(
        (
            'subject: "{{ first_name }}, spring is here"',
            """subject:
  - "{{ 'Thanks' if plan == 'paid' else 'Hello' }}"
  - "{% if plan == 'paid' %}Thank you{% else %}Come{% endif %}\"""",
        )
    )
    shop.run("preview", "spring.yaml").ended(0)
    found = document(page_of(shop))
    said = " ".join(one["why"] for entry in found["recipients"] for one in entry["chosen"])
    assert "{{ 'Thanks' if plan == 'paid' else 'Hello' }}: its condition holds (subject A)" in said
    assert "not {% if plan == 'paid' %} (subject B)" in said
    assert "line 1" not in said


def test_each_mail_says_of_which_version_it_is(shop: Desk) -> None:
    more = "".join(f"p{n}@example.com,{'x' * n},paid,Rug\n" for n in range(1, 60))
    shop.write("people.csv", SHOPPERS + more)
    shop.campaign(('subject: "{{ first_name }}, spring is here"', "subject: [One, Another]"))
    shop.run("preview", "spring.yaml", "--recipient", "p58@example.com").ended(0)
    for one in document(page_of(shop))["recipients"]:
        assert one["version"] == {"One": "A “One”", "Another": "B “Another”"}[one["subject"]]


def test_what_only_a_message_takes_that_fails_is_not_said_to_be_nobodys(shop: Desk) -> None:
    failing = "{{ plan|date('short', locale='en') }}"
    shop.write("spring.txt", f"{{% if plan == 'free' %}}{failing}{{% endif %}} hello\n")
    shop.run("preview", "spring.yaml").ended(1)
    (said,) = (one for one in document(page_of(shop))["note"] if one.startswith("Nobody"))
    assert said.startswith("Nobody whose message can be built comes by ")
    assert "{% if plan == 'free' %}" in said


def test_count_bounds_whom_it_shows_and_says_what_is_not_shown(shop: Desk) -> None:
    shop.run("preview", "spring.yaml", "--count", "1").ended(0)
    found = document(page_of(shop))
    assert len(found["recipients"]) == 1
    assert any("not shown" in one for one in found["note"])


def test_who_is_asked_for_is_shown_too(shop: Desk) -> None:
    shop.write("whom.txt", "carl@example.net\n")
    shop.run("preview", "spring.yaml", "--count", "1", "--recipient", "@whom.txt").ended(0)
    assert 4 in [one["row"] for one in document(page_of(shop))["recipients"]]


def test_an_unknown_recipient_is_an_error_with_a_guess(shop: Desk) -> None:
    told = shop.run("preview", "spring.yaml", "--recipient", "adda@example.com").ended(2)
    assert "--recipient names nobody in the plan: adda@example.com" in told.err
    assert "did you mean ada@example.com?" in told.err
    assert not page_of(shop).exists()


def test_a_recipient_who_gets_nothing_is_an_error_that_says_why(shop: Desk) -> None:
    shop.write("people.csv", SHOPPERS + "ADA@example.com,Ada,paid,\nno address,Eve,paid,\n")
    told = shop.run("preview", "spring.yaml", "--recipient", "no address").ended(2)
    assert "row 6 gets nothing: invalid" in told.err


def test_who_gets_nothing_is_counted_with_the_reason(shop: Desk) -> None:
    shop.write(
        "people.csv", SHOPPERS + "ada@example.com,Ada,paid,\nno address,Eve,paid,\n,Bob,paid,\n"
    )
    shop.run("preview", "spring.yaml").ended(1)
    nothing = document(page_of(shop))["nothing"]
    assert [(one["number"], one["rows"]) for one in nothing] == [(1, [5]), (1, [6]), (1, [7])]
    assert [one["why"].partition(":")[0] for one in nothing] == ["duplicate", "invalid", "invalid"]


def test_a_message_that_cannot_be_built_is_shown_in_its_place(shop: Desk) -> None:
    shop.write("spring.html", HTML + "{{ 12 // (first_name|length - 3) }}\n")
    shop.run("preview", "spring.yaml").ended(1)
    rows = {one["row"]: one["fault"] for one in document(page_of(shop))["recipients"]}
    assert [*rows] == [2, 3, 4]
    assert "spring.html:6" in rows[2]["said"]
    assert rows[3] is None


def test_it_leaves_the_record_as_it_was(shop: Desk) -> None:
    shop.run("run", "spring.yaml", "--limit", "1").ended(0)
    before = (shop.record() / "ledger.sqlite").read_bytes()
    shop.run("preview", "spring.yaml").ended(0)
    assert (shop.record() / "ledger.sqlite").read_bytes() == before
    found = document(page_of(shop))
    assert [one["row"] for one in found["recipients"]] == [3, 4]  # whom a run would send to
    assert [(one["why"], one["number"]) for one in found["nothing"]] == [("accepted", 1)]


def test_once_all_have_the_mail_everybody_is_looked_at(shop: Desk) -> None:
    shop.run("run", "spring.yaml").ended(0)
    shop.run("preview", "spring.yaml").ended(0)
    assert len(document(page_of(shop))["recipients"]) == 3


def test_exit_codes_are_those_of_check(shop: Desk) -> None:
    assert shop.run("preview", "spring.yaml", "--expect", "99").code == 4
    shop.write("people.csv", "email,first_name,plan,items\n")
    assert shop.run("preview", "spring.yaml").code == shop.run("check", "spring.yaml").code
    shop.write("spring.html", "{{ frist_name }}")
    assert shop.run("preview", "spring.yaml").code == 2


def test_a_page_elsewhere_stands_alone(shop: Desk) -> None:
    shop.run("preview", "spring.yaml", "--out", "spring-page.html").ended(0)
    assert not page_of(shop).exists()
    assert len(document(shop.folder / "spring-page.html")["recipients"]) == 3
    assert not [*shop.folder.glob("*.eml")]
    shop.run("preview", "spring.yaml", "--out", "spring-page.html").ended(
        0
    )  # its own it may replace


def test_what_is_no_gallery_is_not_overwritten(shop: Desk) -> None:
    told = shop.run("preview", "spring.yaml", "--out", "people.csv").ended(2)
    assert "--out people.csv: this file is there, and it is no gallery" in told.err
    assert (shop.folder / "people.csv").read_text() == SHOPPERS
    (shop.folder / "link.html").symlink_to(shop.folder / "new.html")
    shop.run("preview", "spring.yaml", "--out", "link.html").ended(2)
    assert not (shop.folder / "new.html").exists()


def test_a_folder_that_is_not_there_is_an_error(shop: Desk) -> None:
    told = shop.run("preview", "spring.yaml", "--out", "nowhere/page.html")
    assert told.code == 2
    assert "--out nowhere/page.html: its folder is not there" in told.err


def test_without_a_display_no_browser_is_asked(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    told = shop.run("preview", "spring.yaml", "--open").ended(0)
    assert "open that file yourself" in told.err
    assert "preview/index.html" in told.err


def test_a_browser_is_given_the_page(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    script = shop.write("browser", '#!/bin/sh\nprintf %s "$1" > "$0.told"\n')
    script.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(script))
    told = shop.run("preview", "spring.yaml", "--open").ended(0)
    assert "yourself" not in told.err
    assert (shop.folder / "browser.told").read_text() == page_of(shop).absolute().as_uri()


SECRET = """\
email,first_name,last_name,plan,items,born,city,note
jane.dorrington@post.example.org,Jane-Marie,Dorrington,paid,Walnut desk,1987-03-21,Lüdenscheid,Ruft an
mikael@firma.example.net,Mikael,Virtanen,free,,1992-11-05,Jyväskylä,+358 40 1234567
sakura@example.jp,さくら,田中美咲子,paid,Cup,2001-01-30,東京都渋谷,"[{""t"": ""Kimono"", ""p"": 129.5}]"
broken@example.com,Brokenhearted,Personsson,paid,x,never-a-date,Leverkusen,Pechvogel
twice@example.com,Twofold,Personsson,free,x,1990-01-01,Leverkusen,Anfangs
twice@example.com,Threefold,Otherkin,free,x,1990-01-01,Leverkusen,Zweitens
not an address,Nobodina,Lastplace,paid,x,1990-01-01,Leverkusen,Drittens
"""
LETTER = """\
<p>Hello {{ first_name }} {{ last_name }} of {{ city }}, born {{ born|date("long", locale="en") }}.</p>
{% if plan == "paid" %}<p>thank you: {{ note }}</p>{% else %}<p>come</p>{% endif %}
{% for item in items.split("|") if item %}<li>{{ item }}</li>{% endfor %}
<a href="https://shop.example.com/?who={{ email|urlencode }}">mine</a>
"""


def test_masked_no_cell_is_in_the_page_nor_beside_it(desk: Desk) -> None:
    desk.write("people.csv", SECRET)
    desk.write("spring.html", LETTER)
    more = 'preheader: "For {{ last_name }}"\nheaders: {X-Of: "{{ city }}"}\n'
    more += "unsubscribe: {url: 'https://example.com/u?{{ email|urlencode }}'}\n"
    desk.campaign(
        ("  file: people.csv", '  file: people.csv\n  name: "{{ first_name }} {{ last_name }}"'),
        more=more,
    )
    desk.run("preview", "spring.yaml", "--masked").ended(1)
    page = page_of(desk)
    text = page.read_text()
    assert [one.name for one in page.parent.iterdir()] == ["index.html"]
    rows = [*csv.reader(io.StringIO(SECRET))][1:]
    cells = {cell for row in rows for cell in row if len(cell) > 3} - {"paid", "free"}
    parts = {part for cell in cells for part in cell.split("@") if len(part) > 5}
    for cell in sorted((cells | parts) - {"example.com"}):  # that domain is nobody's
        for spelling in {cell, cell.lower(), json.dumps(cell)[1:-1], cell.replace("@", "%40")}:
            assert spelling not in text, spelling
    found = document(page)
    assert found["masked"]
    shown = {one["row"]: one for one in found["recipients"]}
    assert {2, 3, 4, 5} <= {*shown}
    assert shown[5]["fault"]["where"].startswith("spring.html:1")
    assert shown[2]["email"].endswith("@example.com")
    assert len(shown[2]["email"]) == len(rows[0][0])
    assert "thank you" in shown[2]["html"]
    assert "come" in shown[3]["html"]
    assert {one["number"] for one in found["nothing"]} == {1}


PRIVATE = """\
customer_id,email,first_name,age,born,plan
rigby-4471,eleanor@example.org,Eleanor,34,1984-05-06,paid
jude-7777,jude@example.org,Jude,7,1991-02-03,free
mckenzie-9918,father@example.org,Bo,51,1977-09-10,gold
"""


@pytest.mark.parametrize("key", ["customer_id", '"c-{{ customer_id }}"'])
def test_masked_a_letter_of_one_persons_own_is_refused(desk: Desk, key: str) -> None:
    desk.write("people.csv", PRIVATE)
    for name in ("rigby-4471", "jude-7777", "mckenzie-9918"):
        desk.write(f"letters/{name}.txt", f"Of {name} alone.\n")
    desk.campaign(
        ("  html: spring.html\n", ""),
        ("spring.txt", '"letters/{{ customer_id }}.txt"'),
        ("  file: people.csv", f"  file: people.csv\n  key: {key}"),
        ("variables: {product: Widget}\n", ""),
    )
    told = desk.run("preview", "spring.yaml", "--masked", "--out", "masked.html").ended(2)
    assert "letters/{{ customer_id }}.txt is a letter for each person" in told.err
    assert not (desk.folder / "masked.html").exists()
    desk.run("preview", "spring.yaml").ended(0)


def test_masked_letters_that_one_row_each_has_are_refused(desk: Desk) -> None:
    """Though another column is the key."""
    rows = [f"p{n}@example.org,P,{'most' if n > 6 else f'own{n}'}\n" for n in range(12)]
    desk.write("people.csv", "email,first_name,letter\n" + "".join(rows))
    for name in ("most", *(f"own{n}" for n in range(7))):
        desk.write(f"letters/{name}.txt", f"Of {name}.\n")
    desk.campaign(
        ("  html: spring.html\n", ""),
        ("spring.txt", '"letters/{{ letter }}.txt"'),
        ("variables: {product: Widget}\n", ""),
    )
    desk.run("preview", "spring.yaml", "--masked").ended(2)


def test_masked_what_stays_is_named_by_its_column(desk: Desk) -> None:
    desk.write("people.csv", PRIVATE)
    text = "{{ first_name }} {{ customer_id }} {{ plan }}"
    text += "{% if age|int > 30 %}old{% endif %}{% if born[:3] == '198' %}then{% endif %}"
    desk.write("spring.txt", text + "{% if plan == 'gold' %}!{% endif %}\n")
    desk.campaign(
        ("  html: spring.html\n", ""),
        ("  file: people.csv", "  file: people.csv\n  key: customer_id"),
        ('subject: "{{ first_name }}, spring is here"', "subject: Hello"),
    )
    told = desk.run("preview", "spring.yaml", "--masked").ended(0)
    found = document(page_of(desk))
    (said,) = (one for one in found["note"] if one.startswith("Not made up"))
    assert "plan" in re.findall(r"whole cells of ([^;.]*)", said)[0]
    assert "customer_id" not in said
    assert "masked: Not made up, so that the templates take" in told.err.replace("\n", " ")
    keys = {one["key"] for one in found["recipients"]}
    assert not keys & {"rigby-4471", "jude-7777", "mckenzie-9918"}


def test_masked_no_digest_of_the_rows_is_in_the_page(shop: Desk) -> None:
    shop.run("preview", "spring.yaml").ended(0)
    inputs = document(page_of(shop))["made"]["inputs"]
    assert len(inputs) == 64
    shop.run("preview", "spring.yaml", "--masked").ended(0)
    assert inputs not in page_of(shop).read_text()
    assert document(page_of(shop))["made"]["inputs"] == "masked"
    shop.run("run", "spring.yaml", "--limit", "1").ended(0)
    assert not page_of(shop).exists()  # of which rows it is, nobody knows


def test_masked_files_of_recipients_are_not_read(desk: Desk) -> None:
    desk.write("people.csv", SHOPPERS)
    for name in ("Ada", "Björk", "friend"):
        desk.write(f"bills/{name}.txt", f"owed by {name}: 1,000,000")
    desk.campaign(more='attachments: ["bills/{{ first_name }}.txt"]\n')
    desk.run("preview", "spring.yaml", "--masked", "--out", "masked.html").ended(0)
    found = document(desk.folder / "masked.html")
    (first, *_) = found["recipients"]
    assert first["attachments"][0]["name"].endswith(".txt")
    assert "Ada" not in (desk.folder / "masked.html").read_text()
    assert not any("owed by" in one["source"] for one in found["recipients"])


def test_a_masked_row_gets_the_version_of_the_real_one(desk: Desk) -> None:
    desk.write(
        "people.csv",
        "email,first_name,lang\n"
        + "".join(
            f"person{n}@example.org,Firstname{n},{'de' if n % 2 else 'en'}\n" for n in range(8)
        ),
    )
    for language, text in (
        ("de", "Guten Tag {{ first_name }}"),
        ("en", "Good day {{ first_name }}"),
    ):
        desk.write(f"letter.{language}.txt", text)
    desk.campaign(
        ("  html: spring.html\n", ""),
        ("spring.txt", '"letter.{{ lang }}.txt"'),
        ('subject: "{{ first_name }}, spring is here"', "subject: [One thing, Another thing]"),
        ("variables: {product: Widget}\n", ""),
    )
    desk.run("preview", "spring.yaml").ended(0)
    real = {one["row"]: one for one in document(page_of(desk))["recipients"]}
    desk.run("preview", "spring.yaml", "--masked").ended(0)
    masked = {one["row"]: one for one in document(page_of(desk))["recipients"]}
    assert [*masked] == [*real]
    for row, one in masked.items():
        assert one["subject"] == real[row]["subject"]
        assert one["text"][:8] == real[row]["text"][:8]
        assert one["text"] != real[row]["text"]
        assert one["version"] == real[row]["version"]


def test_a_masked_row_that_no_made_up_one_is_like_is_not_shown(shop: Desk) -> None:
    shop.write("spring.txt", "{% if first_name[:2] == 'Bj' %}It is you{% endif %} hello\n")
    shop.run("preview", "spring.yaml", "--masked").ended(0)
    found = document(page_of(shop))
    assert [one["row"] for one in found["recipients"]] == [2, 4]
    assert any(one.startswith("1 row more would be shown") for one in found["note"])


def test_beside_a_run_that_is_under_way_what_is_on_the_way_is_not_called_lost(
    desk: Desk, mailhost: MailHost
) -> None:
    mailhost.take_over(desk)
    mailhost.hold_after = 1
    process = desk.start("run", "spring.yaml", "--yes", "--no-progress")
    try:
        mailhost.until_holding(1)
        told = desk.run("preview", "spring.yaml", "--out", "page.html").ended(0)
    finally:
        process.kill()
        process.communicate()
    assert "a run is under way: whom it sends to at this moment" in told.err.replace("\n", " ")
    why = [one["why"] for one in document(desk.folder / "page.html")["nothing"]]
    assert "in doubt: or on the way: a run is under way" in why
    desk.run("preview", "spring.yaml", "--out", "page.html").ended(0)
    why = [one["why"] for one in document(desk.folder / "page.html")["nothing"]]
    assert any("in doubt: the run ended" in one for one in why)


def test_a_run_that_is_cut_off_leaves_no_older_gallery_either(desk: Desk) -> None:
    page = page_of(desk)
    desk.run("preview", "spring.yaml").ended(0)
    desk.write("spring.txt", "Another text for {{ first_name }}.\n")
    told = desk.run("run", "spring.yaml", "--stop-after", "0s")
    assert "is removed" in told.err
    assert not page.exists()


def test_no_older_gallery_lies_beside_a_newer_record(desk: Desk) -> None:
    """By whatever verb the record moves on."""
    page = page_of(desk)
    desk.run("preview", "spring.yaml").ended(0)
    desk.write("spring.txt", "Another text for {{ first_name }}.\n")
    desk.run("run", "spring.yaml", "--limit", "1").ended(0)
    assert not page.exists()
    desk.run("preview", "spring.yaml").ended(0)
    desk.run("report", "spring.yaml", "--format", "json")
    desk.run("run", "spring.yaml").ended(0)
    assert page.exists()  # of the very text that was sent
    desk.write("spring.txt", "A third text for {{ first_name }}.\n")
    desk.write("people.csv", PEOPLE + "dora@example.com,Dora,paid\n")
    desk.run("run", "spring.yaml", "--accept-changes").ended(0)
    assert not page.exists()
