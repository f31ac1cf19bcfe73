"""What the benchmarks compare is comparable: one letter in several words, and a picture that says it."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import zlib
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jinja2 import Environment

from benchmarks import figures, picture, profile, throughput
from benchmarks.figures import Claim, Series
from benchmarks.kinds import Kind
from benchmarks.letter import FOR_GO, LETTER, MARKDOWN, MJML, STYLED, UNPLANNED, Letter
from benchmarks.pictures import png
from benchmarks.setting import COLUMNS, desk, person
from sendbatch.campaign.loading import load_campaign
from sendbatch.message.compose import Composer
from sendbatch.message.reading import read_content
from sendbatch.values import Message, Recipient

SVG = {"svg": "http://www.w3.org/2000/svg"}


def test_the_letter_that_cannot_be_planned_says_the_same() -> None:
    for autoescape, one, other in (
        (True, LETTER.html, UNPLANNED.html),
        (False, LETTER.text, UNPLANNED.text),
    ):
        environment = Environment(autoescape=autoescape)
        templates = [environment.from_string(source) for source in (one, other)]
        for number in range(60):
            cells = dict(zip(COLUMNS, person(number), strict=True))
            said = [template.render(cells) for template in templates]
            assert said[0] == said[1]


def test_the_letter_with_styles_says_the_same_and_has_eight_kilobytes_of_them() -> None:
    assert words(LETTER.html) == words(STYLED.html)
    assert not re.search(" style=", STYLED.html)
    (styles,) = re.findall("<style>(.*?)</style>", STYLED.html, re.DOTALL)
    assert 8_000 <= len(styles) <= 8_400


def test_the_letter_in_markdown_says_the_same_with_two_pictures() -> None:
    for plain, marked in zip(arrived(LETTER), arrived(MARKDOWN), strict=True):
        said = [" ".join(words(unescape(html_of(one)))) for one in (plain, marked)]
        assert said[0] in said[1]  # between what the layout adds
        pictures = [part for part in marked.walk() if part.get_content_type() == "image/png"]
        assert [part.get_filename() for part in pictures] == [*MARKDOWN.pictures]


def test_the_letter_in_mjml_says_the_same() -> None:
    for plain, compiled in zip(arrived(LETTER), arrived(MJML), strict=True):
        said = words(html_of(compiled).replace("&nbsp;", ""))  # of a line, for Outlook
        assert said == words(html_of(plain))


def arrived(letter: Letter) -> list[EmailMessage]:
    """The messages of some of the people."""
    with desk(1, letter) as one:
        composer = Composer(read_content(load_campaign(one.campaign)), COLUMNS, b"salt")
    messages = []
    for number in range(24):
        cells = person(number)
        recipient = Recipient(number, number + 2, cells[0], cells[0], cells)
        made = composer.compose(recipient, now=0.0)
        assert isinstance(made, Message)
        read = message_from_bytes(made.data, policy=default)
        assert isinstance(read, EmailMessage)
        messages.append(read)
    return messages


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def words(html: str) -> list[str]:
    """What the source says behind its head, without tags."""
    return re.sub("<[^>]*>", " ", html.partition("</head>")[2]).split()


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_a_picture_is_a_whole_png_of_the_size_asked_for_and_always_the_same(size: int) -> None:
    made = png(size)
    assert size <= len(made) <= size + 2_000
    assert made == png(size)
    at, kinds, packed = 8, [], b""
    while at < len(made):
        length, kind = struct.unpack_from(">I4s", made, at)
        data, check = made[at + 8 : at + 8 + length], made[at + 8 + length : at + 12 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(check, "big")
        at, kinds, packed = at + 12 + length, [*kinds, kind], data if kind == b"IDAT" else packed
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    width, height = struct.unpack_from(">II", made, 16)
    assert len(zlib.decompress(packed)) == height * (1 + 3 * width)


def test_steps_of_a_letter_are_shares_of_the_whole_command() -> None:
    with desk(1) as one:
        kind = Kind(one)
    kind.cpu.values += [120.0, 100.0]
    inlining = ("inlined", "/x/sendbatch/message/styles/inlining.py")
    kind.seen[profile.SENDING].add([inlining], 2.0)
    kind.seen[profile.SENDING].add([("tags", "/x/sendbatch/message/markup.py"), inlining], 1.0)
    kind.seen[profile.WORKERS].add([("rendered", "/x/sendbatch/message/markdown/html.py")], 1.0)
    steps = kind.steps()
    assert (steps["inline CSS"], steps["Markdown"]) == (75.0, 25.0)
    assert (steps[profile.SENDING], steps[profile.WORKERS]) == (75.0, 25.0)


def test_one_letter_is_planned_and_the_other_is_not() -> None:
    for letter, is_planned in ((LETTER, True), (UNPLANNED, False)):
        with desk(1, letter) as one:
            content = read_content(load_campaign(one.campaign))
        assert Composer(content, COLUMNS, b"salt").is_planned is is_planned


def test_nothing_of_jinja_is_left_in_the_letter_for_go() -> None:
    for source in (FOR_GO.html, FOR_GO.text):
        assert not re.search(r"\{%|%\}|\||\{\{ (?!else|end)[a-z_]+ \}\}", source.replace('"|"', ""))
        opened, closed = (
            re.findall(r"\{\{ (?:if|range) ", source),
            re.findall(r"\{\{ end \}\}", source),
        )
        assert len(opened) == len(closed) > 1


def test_the_picture_has_a_bar_for_each_sender_the_fastest_first() -> None:
    drawn = picture.draw(
        [("smtplib", "Jinja2", 400.0), ("Tom & Jerry", "", 9_000.0), ("sendbatch", "", 10_100.0)]
    )
    root = ElementTree.fromstring(drawn)
    names = [
        text.text
        for text in root.iterfind("svg:text[@class]", SVG)
        if text.get("text-anchor") != "end"
    ]
    assert [str(name).strip() for name in names] == [
        "Messages a second",
        "sendbatch",
        "Tom & Jerry",
        "smtplib",
    ]
    bars = [
        bar for bar in root.iterfind("svg:rect", SVG) if str(bar.get("class")).startswith("bar")
    ]
    lengths = [float(str(bar.get("width"))) for bar in bars]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == pytest.approx(picture.WIDTH - 2 * picture.EDGE)
    assert lengths[2] / lengths[0] == pytest.approx(400 / 10_100, rel=0.01)


def test_the_picture_has_colours_for_dark() -> None:
    assert "prefers-color-scheme: dark" in picture.draw([("sendbatch", "", 1.0)])


@pytest.mark.parametrize(
    ("ours", "said"),
    [(3.0, "no"), (4.5, "yes, not the aim"), (5.5, "yes, and the aim")],
)
def test_a_claim_says_whether_what_is_asked_and_what_is_aimed_at_are_met(
    ours: float, said: str
) -> None:
    rates = {"sendbatch": Series("", "", [ours]), "smtp-source": Series("", "", [10.0])}
    claim = throughput.claim(rates, "sendbatch", ("smtp-source",), 0.45, 0.55, "fixed")
    assert (claim.asked, claim.aim, claim.verdict) == ("0.45 ×", "0.55 ×", said)


def test_of_several_peers_the_fastest_decides() -> None:
    rates = {name: Series("", "", [rate]) for name, rate in (("us", 20.0), ("a", 1.0), ("b", 2.0))}
    assert throughput.claim(rates, "us", ("a", "b"), 15.0, None, "").verdict == "no"
    assert throughput.claim(rates, "us", ("a", "b"), 10.0, None, "").verdict == "yes"


def test_a_peer_that_is_missing_is_no_failure() -> None:
    rates = {"sendbatch": Series("", "", [1.0])}
    assert (
        throughput.claim(rates, "sendbatch", ("nodemailer",), 7.0, None, "").verdict == "left out"
    )


def test_a_ratio_is_taken_within_a_run() -> None:
    ours, theirs = Series("", "", [10.0, 4.0, 6.0]), Series("", "", [5.0, 1.0, 2.0])
    assert throughput.ratio(ours, theirs) == 3.0


def test_figures_are_told_with_three_digits() -> None:
    assert [figures.figure(value) for value in (12_345.6, 12.345, 0.1234)] == [
        "12,346",
        "12.3",
        "0.12",
    ]


def test_a_claim_without_an_aim_is_met_or_not() -> None:
    assert [Claim("", "", "", met).verdict for met in (True, False, None)] == [
        "yes",
        "no",
        "left out",
    ]


LOOKED_AT = """
import gc, sitecustomize, weakref

class Cursor:
    pass

def busy():
    cursor = Cursor()
    while sum(sitecustomize.seen.values()) < 0.02:
        pass
    return weakref.ref(cursor)

gc.disable()
print("kept" if busy()() else "gone")
"""


def test_whoever_looks_at_a_run_keeps_nothing_of_what_it_saw(tmp_path: Path) -> None:
    """A cursor that lives on keeps its table locked."""
    shutil.copy(profile.HOOKS / "looks.py", tmp_path / "sitecustomize.py")
    done = subprocess.run(
        [sys.executable, "-c", LOOKED_AT], env={"PYTHONPATH": str(tmp_path)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "gone\n"
