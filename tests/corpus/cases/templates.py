"""Rules of templates and the names in them."""

from __future__ import annotations

from sendbatch.findings import Rule

from ..case import Case, html, keys, markdown, mjml, people, text

SECTION = "<mj-section><mj-column>{}</mj-column></mj-section>"
BY_LOCALE = "{html: 'letter.{{ locale }}.html', text: letter.txt}"
LOCALES = people("ada@example.com,Ada,de", "bob@example.org,Bob,en", head="email,name,locale")
LETTER = "<p>Hello {{ name }}</p>"
SIGNED = "unsubscribe: {url: 'https://example.com/u', sign: '${SECRET}'}\n"
HEAD = "email,name,unsubscribe_url"
BOTH = "{html: 'letter.{{ locale }}.html', text: 'letter.{{ locale }}.txt', fallback: {locale: en}}"
FILES = {f"letter.{locale}.{kind}": LETTER for locale in ("de", "en") for kind in ("html", "txt")}
MANY = [f"x{number}" for number in range(600)]
EMPTY = {f"part{number}.html": "x" for number in range(501)}


def included(number: int) -> str:
    return "".join(f"{{% include 'part{one}.html' %}}" for one in range(number))


def in_section(body: str) -> dict[str, str | bytes]:
    return mjml(SECTION.format(body))


def by_locale(*locales: str, more: str = "") -> dict[str, str | bytes]:
    there = {f"letter.{locale}.html": LETTER for locale in locales}
    return keys(templates=f"{BY_LOCALE[:-1]}{more}}}") | LOCALES | there


CASES: list[Case] = [
    Case(Rule.TEMPLATE_SYNTAX, html("{% if plan %}x"), html("{% if plan == 'free' %}x{% endif %}")),
    Case(
        Rule.FILTER_ARGUMENT,
        html("{{ 5|money('EURO', 'en') }}"),
        html("{{ 5|money('EUR', 'en') }}"),
    ),
    Case(Rule.NO_TEMPLATE, keys(templates="{}"), keys(templates="letter.txt")),
    Case(
        Rule.FRONT_MATTER,
        keys(templates="letter.md") | {"letter.md": "---\ntitle: x\n---\nHello {{ name }}\n"},
        keys(templates="letter.md") | {"letter.md": "Hello {{ name }}\n\n---\n\ntitle: x\n"},
    ),
    Case(Rule.SCRIPT, markdown("<script>x()</script>"), markdown("`<script>x()</script>`")),
    Case(
        Rule.LAYOUT_CONTENT,
        keys(templates="{markdown: letter.md, layout: around.html}")
        | {"letter.md": "Hello {{ name }}", "around.html": "<p>{{ contents }}</p>"},
        keys(templates="{markdown: letter.md, layout: around.html}")
        | {"letter.md": "Hello {{ name }}", "around.html": "<div>{{ content }}</div>"},
    ),
    Case(
        Rule.UNRESOLVED_LINK,
        markdown("See [the page][page]."),
        markdown("See [the page][page].\n\n[page]: https://example.com/"),
    ),
    Case(
        Rule.DROPPED_HTML,
        markdown("<iframe src='https://example.com/'></iframe>"),
        markdown("<b>now</b>"),
    ),
    Case(Rule.MJML_SYNTAX, mjml("<mj-section>"), in_section("<mj-text>{{ name }}</mj-text>")),
    Case(
        Rule.MJML_UNKNOWN,
        in_section("<mj-text colour='red'>{{ name }}</mj-text>"),
        in_section("<mj-text color='red'>{{ name }}</mj-text>"),
    ),
    Case(
        Rule.MJML_VALUE,
        in_section("<mj-text font-size='16'>{{ name }}</mj-text>"),
        in_section("<mj-text font-size='16px'>{{ name }}</mj-text>"),
    ),
    Case(
        Rule.UNUSABLE_INCLUDE,
        html("{% include 'footr.html' %}") | {"footer.html": "x"},
        html("{% include 'footer.html' %}") | {"footer.html": "x"},
    ),
    Case(Rule.NO_VERSION, by_locale("en"), by_locale("en", "de")),
    Case(Rule.UNUSED_VERSION, by_locale("en", "de", "fr"), by_locale("en", "de")),
    Case(
        Rule.UNUSED_FALLBACK,
        by_locale("en", more=", fallback: {local: en}"),
        by_locale("en", more=", fallback: {locale: en}"),
    ),
    Case(
        Rule.NEAR_VERSION,
        by_locale("en", "DE", more=", fallback: {locale: en}"),
        by_locale("en", "fr", more=", fallback: {locale: en}"),
    ),
    Case(Rule.UNKNOWN_NAME, html("{{ nmae }}"), html("{{ nmae|default('') if false else name }}")),
    Case(Rule.MISSPELT_NAME, html("{{ nmae|default('x') }}"), html("{{ name|default('x') }}")),
    Case(
        Rule.IMPORT_WITHOUT_CONTEXT,
        html("{% import 'm.html' as m %}{{ m.hi() }}")
        | {"m.html": "{% macro hi() %}{{ name }}{% endmacro %}"},
        html("{% import 'm.html' as m with context %}{{ m.hi() }}")
        | {"m.html": "{% macro hi() %}{{ name }}{% endmacro %}"},
    ),
    Case(
        Rule.MIXED_COMPARISON,
        html("{% if plan == 1 %}x{% endif %}"),
        html("{% if plan == '1' %}x{% endif %}"),
    ),
    Case(
        Rule.ALWAYS_TRUE,
        html("{% if plan == 'free' or 'paid' %}x{% endif %}"),
        html("{% if plan in ('free', 'paid') %}x{% endif %}"),
    ),
    Case(
        Rule.LANGUAGE_WORD,
        text("{{ None }}") | people("ada@example.com,Ada,x", head="email,name,None"),
        text("{{ _none }}") | people("ada@example.com,Ada,x", head="email,name,None"),
    ),
    Case(
        Rule.NO_LOCALE,
        html("{{ 5|money('EUR') }}")
        | people("ada@example.com,Ada,xx_yy", head="email,name,locale"),
        html("{{ 5|money('EUR') }}")
        | people("ada@example.com,Ada,de_AT", head="email,name,locale"),
    ),
    Case(
        Rule.AMBIGUOUS_NAME,
        keys(SIGNED) | html("{{ unsubscribe_url }}") | people("a@example.com,A,x", head=f"{HEAD}"),
        keys(SIGNED) | html("{{ unsubscribe_url }}"),
    ),
    Case(
        Rule.LONE_FILE,
        keys(templates=BOTH) | LOCALES | FILES | {"letter.fr.html": LETTER},
        keys(templates=BOTH) | LOCALES | FILES,
    ),
    Case(Rule.TOO_MANY_VERSIONS, by_locale("en", "de", *MANY), by_locale("en", "de", *MANY[:100])),
    Case(Rule.TOO_MANY_TEMPLATES, html(included(501)) | EMPTY, html(included(20)) | EMPTY),
    Case(
        Rule.UNKNOWN_IGNORE,
        html("<a href='foo'>x</a> <!-- sendbatch: ignore borken-link -->"),
        html("<a href='foo'>x</a> <!-- sendbatch: ignore broken-link -->"),
    ),
]
