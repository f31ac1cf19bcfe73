"""A planned body is what Jinja renders, encoded: whatever the template, the row and its letters."""

from __future__ import annotations

import csv
import email
import email.policy
import quopri
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from random import Random

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import nodes

from benchmarks import setting
from benchmarks.letter import LETTER, UNPLANNED, Letter
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.loading import load_campaign
from sendbatch.message.bodies import Bodies
from sendbatch.message.content import Bundle, Content
from sendbatch.message.markdown.planned import MarkdownHtml
from sendbatch.message.quoted import text_part
from sendbatch.message.reading import read_content
from sendbatch.message.templates import Failed, Template, with_globals
from sendbatch.message.ways import body as module
from sendbatch.message.ways import tables, way
from sendbatch.message.ways.body import PlannedBody
from sendbatch.message.ways.parts import Choice, Constant, Hole, Loop, Part
from tests.kit.thoroughness import examples
from tests.message.conftest import content
from tests.message.random_templates import COLUMNS, OTHERS, VARIABLES, Author, random_row

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = [path for path in sorted((ROOT / "campaigns").glob("*.yaml")) if path.stem != "profiles"]


def bundle(source: str) -> Bundle:
    sources = {"letter": source, **OTHERS}
    return Bundle("letter", sources, {name: name for name in sources})


def planned(source: str, subtype: str = "plain", columns: Sequence[str] = COLUMNS) -> PlannedBody:
    return PlannedBody(subtype, bundle(source), columns, with_globals(VARIABLES))


def holes_of(parts: Sequence[Part]) -> Iterator[Hole]:
    for one in parts:
        if isinstance(one, Hole):
            yield one
        inner = one.branches if isinstance(one, Choice) else []
        inner = [one.body, one.otherwise] if isinstance(one, Loop) else inner
        for several in inner:
            yield from holes_of(several)


def read(part: bytes) -> tuple[str, str]:
    """The encoding, and the text as a mail program has it."""
    sound(part)
    found = email.message_from_bytes(part, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    data = found.get_payload(decode=True)
    assert isinstance(data, bytes)
    return str(found["Content-Transfer-Encoding"]), data.decode()


def sound(part: bytes) -> None:
    head, _, body = part.partition(b"\r\n\r\n")
    assert part.endswith(b"\r\n")
    assert part.count(b"\r") == part.count(b"\n") == part.count(b"\r\n")
    assert part.isascii()
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        if b"quoted" in head:
            assert line.replace(b"\t", b" ").decode().isprintable()
            quopri.decodestring(line).decode()  # no character is split over two lines


def jinjas(source: str, subtype: str) -> jinja2.Template:
    """The template as Jinja itself has it, with nothing of ours but what a number is."""
    theirs = jinja2.Environment(
        loader=jinja2.DictLoader({"letter": source, **OTHERS}),
        undefined=jinja2.StrictUndefined,
        autoescape=subtype == "html",
        keep_trailing_newline=True,
    )
    theirs.filters["int"] = environment().filters["int"]
    return theirs.get_template("letter")


def compared(source: str, subtype: str, rows: Sequence[tuple[str, ...]]) -> list[bytes | None]:
    """What is planned for these rows, held against the plain path, and that against Jinja."""
    template = Template(bundle(source), autoescape=subtype == "html")
    theirs = jinjas(source, subtype)
    body, again = planned(source, subtype), planned(source, subtype)
    made = [body.part(row) for row in rows]
    for part, kept in zip(made[::-1], [again.part(row) for row in reversed(rows)], strict=True):
        assert part == kept or len(part or kept or b"") > 100_000  # whatever was kept
    for row, part in zip(rows, made, strict=True):
        cells = dict(zip(COLUMNS, row, strict=True))
        try:
            text = "".join(template.pieces({**with_globals(VARIABLES), **cells}))
            plain = b"".join(text_part(subtype, [text]))
        except (Failed, UnicodeEncodeError):
            assert part is None
            continue
        assert text == theirs.render({**VARIABLES, **cells})
        if part is not None:
            assert read(part) == read(plain)
        else:
            is_large = len(text) > 100_000  # ways are bounded in bytes
            assert not body.is_planned or "\r" in text or not text.strip() or is_large
    return made


@settings(max_examples=examples(240))
@given(st.integers(0, 1 << 32), st.sampled_from(["plain", "html"]))
def test_a_planned_body_decodes_to_what_jinja_renders(seed: int, subtype: str) -> None:
    random = Random(seed)
    source = Author(random).template()
    try:
        environment(jinja2.DictLoader({"letter": source, **OTHERS})).get_template("letter")
    except jinja2.TemplateError:
        assert not planned(source, subtype).is_planned
        return
    compared(source, subtype, [random_row(random) for _ in range(5)])


def part(source: str, *cells: str, subtype: str = "plain") -> str:
    """The body that is planned for a row of columns a, b, …, as it is written."""
    row = (*cells, *("", "", "", "0", "x")[len(cells) :])
    (made,) = compared(source, subtype, [row])
    assert made is not None
    return made.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize(
    ("source", "value", "written"),
    [
        ("Dear {{ a }}\nHello", "Jane", "Dear Jane\r\nHello\r\n"),
        # A blank would end the line: a soft line break keeps it.
        ("Dear {{ a }}\nHello", "", "Dear =\r\n\r\nHello\r\n"),
        ("Dear {{ a }}{{ b }}\nHello", "", "Dear =\r\n\r\nHello\r\n"),
        ("Dear {{ a }}, hello", "", "Dear , hello\r\n"),
        ("Dear {{ a }}", "", "Dear=20\r\n"),
        ("Dear {{ a }}\n\n", "", "Dear=20\r\n"),
        ("Dear {{ a }}\nHello", "Jane ", "Dear Jane=20\r\nHello\r\n"),
        ("Dear {{ a }}\nHello", "\nJane", "Dear =\r\n\r\nJane\r\nHello\r\n"),
        ("{{ a }} \nHello", "", "=20\r\nHello\r\n"),
        # The beginning of a line, of the text and behind a value that ends one.
        ("{{ a }}", ".5", "=2E5\r\n"),
        ("Now\n{{ a }}", "From us", "Now\r\n=46rom us\r\n"),
        ("Now\n{{ a }}rom us", "F", "Now\r\n=46rom us\r\n"),
        ("Now\nF{{ a }}", "rom us", "Now\r\n=46rom us\r\n"),
        ("Now\n{{ a }}.5", "", "Now\r\n=2E5\r\n"),
        ("Now\n{{ a }}From us", "x\n", "Now\r\nx\r\n=46rom us\r\n"),
        # Line ends of a value.
        ("<{{ a }}>", "x\ny\r\nz\rz", "<x\r\ny\r\nz\r\nz>\r\n"),
        # The text's end.
        ("Dear\n\n{{ a }}\n", "", "Dear\r\n"),
        ("Dear\n{{ a }}\n{{ b }}\n", "", "Dear\r\n"),
        ("Dear {{ a }}", "Jane\n\n", "Dear Jane\r\n"),
        ("Dear {{ a }}", "\n\n", "Dear=20\r\n"),
        ("Dear {{ a }}", "x" * 50, "Dear =\r\n" + "x" * 50 + "\r\n"),
        # Longer than a hole's room, and than a line.
        ("<{{ a }}>", "x" * 34, "<" + "x" * 34 + ">\r\n"),
        ("<{{ a }}>", "x" * 35, "<=\r\n" + "x" * 35 + "=\r\n>\r\n"),
        ("<{{ a }}>", "x" * 80, "<=\r\n" + "x" * 75 + "=\r\nxxxxx>\r\n"),
        ("x" * 70 + "{{ a }}", "y", "x" * 70 + "=\r\ny\r\n"),
        ("{{ a }}" + "x" * 44, "y", "y" + "x" * 41 + "=\r\nxxx\r\n"),
        ("word " * 9 + "{{ a }}", "é", "word " * 9 + "=\r\n=C3=A9\r\n"),
        # Nothing of a character is in two lines.
        ("<{{ a }}>" + "\nlong" * 40, "\N{ROCKET}" * 7,
         "<=\r\n" + "=F0=9F=9A=80" * 6 + "=\r\n=F0=9F=9A=80>" + "\r\nlong" * 40 + "\r\n"),
    ],
)  # fmt: skip
def test_a_value_is_written_so_that_its_place_needs_no_look(
    source: str, value: str, written: str
) -> None:
    assert part(source, value) == written


@pytest.mark.parametrize("value", ["Jane\r", "\ud800", "a\n\r"])
def test_a_value_that_depends_on_what_is_beside_it_is_left_to_the_plain_path(value: str) -> None:
    body = planned("Dear {{ a }}\nHello")
    assert body.part((value, "", "", "", "")) is None
    assert body.part(("Jane", "", "", "", "")) is not None


def test_a_text_without_words_is_left_to_the_plain_path() -> None:
    body = planned("{{ a }}\n{% if b %}{{ b }}{% endif %}\n")
    for blank in ("", " ", "\xa0", "\n"):
        assert body.part((blank, "", "", "", "")) is None
        assert body.part((blank, "Hello", "", "", "")) is not None


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in items.split('|') %}{{ i }}{{ a }}{{ loop.index }}{% else %}none{% endfor %}",
        "{% for i in items.split('|') if i != 'x' %}{{ loop.last }}{% if i %}{{ i }}{% endif %}{% endfor %}",
        "{% for k, j in of_plan.items() %}{{ k }}{{ j.name }}{{ a }}{% endfor %}",
        "{% set x = a|upper %}{% if b %}{% set x = b %}{% endif %}{{ x }}",
        "{% for i in items.split('|') %}{% set x = of_plan[i] %}{{ x.name }}{{ a }}{% endfor %}",
        "{% include 'included' %}{{ a }}",
        "{% extends 'base' %}{% block last %}{{ b }}{% endblock %}",
        "{% macro m(i) %}({{ i }}){% endmacro %}{% for i in items.split('|') %}{{ m(i) }}{% endfor %}",
    ],
)
def test_structure_is_planned_and_no_segment_of_it_is_plain(source: str) -> None:
    body = planned("Dear all. " + source)
    assert body._parts is not None
    for row in [
        ("Jane", "b", "x|y", "7", "x"),
        ("", "", "y", "0", "y"),
        ("J.", "", "x|x|z", "1", "z"),
    ]:
        compared("Dear all. " + source, "plain", [row])
        assert body.part(row) is not None
    holes = [hole.snippet for hole in holes_of(body._parts)]
    statements = {type(node) for snippet in holes for node in snippet._body}
    assert statements.isdisjoint({nodes.For, nodes.Include, nodes.With, nodes.FilterBlock})


@pytest.mark.parametrize(
    "segment",
    [
        "{% filter upper %}{{ a }}{% endfilter %}",
        "{% with x = a %}{{ x }}{% endwith %}",
        "{% for i in items.split('|') %}{{ loop.cycle('odd', 'even') }}{{ i }}{% endfor %}",
        "{% set m = namespace(x=a) %}{% for i in items.split('|') %}{% set m.x = i %}{% endfor %}{{ m.x }}",
        "{% set g = items.split('|')|map('upper') %}{{ g|join }}{{ g|join }}",
        "{% autoescape true %}{{ a }}{% endautoescape %}",
        "{% call bold() %}{{ a }}{% endcall %}",
        "{% include ['nowhere', 'included'] %}",
    ],
)
def test_a_part_that_cannot_be_planned_is_one_hole_and_the_rest_is_planned(segment: str) -> None:
    head = "{% macro bold() %}<{{ caller() }}>{% endmacro %}Dear {{ b }},\n"
    tail = "{% if plan == 'x' %}\nfor {{ n }}{% endif %}."
    body = planned(head + segment + tail)
    assert body._parts is not None
    assert [type(one).__name__ for one in body._parts if not isinstance(one, Constant)] == [
        *("Hole", "Hole", "Choice")
    ]
    compared(
        head + segment + tail, "plain", [("<a>", "Jane", "x|y", "7", "x"), ("", "", "", "", "y")]
    )


@pytest.mark.parametrize(
    "source",
    [
        "{{ self.first() }}{% block first %}{{ a }}{% endblock %}",
        "{% for i in items.split('|') %}{% block first %}{{ a }}{% endblock %}{% endfor %}",
        "{% extends 'base' %}{% block last %}{{ super() }}{% endblock %}",
        # What Jinja reads in the loop depends on what is set behind it.
        "{% for i in [1] %}{{ b|default('none') }}{% endfor %}{% set b = a %}{{ b }}",
        "{% macro m() %}{{ b }}{% endmacro %}{% set b = a %}{{ m() }}",
        "{% for i in [1] %}{% for j in [1] %}{{ b }}{% endfor %}{% set b = a %}{% endfor %}{{ b }}",
    ],
)
def test_a_template_that_cannot_be_planned_has_the_plain_path(source: str) -> None:
    assert not planned(source).is_planned
    assert compared(source, "plain", [("Jane", "b", "x|y", "7", "x")]) == [None]


@pytest.mark.parametrize(
    ("source", "choices"),
    [
        ("{% if a is defined %}{{ a }}{% else %}no{% endif %}", 0),
        ("{% if a is not defined %}no{% else %}{{ a }}{% endif %}", 0),
        ("{% if a is undefined or a %}{{ a }}{% endif %}", 1),
        ("{% if a %}{% set a = 1 %}{% endif %}{% if a is defined %}{{ a }}{% endif %}", 2),
    ],
)
def test_that_a_column_is_defined_is_known_before_any_row_is(source: str, choices: int) -> None:
    made = planned(source)
    tests = [one.snippet for one in made._parts or () if isinstance(one, Choice)]
    assert sum(bool(one.slots) for one in tests) == choices


def test_equal_values_that_are_written_otherwise_are_not_mixed_up() -> None:
    source = "Dear all:\n{% for i in [1, 1.0, True, a|safe, a] %}{{ i }}{{ b }}\n{% endfor %}"
    for _ in range(2):
        assert part(source, "<b>", "x", subtype="html") == (
            "Dear all:\r\n1x\r\n1.0x\r\nTruex\r\n<b>x\r\n&lt;b&gt;x\r\n"
        )


@pytest.mark.parametrize(
    "source",
    [
        "{{ range(1000)|random }}",
        "{% set drawn = vs|random %}{{ drawn }}{{ drawn }}",
        "{{ [vs]|map('random')|first }}",
        "{% from 'chance' import drawn %}{% if drawn() == 'one' %}{{ a }}{% endif %}",
    ],
)
def test_what_draws_by_chance_is_not_planned(source: str) -> None:
    sources = {"letter": source, "chance": "{% macro drawn() %}{{ vs|random }}{% endmacro %}"}
    bundle = Bundle("letter", sources, {name: name for name in sources})
    assert not PlannedBody("plain", bundle, COLUMNS, with_globals(VARIABLES)).is_planned


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in items.split('|') %}{{ loop.index }}{% include 'more' %}{% endfor %}",
        "{% for i in items.split('|') %}{{ loop.index }}{% include 'more' ignore missing %}{% endfor %}",
        "{% for i in items.split('|') %}{{ loop.index }}"
        "{% for j in a %}{% include 'more' %}{% endfor %}{% endfor %}",
    ],
)
def test_an_included_template_may_ask_its_loop_for_anything(source: str) -> None:
    sources = {"letter": source, "more": "{{ i }}{% if loop.nextitem is defined %}, {% endif %}"}
    bundle = Bundle("letter", sources, {name: name for name in sources})
    row = ("ab", "", "x|y|z", "", "")
    made = PlannedBody("plain", bundle, COLUMNS, with_globals(VARIABLES)).part(row)
    variables = with_globals(VARIABLES) | dict(zip(COLUMNS, row, strict=True))
    assert made is not None
    assert read(made) == read(b"".join(text_part("plain", Template(bundle).pieces(variables))))


def test_an_item_that_cannot_be_unpacked_is_an_error_also_where_it_is_not_asked_for() -> None:
    source = "Dear all{% for i, j in items.split('|') if a %}{{ b }}{% endfor %}"
    assert planned(source).part(("", "", "xy|xyz", "", "")) is None
    assert planned(source).part(("", "", "xy|zz", "", "")) is not None


def test_letters_beyond_latin_are_base64_by_both_paths_wherever_their_values_fall() -> None:
    source = "Дорогой {{ a }}, здравствуй! {{ b }}"
    rows = [("Jane", "x" * n, "", "", "") for n in (0, 60, 61, 62, 63, 64, 65, 200)]
    kinds = [str(read(made)[0]) for made in compared(source, "plain", rows) if made is not None]
    assert len(kinds) == len(rows)
    assert kinds == sorted(kinds)
    assert set(kinds) == {"base64", "quoted-printable"}


def test_ways_are_bounded_in_number_and_those_beyond_are_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_WAYS", 8)
    source = "Dear all" + "".join(f"{{% if '{c}' in a %}}{c}{{% endif %}}" for c in "bcdefg")
    body = planned(source)
    random = Random(3)
    chosen = ["".join(c for c in "bcdefg" if random.random() < 0.5) for _ in range(200)]
    rows = [(letters, "", "", "", "") for letters in chosen]
    made = [body.part(row) for row in rows]
    assert len(body._ways) == 8
    assert None in made
    assert [body.part(row) for row in rows] == made


@pytest.mark.thorough
def test_what_is_kept_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_BYTES", 100_000)
    body = planned("Dear {{ a }}, {{ b|upper }} {% for i in items.split('|') %}{{ i }}{% endfor %}")
    for number in range(3_000):
        row = (f"{number}", f"Name {number}" * 50, f"{number}|{number}", "", "")
        made = body.part(row)
        assert made is not None
        assert f"Dear {number}, " in read(made)[1]
        kept = body._quoted_walk._tables._tables
        sizes = [len(str(key)) + len(str(value)) for table in kept for key, value in table.items()]
        assert sum(sizes) < 100_000


def test_what_is_done_to_a_way_may_move_repeat_and_drop_its_holes() -> None:
    def turned(marked: str) -> str:
        first, second, _ = marked.split("|")
        return f"{second.upper().lower()}; {first}; {first}"

    source = bundle("of {{ a }} zhole|for {{ b }}|{{ plan }}")
    body = PlannedBody("plain", source, COLUMNS, with_globals(VARIABLES), turned)
    made = body.part(("Jane", "Tom", "", "", "x"))
    assert made is not None
    assert read(made)[1] == "for Tom; of Jane zhole; of Jane zhole\r\n"


def test_nothing_that_a_row_holds_raises() -> None:
    body = planned("Dear {{ a }} {{ n|int }} {{ of_plan[plan].name }}{{ items.split(b)|join }}")
    for row in [
        ("", "", "", "x", "x"),
        ("", "|", "", "1", "nowhere"),
        ("",),
        ("", "x", "", "1", "x"),
    ]:
        assert (body.part(row) is None) == (row != ("", "x", "", "1", "x"))  # type: ignore[arg-type]


def bodies_alike(made: Content, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """All these rows are planned, and decode to what the plain path gives."""
    bodies = Bodies(made, columns)
    assert bodies.is_planned
    for row in rows:
        parts = bodies.encoded(row)
        assert parts is not None
        plain = bodies.rendered(
            {**with_globals(made.variables), **dict(zip(columns, row, strict=True))}
        )
        expected = [b"".join(text_part("plain", plain.text))]
        if plain.html is not None:
            expected.append(b"".join(text_part("html", plain.html)))
        assert [read(one) for one in parts] == [read(one) for one in expected]


@pytest.mark.parametrize("letter", [LETTER, UNPLANNED], ids=["usual", "in segments"])
def test_the_benchmarks_letter_is_planned(letter: Letter) -> None:
    made = content(letter.html, letter.text)
    bodies_alike(made, setting.COLUMNS, [setting.person(number) for number in range(150)])


@pytest.mark.parametrize("file", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_campaign_is_planned(file: Path) -> None:
    campaign = load_campaign(file)
    with campaign.recipients.file.open(encoding="utf-8-sig", newline="") as source:
        header, *rows = csv.reader(source)
    columns = tuple(name.lower().replace(" ", "_") for name in header)
    sent_to = [tuple(cell or "friend" for cell in row) for row in rows if "free" not in row]
    assert sent_to
    made = read_content(campaign)
    if made.markdown is None:
        bodies_alike(made, columns, sent_to)
        return
    # Where the lines of its text end depends on its values; the HTML beside it is planned.
    html = [body for body in Bodies(made, columns)._planned if isinstance(body, MarkdownHtml)]
    assert [body.is_planned for body in html] == [True]
    assert all(html[0].part(row) is not None for row in sent_to)


def test_text_from_the_html_and_computed_pictures_have_the_plain_path() -> None:
    for made in (
        content("<p>{{ first_name }}</p>", None),
        content("<img src='{{ first_name }}'>", "Hi"),
    ):
        bodies = Bodies(made, ("email", "first_name", "customer_id"))
        assert not bodies.is_planned
        assert bodies.encoded(("", "https://a.example/a.png", "")) is None


def test_a_way_of_many_holes_says_what_its_places_take() -> None:
    spelled = [part for _ in range(1_800) for part in ("ab", None)]
    made = way.Way("html", [*spelled, "z"])
    taken = sum(
        sys.getsizeof(kept)
        + sum(map(sys.getsizeof, kept[::2]))  # a hole holds the empty value there is
        for kept in (made._data, made._quoted)
    )
    assert taken / 2 < made.size < taken * 2


ROWS_BY_LOCALE = [
    ("19.90", "2026-02-01", '[{"n": "Tea & <co>", "p": 4.50}]', "de_DE"),
    ("1.234,50", "2026-02-01T10:30", "[]", "fr"),
    ("-3", "2026-12-31", '[{"n": "é", "p": 1}, {"n": "x", "p": 1e3}]', "en_US"),
    ("19.90", "2026-02-01", '[{"n": "Tea & <co>", "p": 4.50}]', "ja"),
]
BY_LOCALE = (
    "{{ price|money('EUR') }} {{ price|number('de', digits=2) }} {{ price|money('JPY', 'en') }}\n"
    "{{ day|date }} {{ day|date('full', locale=locale) }} {% if day|date('yyyy') == '2026' %}now{% endif %}\n"
    "{% for one in items|fromjson %}{{ one.n }}: {{ one.p }} {{ one.p|money('EUR') }}\n{% endfor %}"
    "{% for locale in ['pl', 'cs'] %}{{ day|date }} {% endfor %}{{ [price]|map('money', 'EUR')|join }}\n"
)


def test_markdown_out_of_a_cell_is_planned_where_no_style_is_written_into_its_tags() -> None:
    html = "<title>x</title><p>{{ a }}</p>{{ b|markdown }}"
    rows = [("A", "*b* <i> https://x.de\n\n- c"), ("", ""), ("B", "|a|b|\n|-|-|\n|1|é|")]
    bodies_alike(content(html, "{{ b }}."), ("a", "b"), rows)
    body = PlannedBody("html", bundle(html), ("a", "b"), {})
    assert body.part(("A", "[x](javascript:y)")) is None
    styled = "<style>em { color: red }</style>" + html
    bodies = Bodies(content(styled, "x", inlines_css=True), ("a", "b"))
    assert bodies.encoded(("A", "*b*")) is None
    _, made, *_ = bodies.rendered({**with_globals({}), "a": "A", "b": "*b*"})
    assert '<em style="color: red;">b</em>' in "".join(made or ())


def test_what_is_written_by_a_locale_and_read_as_json_is_planned() -> None:
    columns = ("price", "day", "items", "locale")
    bodies_alike(content(BY_LOCALE, BY_LOCALE), columns, ROWS_BY_LOCALE)
    body = PlannedBody("plain", bundle(BY_LOCALE), columns, with_globals({}))
    for number, wrong in enumerate(["1.234", "1.2.2026", "[1,]", "xx"]):
        row = [*ROWS_BY_LOCALE[0]]
        row[number] = wrong
        assert body.part(tuple(row)) is None


CALCULATED = (
    "<p>{{ price|float * count|int }} {{ (price|float * 1.19)|round(2) }} {{ rate * count|int }} "
    "{{ '%.2f'|format(price|float / 3) }} {{ (items|fromjson).n * 3 }} {{ items|fromjson|tojson }}</p>"
    "{% if price|float * 3 == 59.7 %}<p>{{ (price|float * 3)|money('EUR', 'de_DE') }}</p>{% endif %}"
)


@settings(max_examples=examples(40))
@given(
    st.decimals(0, 10**6, places=2), st.integers(0, 10**4), st.decimals(-(10**6), 10**6, places=3)
)
@example(Decimal("19.90"), 3, Decimal("19.900"))
def test_what_is_calculated_is_the_same_on_both_paths(
    price: Decimal, count: int, n: Decimal
) -> None:
    rows = [(str(price), str(count), f'{{"n": {n}}}')]
    made = replace(content(CALCULATED, CALCULATED), variables={"rate": 0.1})
    bodies_alike(made, ("price", "count", "items"), rows)
