"""Pictures that are sent with a letter, and those that cannot be."""

from __future__ import annotations

import base64
import os
import unicodedata
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.errors import CampaignError
from sendbatch.message.checks.pictures import broken_pictures, doubtful_pictures
from sendbatch.message.checks.widths import wide_pictures
from sendbatch.message.compose import Composer
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.values import Message
from tests.kit.pictures import GIF, JPEG, SVG, png

from .conftest import COLUMNS, NOW, SALT, body_of, built, parsed, reason, recipient

RED, BLUE = png(8, 4, 80), png(4, 8, 200)
Read = Callable[..., Content]


@pytest.fixture
def read(tmp_path: Path, campaign: Callable[..., Campaign]) -> Read:
    """read(html, {path: bytes}) is what is read of these files below templates/."""

    def read(html: str, files: Mapping[str, bytes] | None = None, **fields: Any) -> Content:
        written = {f"templates/{name}": data for name, data in (files or {}).items()}
        campaign({"templates/body.txt": "Hi", **written})
        templates = Templates(tmp_path / "templates/body.html", tmp_path / "templates/body.txt")
        return read_content(campaign({"templates/body.html": html}, templates=templates, **fields))

    return read


def faults(read: Read, html: str, files: Mapping[str, bytes] | None = None) -> list[str]:
    """`line:column: what is wrong` of each error."""
    with pytest.raises(CampaignError) as refused:
        read(html, files)
    return [
        f"{one.place.line}:{one.place.column}: {one.message}"
        + (f" ({one.hint})" if one.hint else "")
        for one in refused.value.findings
        if one.place and one.severity == "error"
    ]


def pictures(message: Message) -> dict[str, EmailMessage]:
    """The pictures of a message by their Content-IDs, in whose HTML each of these stands."""
    mail = parsed(message)
    (related,) = [part for part in mail.walk() if part.get_content_type() == "multipart/related"]
    assert related["Content-Type"].params["type"] == "text/html"
    html, *parts = related.iter_parts()
    assert html.get_content_type() == "text/html"
    for part in parts:
        assert f"cid:{part['Content-ID'][1:-1]}" in html.get_content()
        assert part.get_content_disposition() == "inline"
        assert part["Content-Transfer-Encoding"] == "base64"
    return {part["Content-ID"][1:-1]: part for part in parts}


def sent(made: Content, **cells: str) -> dict[str, bytes]:
    """The names and bytes of the pictures in one recipient's message."""
    assert broken_pictures(made, COLUMNS) == []
    found = pictures(built(made, **cells)).values()
    return {str(part.get_filename()): part.get_content() for part in found}


# Where they are named


@pytest.mark.parametrize(
    "html",
    [
        '<img src="logo.png">',
        "<img src=logo.png alt=x>",
        "<IMG SRC = 'logo.png'>",
        '<img src="./logo.png">',
        '<img src="logo.png?v=3#x">',
        '<img src="{% if first_name %}logo.png{% else %}https://x.example/a.png{% endif %}">',
        '<td background="logo.png">',
        '<video poster="logo.png" src="https://x.example/a.mp4">',
        "<p style=\"background: url('logo.png')\">",
        '<p style="background: url(&quot;logo.png&quot;)">',
        "<style>.a { background: url( logo.png ) }</style>",
        '<!--[if mso]><v:fill src="logo.png"/><![endif]-->',
        '<!--[if !mso]><!--><img src="logo.png"><!--<![endif]-->',
        "<!--[if !mso]><!-->\n<style>.a { background: url(logo.png) }</style><!--<![endif]-->",
        "<!-->{{ first_name }}<img src='logo.png'><!-- -->",
        '{% raw %}<img src="logo.png">{% endraw %}',
        '{% macro logo() %}<img src="logo.png">{% endmacro %}{{ logo() }}',
    ],
)
def test_a_local_file_is_sent_wherever_it_is_shown(read: Read, html: str) -> None:
    assert sent(read(html, {"logo.png": RED})) == {"logo.png": RED}


def test_each_candidate_of_a_srcset_is_sent(read: Read) -> None:
    html = '<img srcset="a.png, b.png 2x" src="https://x.example/a.png">'
    made = read(html, {"a.png": RED, "b.png": BLUE})
    assert sent(made) == {"a.png": RED, "b.png": BLUE}
    assert body_of(built(made), "html").count("cid:") == 2


@pytest.mark.parametrize("name", ["an image.png", "größe.png", "a%20b.png", "a&b.png", "a'b.png"])
def test_a_name_may_be_written_as_it_is_or_percent_encoded(read: Read, name: str) -> None:
    for written in (name.replace("&", "&amp;"), quote(name)):
        made = read(f'<img src="{written}">', {name: RED})
        assert [*sent(made).values()] == [RED]


def test_the_other_normal_form_of_a_name_is_the_same_file(read: Read) -> None:
    html = f'<img src="{unicodedata.normalize("NFC", "größe.png")}">'
    assert [*sent(read(html, {unicodedata.normalize("NFD", "größe.png"): RED})).values()] == [RED]


def test_a_path_is_relative_to_its_file_and_then_to_the_campaign(
    campaign: Callable[..., Campaign], read: Read, tmp_path: Path
) -> None:
    campaign({"campaigns/logo.png": BLUE, "campaigns/other.png": RED})
    html = '{% include "parts/foot.html" %}<img src="other.png">'
    files = {"parts/foot.html": b'<img src="logo.png">', "parts/logo.png": GIF}
    made = read(html, files)
    assert sorted(sent(made).values()) == sorted([GIF, RED])


def test_the_same_picture_is_one_part_whatever_it_is_called(read: Read) -> None:
    html = '<img src="a.png"><img src="./a.png"><img src="b/c.png">{% include "foot.html" %}'
    made = read(html, {"a.png": RED, "b/c.png": RED, "foot.html": b"<img src='a.png'>"})
    assert sent(made) == {"a.png": RED}
    assert body_of(built(made), "html").count("cid:") == 4


def test_three_hundred_pictures_are_sent(read: Read) -> None:
    files = {f"{number}.png": png(number + 1) for number in range(300)}
    made = read("".join(f'<img src="{name}">' for name in files), files)
    assert len(sent(made)) == 300


def test_hosted_pictures_are_left_to_the_letter(read: Read) -> None:
    html = '<img src="https://x.example/a.png"><img src="//x.example/a.png"><img src="{{ first_name }}">\n'
    made = read(html)
    assert made.pictures == ()
    assert body_of(built(made, first_name="https://x.example/b.png"), "html") == html.replace(
        "{{ first_name }}", "https://x.example/b.png"
    )


# What the message is made of


def test_text_and_html_are_alternatives_and_the_pictures_are_with_the_html(
    read: Read, campaign: Callable[..., Campaign]
) -> None:
    campaign({"campaigns/terms.txt": b"Terms"})
    made = read('<img src="logo.png">', {"logo.png": RED}, attachments=("terms.txt",))
    kinds = [part.get_content_type() for part in parsed(built(made)).walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/plain",
    ]


def test_a_letter_with_pictures_is_planned_and_the_same_as_when_it_is_not(read: Read) -> None:
    made = read(
        '<p>{{ first_name }} <img src="a.png"> <img src="b.png"></p>', {"a.png": RED, "b.png": BLUE}
    )
    composer = Composer(made, COLUMNS, SALT)
    planned = composer.planned(recipient(first_name="Jörg"), NOW)
    assert planned is not None
    sampled = composer.sample(recipient(first_name="Jörg"), NOW)
    assert [*pictures(planned)] == [picture.cid for picture in made.pictures]
    assert "".join(sampled.parts.html or ()) == body_of(planned, "html").rstrip("\n")
    assert [picture.cid for picture in sampled.parts.pictures] == [*pictures(planned)]


def test_the_digest_tells_another_picture_and_another_name(read: Read) -> None:
    html = '<img src="a.png">'
    digests = [
        read(html, {"a.png": RED}).digest,
        read(html, {"a.png": BLUE}).digest,
        read('<img src="b.png">', {"b.png": BLUE}).digest,
    ]
    assert len(set(digests)) == 3
    assert read(html, {"a.png": RED}).digest == digests[0]


def test_what_was_read_is_what_is_sent(read: Read, tmp_path: Path) -> None:
    made = read('<img src="a.png">', {"a.png": RED})
    (tmp_path / "templates/a.png").unlink()
    (tmp_path / "templates/a.png").symlink_to("/etc/passwd")
    assert sent(made) == {"a.png": RED}


def test_a_fault_behind_a_picture_has_the_place_that_its_author_sees(
    read: Read, campaign: Callable[..., Campaign]
) -> None:
    made = read('<p>\n<img src="a.png"> <img src="//b/b"></p>', {"a.png": RED})
    (fault,) = doubtful_pictures(made, COLUMNS)
    assert fault.place is not None
    assert (fault.place.line, fault.place.column) == (2, 29)
    assert fault.place.text == '<img src="a.png"> <img src="//b/b"></p>'


# What is written out


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{base64.b64encode(RED).decode()}",
        f"data:image/jpeg;BASE64,\n {base64.b64encode(RED).decode()}",
        f"data:image/png;base64,{quote(base64.b64encode(RED).decode().rstrip('='))}",
        f"data:image/png,{quote(RED)}",
    ],
)
def test_a_picture_that_is_written_out_is_a_part_too(read: Read, url: str) -> None:
    assert sent(read(f'<p>\n<img src="{url}"></p>')) == {"picture.png": RED}
    made = read('<img src="{{ first_name }}">')
    assert sent(made, first_name=url) == {"picture.png": RED}


def test_a_value_may_write_a_picture_out(read: Read) -> None:
    made = read('<img src="data:image/png;base64,{{ first_name }}">')
    assert sent(made, first_name=base64.b64encode(BLUE).decode()) == {"picture.png": BLUE}
    assert "body.html:1: data:image/png;base64,x" in reason(made, first_name="x")


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("data:image/png;base64,iVBOR?", "is broken: its data is no base64"),
        ("data:image/png;base64", "has no comma before its data"),
        ("data:image/png;base64,aGVsbG8=", "is no picture"),
        ("data:image/png,", "is empty"),
        (f"data:image/svg+xml,{quote(SVG)}", "is an SVG"),
    ],
)
def test_a_broken_one_is_told_with_its_place(read: Read, url: str, wrong: str) -> None:
    (fault,) = faults(read, f'<p>\n<img src="{url}"></p>')
    assert fault.startswith("2:11: data:image/")
    assert wrong in fault


def test_a_drawing_written_out_in_css_is_an_ornament(read: Read) -> None:
    html = f"<style>.a {{ mask: url('data:image/svg+xml,{quote(SVG)}') }}</style>"
    assert read(html).pictures == ()


# What cannot be sent


@pytest.mark.parametrize(
    ("name", "data", "wrong"),
    [
        ("a.svg", SVG, "is an SVG, which neither Gmail nor Outlook shows: export it as PNG"),
        ("a.png", SVG, "is an SVG"),
        ("a.png", b"", "is empty"),
        ("a.png", b"email\njane@example.com\n", "is no picture: it cannot be shown in a mail"),
        ("a.tif", b"II*\0....", "is a TIFF, and cannot be shown in a mail; PNG, JPEG or GIF can"),
        ("a.woff2", b"wOF2....", "is a font, and cannot be shown"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("a.png", RED + bytes(40_000_000), "has 40.0 MB, and a picture may have 5.0 MB"),
    ],
)
def test_what_is_no_picture_for_a_mail_is_told(
    read: Read, name: str, data: bytes, wrong: str
) -> None:
    (fault,) = faults(read, f'<p>\n<img src="{name}"></p>', {name: data})
    assert fault.startswith(f"2:11: {name}: ")
    assert wrong in fault


def test_all_pictures_of_a_mail_have_a_bound(read: Read) -> None:
    files = {f"{number}.png": RED + bytes([number]) * 3_000_000 for number in range(4)}
    html = "".join(f'<img src="{name}">\n' for name in files)
    (fault,) = faults(read, html, files)
    assert "all pictures of a mail may have 7.0 MB together" in fault


THREE = (
    "Hi{% if first_name == 'Ann' %}<img src='a.png'>{% elif first_name == 'Bo' %}<img src='b.png'>"
    "{% else %}<img src='c.png'>{% if customer_id %}<img src='b.png'><img src='a.png'>{% endif %}{% endif %}"
)


@pytest.fixture
def large(read: Read) -> Content:
    """A letter with three pictures of 3 MB, of which most messages show one."""
    files = {f"{name}.png": RED + name.encode() * 3_000_000 for name in "abc"}
    return read(THREE, files)


def test_a_mail_may_have_as_much_of_pictures_as_it_shows(large: Content) -> None:
    composer = Composer(large, COLUMNS, SALT)
    for name, shown in (("Ann", "a.png"), ("Bo", "b.png"), ("Cy", "c.png")):
        assert [*sent(large, first_name=name, customer_id="")] == [shown]
        found = composer.survey(("jane@example.org", name, ""))
        assert found.unavailable is None
        assert 4_000_000 < found.own == found.size < 4_200_000


def test_a_mail_that_shows_more_than_it_may_have_is_not_sent(large: Content) -> None:
    composer, cells = Composer(large, COLUMNS, SALT), {"first_name": "Cy", "customer_id": "1"}
    wrong = composer.survey(("jane@example.org", "Cy", "1")).unavailable
    assert wrong is not None
    said = "a.png 3.0 MB, b.png 3.0 MB, c.png 3.0 MB: all of a mail may have 7.0 MB together"
    assert said in wrong.reason
    assert not wrong.fails
    assert said in reason(large, **cells)
    assert composer.planned(recipient(**cells), NOW) is None


def test_the_planned_way_sends_no_more_than_a_mail_may_have(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sendbatch.message.pictures.shown.MOST", 700)
    files = {f"{name}.png": RED + name.encode() * 250 for name in "abc"}
    made = read(THREE, files)
    composer = Composer(made, COLUMNS, SALT)
    for name, shown in (("Ann", {"a.png"}), ("Bo", {"b.png"}), ("Cy", {"c.png"})):
        planned = composer.planned(recipient(first_name=name, customer_id=""), NOW)
        assert planned is not None
        assert {part.get_filename() for part in pictures(planned).values()} == shown
    assert composer.planned(recipient(first_name="Cy"), NOW) is None
    assert "all of a mail may have 700 bytes together" in reason(made, first_name="Cy")


def test_own_pictures_count_with_those_that_their_mail_shows(read: Read) -> None:
    html = (
        "Hi<img src='maps/{{ customer_id }}.png'>{% if first_name == 'Ann' %}<img src='a.png'>{% endif %}"
    )
    files = {name: RED + name.encode()[:1] * 4_000_000 for name in ("a.png", "maps/1.png")}
    made = read(html, files)
    composer = Composer(made, COLUMNS, SALT)
    assert [*sent(made, first_name="Bo", customer_id="1")] == ["1.png"]
    assert composer.survey(("b@example.org", "Bo", "1")).unavailable is None
    wrong = composer.survey(("a@example.org", "Ann", "1")).unavailable
    assert wrong is not None
    said = "a.png 4.0 MB, 4.0 MB of the recipient's own: all of a mail may have 7.0 MB together"
    assert said in wrong.reason
    assert said in reason(made, first_name="Ann", customer_id="1")


@pytest.mark.parametrize(
    ("source", "others", "is_certain"),
    [
        ("Hi{{ first_name }}<img src='a.png'>", {}, True),
        ("Hi{% with x = 1 %}<img src='a.png'>{% endwith %}", {}, True),
        ("Hi{% raw %}<img src='a.png'>{% endraw %}", {}, True),
        ("Hi{% block x %}<img src='a.png'>{% endblock %}", {}, True),
        ("Hi{% include 'x.html' %}", {"x.html": "<img src='a.png'>"}, True),
        ("{% extends 'x.html' %}", {"x.html": "Hi<img src='a.png'>"}, True),
        (
            "{% extends 'x.html' %}{% block x %}<img src='a.png'>{% endblock %}",
            {"x.html": "Hi{% block x %}{% endblock %}"},
            True,
        ),
        (
            "{% extends 'x.html' %}{% block x %}{% endblock %}",
            {"x.html": "Hi{% block x %}<img src='a.png'>{% endblock %}"},
            False,
        ),
        ("{% extends 'x.html' %}<img src='a.png'>", {"x.html": "Hi"}, False),
        ("Hi{% if first_name %}<img src='a.png'>{% endif %}", {}, False),
        (
            "Hi{% if first_name %}{% include 'x.html' %}{% endif %}",
            {"x.html": "<img src='a.png'>"},
            False,
        ),
        (
            "Hi{% include 'x.html' %}",
            {"x.html": "{% if first_name %}<img src='a.png'>{% endif %}"},
            False,
        ),
        ("Hi{% for c in first_name %}<img src='a.png'>{% endfor %}", {}, False),
        ("Hi{% macro m() %}<img src='a.png'>{% endmacro %}{{ m() if first_name }}", {}, False),
        ("Hi{% set x %}<img src='a.png'>{% endset %}{{ x if first_name else '' }}", {}, False),
        (
            "Hi{% if first_name %}{% from 'x.html' import m %}{{ m() }}{% endif %}",
            {"x.html": "<img src='a.png'>{% macro m() %}{% endmacro %}"},
            False,
        ),
    ],
)
def test_rows_are_looked_at_where_not_all_are_sure_to_be_shown_a_picture(
    read: Read, source: str, others: Mapping[str, str], is_certain: bool
) -> None:
    made = read(source, {"a.png": RED, **{name: text.encode() for name, text in others.items()}})
    composer = Composer(made, COLUMNS, SALT)
    assert composer.looks_at_rows is not is_certain
    found = composer.survey(("jane@example.org", "J", "12"))
    message = built(made, first_name="J")
    assert composer.planned(recipient(first_name="J"), NOW) in (message, None)
    shown = b"multipart/related" in message.data
    assert shown is (found.size > 0)
    assert (found.own > 0) is (shown and not is_certain)


def test_a_file_that_is_not_there_is_told_with_a_guess(read: Read) -> None:
    (fault,) = faults(read, '<p>\n <img src="img/lgo.png"></p>', {"img/logo.png": RED})
    assert fault == "2:12: img/lgo.png: no such file (did you mean img/logo.png?)"


def test_folders_pipes_and_what_cannot_be_read_are_told(read: Read, tmp_path: Path) -> None:
    (tmp_path / "templates/folder.png").mkdir(parents=True)
    os.mkfifo(tmp_path / "templates/pipe.png")
    html = '<img src="folder.png"><img src="pipe.png">'
    assert [fault.partition(": ")[2] for fault in faults(read, html)] == [
        "folder.png: is a folder, not a file",
        "pipe.png: is not a regular file",
    ]


def test_nothing_outside_of_the_folders_is_read(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(RED)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/link.png").symlink_to(tmp_path / "secret.png")
    for name in ("../secret.png", "link.png", "%2e%2e/secret.png"):
        (fault,) = faults(read, f'<img src="{name}">')
        assert "outside the campaign's and templates' folders" in fault


def test_all_faults_are_told_in_their_order(read: Read) -> None:
    html = '<img src="a.png">\n<img src="b.png">\n<td background="c.svg">'
    found = faults(read, html, {"c.svg": SVG})
    assert [fault.partition(":")[0] for fault in found] == ["1", "2", "3"]


def test_what_some_programs_do_not_show_and_a_wrong_name_are_warned_about(read: Read) -> None:
    webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"
    html = '<p>\n<img src="a.webp"> <img src="b.png"> <img src="c.gif"></p>'
    made = read(html, {"a.webp": webp, "b.png": JPEG, "c.gif": GIF})
    found = [
        (one.place.line, one.place.column, one.message)
        for one in doubtful_pictures(made, COLUMNS)
        if one.place
    ]
    assert found == [
        (2, 11, "a.webp: Outlook for Windows does not show webp"),
        (2, 30, "b.png is a JPEG, and is sent as that"),
    ]
    kinds = {part.get_content_type() for part in pictures(built(made)).values()}
    assert kinds == {"image/webp", "image/jpeg", "image/gif"}
    assert "b.png.jpg" in sent(made)


# Pictures of one recipient


@pytest.fixture
def maps(read: Read) -> Content:
    html = '<p>\n{% if customer_id %}<img src="maps/{{ customer_id }}.png">{% endif %}<img src="a.png"></p>'
    return read(html, {"maps/12.png": BLUE, "maps/text.png": b"secret", "a.png": RED})


def survey(made: Content, cell: str) -> str | int:
    """What is wrong with the files of a recipient, or their size."""
    found = Composer(made, COLUMNS, SALT).survey(("jane@example.org", "Jane", cell))
    return found.size if found.unavailable is None else found.unavailable.reason


def test_a_path_with_a_value_is_the_recipients_own(maps: Content) -> None:
    assert sent(maps, customer_id="12") == {"a.png": RED, "12.png": BLUE}
    assert sent(maps, customer_id="") == {"a.png": RED}  # its author has asked


def test_the_size_of_own_pictures_is_known_before_they_are_read(maps: Content) -> None:
    with_map, without = survey(maps, "12"), survey(maps, "")
    assert isinstance(with_map, int)
    assert isinstance(without, int)
    assert with_map > without > len(RED)


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("99", "no such file"),
        ("../a", "leads out of its folder with .."),
        ("..%2Fa", "is hidden by a dot"),
        ("x%2F..%2Fa", "leads out of its folder with .."),
        ("/etc/passwd", "is an absolute path"),
        ("file:///etc/passwd", "no such file"),
        (".12", "is hidden by a dot"),
        ("text", "is no picture"),
        ("x\\a", "has a backslash in its path"),
    ],
)
def test_no_value_leads_to_another_file(maps: Content, cell: str, wrong: str) -> None:
    said = reason(maps, customer_id=cell)
    assert "body.html:2: picture maps/" in said
    assert wrong in said
    assert wrong in str(survey(maps, cell))


def test_a_link_out_of_the_folder_and_what_the_campaign_reads_are_no_pictures(
    read: Read, tmp_path: Path
) -> None:
    made = read('<img src="./{{ first_name }}">', {"maps/12.png": BLUE})
    (tmp_path / "secret.png").write_bytes(RED)
    (tmp_path / "templates/link.png").symlink_to(tmp_path / "secret.png")
    assert "leads out of its folder by a link" in reason(made, first_name="link.png")
    assert "is what the campaign itself reads" in reason(made, first_name="body.html")
    assert sent(made, first_name="maps/12.png") == {"12.png": BLUE}


def test_a_value_alone_never_names_a_file(read: Read) -> None:
    made = read(
        '<img src="{{ first_name }}"><img src="maps/{{ customer_id }}.png">', {"maps/12.png": BLUE}
    )
    (own,) = made.own_pictures
    for cell in ("maps/12.png", "own-" + "0" * 32 + ":maps/12.png", "file:maps/12.png"):
        assert "leads nowhere" in reason(made, first_name=cell)
    assert own.mark not in built(made, first_name="https://x.example/a").data.decode()


def test_a_folder_that_is_not_there_refuses_before_any_row(read: Read) -> None:
    (fault,) = faults(read, '<p>\n<img src="mpas/{{ customer_id }}.png"></p>')
    assert fault.startswith("2:11: mpas/{{ customer_id }}.png: there is no folder mpas/")


def test_own_pictures_within_a_loop(read: Read) -> None:
    html = '{% for one in first_name.split(",") %}<img src="maps/{{ one }}.png">{% endfor %}'
    made = read(html, {"maps/a.png": RED, "maps/b.png": BLUE})
    assert sent(made, first_name="a,b,a") == {"a.png": RED, "b.png": BLUE}


def test_pictures_in_a_linked_style_sheet_are_relative_to_it(read: Read) -> None:
    html = '<link rel="stylesheet" href="css/look.css"><p class="a">Hi</p>'
    files = {"css/look.css": b".a { background: url(paper.png) }", "css/paper.png": BLUE}
    assert sent(read(html, files)) == {"paper.png": BLUE}
    files["css/look.css"] = b".b {}\n.a { background: url(papre.png) }"
    (fault,) = faults(read, html, files)
    assert fault == "2:22: papre.png: no such file (did you mean paper.png?)"


def test_a_style_that_is_written_into_the_tags_shows_its_picture_there(read: Read) -> None:
    html = '<style>.a { background: url("a.png") }</style><p class="a">{{ first_name }}</p>'
    made = read(html, {"a.png": RED}, inline_css=True)
    assert sent(made) == {"a.png": RED}
    assert Composer(made, COLUMNS, SALT).planned(recipient(), NOW) is not None
    assert "<style" not in body_of(built(made), "html")


def test_own_pictures_go_into_styles_before_these_are_written_into_the_tags(read: Read) -> None:
    html = '<style>.a { background: url("maps/{{ customer_id }}.png") }</style><p class="a">Hi</p>'
    made = read(html, {"maps/12.png": BLUE}, inline_css=True)
    assert sent(made, customer_id="12") == {"12.png": BLUE}


def test_a_message_has_the_pictures_that_it_shows_and_no_others(read: Read) -> None:
    html = (
        "<p>{{ first_name }}{% if first_name == 'Ann' %}<img src='a.png'>{% else %}<img src='b.png'>"
        "{% endif %}<img src='c.gif'></p>"
    )
    made = read(html, {"a.png": RED, "b.png": BLUE, "c.gif": GIF})
    composer = Composer(made, COLUMNS, SALT)
    for name, shown in (
        ("Ann", {"a.png", "c.gif"}),
        ("Bo", {"b.png", "c.gif"}),
        ("ü" * 900, {"b.png", "c.gif"}),
    ):
        planned = composer.planned(recipient(first_name=name), NOW)
        assert planned is not None
        assert {part.get_filename() for part in pictures(planned).values()} == shown
        sampled = composer.sample(recipient(first_name=name), NOW)
        assert {picture.name for picture in sampled.parts.pictures} == shown


def test_a_message_without_any_of_its_pictures_has_no_part_for_them(read: Read) -> None:
    made = read("{% if first_name == 'Ann' %}<img src='a.png'>{% endif %}Hi", {"a.png": RED})
    assert "multipart/related" in built(made, first_name="Ann").data.decode()
    assert "multipart/related" not in built(made, first_name="Bo").data.decode()


def test_a_font_from_a_file_is_warned_about_and_left_as_it_is(read: Read) -> None:
    css = "@font-face { font-family: A;\n src: local(A), url(a.woff2) format('woff2') }"
    made = read(f"<style>{css} .a {{ background: url(a.png) }}</style>", {"a.png": RED})
    (found,) = doubtful_pictures(made, COLUMNS)
    assert found.place is not None
    assert (found.rule, found.place.line, found.place.column) == ("local-font", 2, 21)
    assert [picture.name for picture in made.pictures] == ["a.png"]
    assert broken_pictures(made, COLUMNS) == []


@pytest.mark.parametrize(
    "css",
    [
        "@font-face { src: url(https://x.example/a.woff2), url(data:font/woff2;base64,d09G) }",
        "@namespace svg url(a.svg); @namespace url('b')",
        "v\\:* { behavior: url(#default#VML); behavior:url(a.htc) }",
        ".a { fill: url(#b) }",
    ],
)
def test_what_is_no_picture_is_not_asked_for(read: Read, css: str) -> None:
    made = read(f"<style>{css}</style>")
    assert [*doubtful_pictures(made, COLUMNS)] == broken_pictures(made, COLUMNS) == []


@pytest.mark.parametrize(
    ("html", "is_told"),
    [
        ('<p>\n <img src="wide.png" style="max-width:100%;width:100%">', True),
        ("<p>\n <img alt=x src=wide.png>", True),
        ('<p>\n <img src="wide.png" width="600">', False),
        ('<p>\n <img src="wide.png" style="max-width:100%; WIDTH: 600px">', False),
        ('<p>\n <img src="fits.png">', False),
        ('<p>\n <a background="wide.png">x</a>', False),
        ("<p>\n <img src='wide.png' {% if first_name %}width=300{% else %}width=600{% endif %}>", False),
        ("<p>\n <img src='wide.png' {% if first_name %}style='width:300px'{% endif %}>", False),
        ("<p>\n <img src='wide.png' {{ first_name }}>", False),
        ("<p>\n <img src='wide.png' {% if first_name %}alt='x'{% endif %}>", True),
        ("<style>img.a{width:600px}</style>\n <img src='wide.png' class='b a'>", False),
        ("<style>table .a img[src] { Width : 600px }</style>\n <img src='wide.png'>", False),
        ("<style>img.a{width:600px}</style>\n <img src='wide.png' class='b'>", True),
        ("<style>img{max-width:600px;width:100%}</style>\n <img src='wide.png'>", True),
        ("<style>img{width:600px}</style>\n <img src='wide.png' style='width:100%'>", True),
        ("<style>@media screen{img{width:600px}}</style>\n <img src='wide.png'>", True),
        ('<!--[if !mso]><!-->\n <img src="wide.png"><!--<![endif]-->', False),
    ],
)
def test_a_picture_that_would_be_wider_than_the_mail_is_told(
    read: Read, html: str, is_told: bool
) -> None:
    made = read(html, {"wide.png": png(701, 2), "fits.png": png(700, 2)}, inline_css=True)
    found = [*wide_pictures(made)]
    assert [one.rule for one in found] == ["wide-picture"] * is_told
    for one in found:
        assert "wide.png is 701 px wide" in one.message
        assert one.place is not None
        assert (one.place.line, one.place.column) == (2, 2)


def test_a_style_sheet_that_stays_one_gives_a_tag_no_width(read: Read) -> None:
    html = "<style>img{width:600px}</style><img src='wide.png'>"
    (found,) = wide_pictures(read(html, {"wide.png": png(701, 2)}, inline_css=False))
    assert found.rule == "wide-picture"


def test_a_style_sheet_in_another_file_gives_a_tag_its_width(read: Read) -> None:
    html = "<link rel='stylesheet' href='a.css'><img src='wide.png'>"
    files = {"wide.png": png(701, 2), "a.css": b"img { width: 600px }"}
    assert [*wide_pictures(read(html, files, inline_css=True))] == []


def test_in_markdown_a_tag_alone_is_told_to_be_too_wide(
    campaign: Callable[..., Campaign], tmp_path: Path
) -> None:
    letter = "![a](wide.png)\n\n <img src='wide.png' alt='b'>\n"
    files = {"letter.md": letter, "wide.png": png(701, 2)}
    made = read_content(campaign(files, templates=Templates(markdown=tmp_path / "letter.md")))
    (found,) = wide_pictures(made)
    assert found.place is not None
    assert (found.rule, found.place.line) == ("wide-picture", 3)
