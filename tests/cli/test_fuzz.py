"""Any bytes in a file that a user writes end with a documented code, and never with a traceback.

`Desk.run` itself holds that no traceback and no fault of ours reaches the user.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.command import CAMPAIGN, PEOPLE, Desk
from tests.kit.thoroughness import examples

EXAMPLES = settings(max_examples=examples(35))

PROFILES = """\
suppress: [never.csv]
profiles:
  live:
    provider: mailtrap
    host: smtp.example.com
    port: 587
    username: ${NAME}
    password: ${PASSWORD}
    rate: [14/s, 500/day]
    domains: {gmail.com: 5/s}
    timeouts: {final: 10m}
    delivers: true
"""

SPLINTERS = st.sampled_from(
    [
        b"\0", b"\t", b"\r", b"\xff\xfe", b"\xef\xbb\xbf", b"&a ", b"*a", b"!!python/object:os.system ",
        b"!!binary |\n", b"<<: ", b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b'"', b"'", b"|\n", b">-\n",
        b"#", b"%YAML 9.9\n---\n", b"...\n", b"---\n", b"null", b"1e999", b"0x10", b".nan", b"~", b"{{ ",
        b" }}", b"{% for a in range(9) %}", b"{% ", b"\\ud800", b"\xed\xa0\x80", b",", b";", b'""', b"\n\n",
        b"9" * 40, b"@", b"../", b"/dev/null", b"email", b"a" * 300, "\u2028\u0085\u202e".encode(),
    ]
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, whole: str) -> bytes:
    """A good file with a few pieces cut out, doubled, or put in."""
    data = whole.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 30)))
        splinter = draw(st.one_of(st.just(b""), SPLINTERS, st.binary(max_size=8)))
        data = data[:start] + splinter + data[end:]
    return data


def anything(whole: str) -> st.SearchStrategy[bytes]:
    return st.one_of(spoilt(whole), spoilt(whole), st.binary(max_size=200))


def ends_well(desk: Desk, *arguments: object) -> None:
    told = desk.run(*arguments)
    assert told.code in range(6)
    assert told.code == 0 or told.said, "an ending that nobody can explain"


@EXAMPLES
@given(anything(CAMPAIGN))
def test_any_bytes_as_the_campaign_file(desk: Desk, content: bytes) -> None:
    desk.write("spring.yaml", content)
    ends_well(desk, "check", "spring.yaml")


@EXAMPLES
@given(anything(PROFILES))
def test_any_bytes_as_the_profiles(desk: Desk, content: bytes) -> None:
    desk.campaign(("smtp: sandbox", "smtp: live"))
    desk.write("profiles.yaml", content)
    ends_well(desk, "check", "spring.yaml")


@EXAMPLES
@given(anything(PEOPLE))
def test_any_bytes_as_the_recipients(desk: Desk, content: bytes) -> None:
    desk.write("people.csv", content)
    ends_well(desk, "run", "spring.yaml")
    ends_well(desk, "check", "--format", "github", "spring.yaml")


@EXAMPLES
@given(anything("@example.net\nada@example.com\n"))
def test_any_bytes_as_a_suppression_list(desk: Desk, content: bytes) -> None:
    desk.campaign(more="suppress: [never.csv]\n")
    desk.write("never.csv", content)
    ends_well(desk, "check", "spring.yaml")


@EXAMPLES
@given(anything("Hello {{ first_name }}{% if plan == 'free' %}, {{ product|upper }}{% endif %}\n"))
def test_any_bytes_as_a_template(desk: Desk, content: bytes) -> None:
    desk.write("spring.txt", content)
    ends_well(desk, "check", "spring.yaml")


@EXAMPLES
@given(anything('{"digest": "00", "version": 1, "campaign": "spring", "salt": "00"}'))
def test_any_bytes_as_an_approved_plan(desk: Desk, content: bytes) -> None:
    desk.write("plan.json", content)
    ends_well(desk, "run", "spring.yaml", "--plan", "plan.json")
    assert desk.nothing_was_sent()


@EXAMPLES
@given(st.lists(st.text(max_size=20).filter(lambda text: "\0" not in text), max_size=6))
def test_any_words_on_the_command_line(desk: Desk, words: list[str]) -> None:
    told = desk.run("plan", "spring.yaml", *words)
    assert told.code in range(6)
