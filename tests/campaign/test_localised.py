"""Amounts, days and numbers as a locale writes them; what is none of these is an error that says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.language.arguments import wrong_arguments
from sendbatch.campaign.language.checks import check_expression, check_template
from sendbatch.campaign.language.environment import environment, names_in, names_needed
from sendbatch.campaign.language.patterns import wrong_style
from sendbatch.campaign.written.parsing import Wrong

NARROW, NO_BREAK = "\u202f", "\u00a0"


def rendered(source: str, **names: Any) -> str:
    return environment().from_string(source).render(names)


def said(source: str, **names: Any) -> str:
    with pytest.raises(jinja2.TemplateRuntimeError) as caught:
        rendered(source, **names)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "cell", "found"),
    [
        ('{{ x|money("EUR", "de_DE") }}', "19.90", f"19,90{NO_BREAK}€"),
        ('{{ x|money("EUR", "en_US") }}', "1234.5", "€1,234.50"),
        ('{{ x|money("EUR", "fr") }}', "1234.5", f"1{NARROW}234,50{NO_BREAK}€"),
        ('{{ x|money("JPY", "ja") }}', "1234", "¥1,234".replace("¥", "￥")),
        ('{{ x|money("EUR", "de-AT") }}', "1.234,50", f"€{NO_BREAK}1.234,50"),
        ('{{ x|money("EUR", "pl_DE") }}', "12", f"12,00{NO_BREAK}€"),  # no such locale: Polish
        ('{{ x|money("EUR", "de", decimal=",") }}', "1,234", f"1,23{NO_BREAK}€"),
        ('{{ x|number(",")|money("EUR", "de") }}', "1.234", f"1.234,00{NO_BREAK}€"),
        ('{{ x|number(default=0)|money("EUR", "de") }}', "", f"0,00{NO_BREAK}€"),
        ('{{ (x|float * 1.1)|money("EUR", "de") }}', "0.3", f"0,33{NO_BREAK}€"),
        ('{{ x|money("EUR", "de") }}', "0.125", f"0,13{NO_BREAK}€"),  # and not 0,12
        ('{{ x|money("EUR", "de_DE") }}', "-0", f"0,00{NO_BREAK}€"),
        ('{{ x|money("EUR", "de_DE") }}', "-0.004", f"0,00{NO_BREAK}€"),
        ('{{ x|money("EUR", "de_DE") }}', "-0.005", f"-0,01{NO_BREAK}€"),
        ('{{ x|money("JPY", "en") }}', "-0.4", "¥0"),
        ('{{ x|number("de", digits=2) }}', "-0.001", "0,00"),
        ('{{ x|number("de") }}', "-0.0", "0"),
        ('{{ x|number("de") }}', "1234.5", "1.234,5"),
        ('{{ x|number(locale="de") }}', "0.123456", "0,123456"),
        ('{{ x|number("en_IN", digits=2) }}', "1234567.895", "12,34,567.90"),
        ('{{ x|number(",", locale="en") }}', "1.234,5", "1,234.5"),
        ('{{ x|number("de", 0) }}', "", "0"),
        ('{{ x|date("long", "de") }}', "2026-02-01", "1. Februar 2026"),
        ('{{ x|date(locale="en_GB") }}', "2026-02-01", "1 February 2026"),
        ('{{ x|date("full", "fr") }}', "2026-02-01T10:30:00+01:00", "dimanche 1 février 2026"),
        ('{{ x|date("short", "de") }}', "2026-02-01 10:30", "01.02.26"),
        ('{{ x|date("EEEE, d. MMMM", "de") }}', "2026-02-01", "Sonntag, 1. Februar"),
        ("{{ x|date(\"d. MMM 'um' HH:mm 'Uhr'\", 'de') }}", "2026-02-01 10:30", "1. Feb. um 10:30 Uhr"),
        ('{{ x|date("long", "de", order="dmy") }}', "1.2.2026", "1. Februar 2026"),
        ('{{ x|date("long", "en", order="mdy") }}', "1/2/2026", "January 2, 2026"),
        ('{{ x|date("long", "en", "ymd") }}', "2026/02/01", "February 1, 2026"),
    ],
)  # fmt: skip
def test_it_is_written_as_the_locale_writes_it(source: str, cell: str, found: str) -> None:
    assert rendered(source, x=cell) == found


# CLDR: how many digits a currency has (supplemental currencyData), and how locales part groups. UTS #35 part
# 3, "Currency spacing": letters beside a digit are parted from it by a blank that breaks no line.
AMOUNTS = [
    ("JPY", "en_US", "¥1,234,568"),
    ("JPY", "de_DE", f"1.234.568{NO_BREAK}¥"),
    ("KWD", "en_US", f"KWD{NO_BREAK}1,234,567.500"),
    ("KWD", "de_DE", f"1.234.567,500{NO_BREAK}KWD"),
    ("BHD", "en_IN", f"BHD{NO_BREAK}12,34,567.500"),
    ("EUR", "en_IN", "€12,34,567.50"),
    ("INR", "hi", "₹12,34,567.50"),
    ("CHF", "de_CH", f"CHF{NO_BREAK}1'234'567.50"),
    ("CHF", "it_CH", f"CHF{NO_BREAK}1'234'567.50"),
    ("CHF", "en_US", f"CHF{NO_BREAK}1,234,567.50"),
    ("EUR", "pt_PT", f"1{NO_BREAK}234{NO_BREAK}567,50{NO_BREAK}€"),
    ("BRL", "pt_BR", f"R${NO_BREAK}1.234.567,50"),
    ("CNY", "zh", "¥1,234,567.50"),
    ("IRR", "fa", f"\u200eریال{NO_BREAK}1,234,568"),
    ("EGP", "ar_EG", f"\u200f1,234,567.50{NO_BREAK}ج.م.\u200f"),
    ("ZAR", "en_ZA", f"R{NO_BREAK}1{NO_BREAK}234{NO_BREAK}567,50"),
]


@pytest.mark.parametrize(("currency", "locale", "found"), AMOUNTS)
def test_an_amount_has_the_digits_of_its_currency_and_the_form_of_its_locale(
    currency: str, locale: str, found: str
) -> None:
    shown = rendered("{{ x|money(y, z) }}", x="1234567.5", y=currency, z=locale)
    assert shown.replace("’", "'") == found  # the apostrophe is another by the version of CLDR


@pytest.mark.parametrize(
    ("cell", "found"),
    [("999", "999"), ("1234", "1'234"), ("-1234567.891", "-1'234'567.891"), ("1e0", None)],
)
def test_swiss_groups_keep_their_apostrophes(cell: str, found: str | None) -> None:
    if found is None:
        assert "is no number" in said('{{ x|number("de_CH") }}', x=cell)
        return
    assert rendered('{{ x|number("de_CH") }}', x=cell).replace("’", "'") == found
    assert rendered('{{ x|number("de_CH", digits=1) }}', x="1234567.25").replace("’", "'") == "1'234'567.3"


@pytest.mark.parametrize(
    ("source", "cell", "found"),
    [
        ('x|money("EUR", "de")', "12 EUR", "'12 EUR' is no number"),
        ('x|money("EUR", "de")', "", "|number(default=0) takes 0 for it"),
        ('x|money("EUR", "de")', "1.234", 'may be 1234 or 1.234: |number(".")'),
        ('x|money(x, "de")', "eur", "no currency is called eur: did you mean EUR?"),
        ('x|money(x, "de")', "€", "did you mean EUR?"),
        ('x|money(x, "de")', " ", "|money needs a currency, and has none"),
        ('1|money("EUR", x)', "german", "no locale is called german: did you mean de?"),
        ('1|money("EUR", x)', "de_XX", "no locale is called de_XX: did you mean de?"),
        ('1|money("EUR", x)', "", 'and the one it has is empty: write money("EUR", "de_DE")'),
        ('1|number(locale=x)', "../de", 'no locale is called ../de: write one such as de or de_DE'),
        ('"1"|number(x)', "../de", "'../de' is no decimal mark"),
        ('x|date("long", "de")', "01.02.2026", "may be day 1 of month 2, or day 2 of month 1"),
        ('x|date("long", "de")', "01.02.2026", '|date(order="dmy") or |date(order="mdy")'),
        ('x|date("long", "de")', "31.12.2026", "does not say which is the day and which the month"),
        ('x|date("long", "de")', "2026/02/01", '|date(order="ymd")'),
        ('x|date("long", "de")', "2026-02-30", "'2026-02-30' is no date: day is out of range for month"),
        ('x|date("long", "de")', "tomorrow", "'tomorrow' is no date: |date reads 2026-02-01"),
        ('x|date("long", "de")', "", "the date is empty: write {% if … %}"),
        ('x|date("long", "de", "dmy")', "1.2.26", "its year has four digits"),
        ('x|date("HH:mm", "de")', "2026-02-01", "says no time"),
        ('x|date("HH:mm", "de")', "2026-02-01 24:00", "24:00 is the next day's 00:00: write that"),
        ('x|date("long", "de")', "2016-12-31T23:59:60Z", "second 60 cannot be written: write 59"),
        ('x|date("w", "en_US")', "9999-12-31", "cannot be written as 'w' in en_US: it has no"),
        ('5|date("long", "de")', "", "'5' is no date: |date reads text"),
        ('"2026-02-01"|date(x, "de")', "lang", "did you mean long?"),
        ('"2026-02-01"|date("long", "de", x)', "dym", "write one of dmy, mdy, ymd"),
        ('(10 ** 200)|money("EUR", "de")', "", "too large"),
        ('("1e300"|float)|money("EUR", "de")', "", "no number that can be written"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_written_is_told(source: str, cell: str, found: str) -> None:
    assert found in said(f"{{{{ {source} }}}}", x=cell)


# UTS #35 part 4, "Week Data": the first day of a week, and how many of its days make it the year's first, are
# a country's: DE Monday and 4 (as ISO 8601), US Sunday and 1, EG Saturday and 1, PT Sunday and 4. Part 1,
# "Likely Subtags": de is de_Latn_DE, en en_Latn_US, ar ar_Arab_EG.
WEEKS = [
    ("2024-12-30", "2025 1", "2025 1", "2025 1", "2025 1"),
    ("2026-12-31", "2026 53", "2027 1", "2027 1", "2026 52"),
    ("2027-01-01", "2026 53", "2027 1", "2027 1", "2026 52"),
    ("2021-01-03", "2020 53", "2021 2", "2021 2", "2021 1"),
    ("2016-01-02", "2015 53", "2016 1", "2016 2", "2015 52"),
    ("2028-02-29", "2028 9", "2028 10", "2028 9", "2028 9"),
]


@pytest.mark.parametrize(("day", "german", "american", "egyptian", "portuguese"), WEEKS)
def test_weeks_are_those_of_the_country(
    day: str, german: str, american: str, egyptian: str, portuguese: str
) -> None:
    by = {
        **dict.fromkeys(("de", "de_DE", "fr", "en_GB", "no", "pl_DE"), german),
        **dict.fromkeys(("en", "en_US", "hi"), american),
        **dict.fromkeys(("ar", "ar_EG", "fa"), egyptian),
        "pt_PT": portuguese,
    }
    found = {locale: rendered('{{ x|date("YYYY w", y) }}', x=day, y=locale) for locale in by}
    assert found == by


@pytest.mark.parametrize(
    ("locale", "numbers"),
    [("de", "7 7"), ("de_DE", "7 7"), ("en", "1 1"), ("en_US", "1 1"), ("ar", "2 2"), ("fa", "2 2")],
)
def test_days_of_a_week_are_counted_as_the_country_does(locale: str, numbers: str) -> None:
    assert rendered('{{ "2026-02-01"|date("e c", y) }}', y=locale) == numbers  # a Sunday


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("YYYY-'W'ww-e", "2025-W01-1"),
        ("dd.MM.yyyy, 'KW' w", "30.12.2024, KW 1"),
        ("dd.MM.yyyy, 'KW' w/YYYY", "30.12.2024, KW 1/2025"),
        ("yyyy-DDD", "2024-365"),
        ("D. 'Tag'", "365. Tag"),
        ("YYYY-'W'ww, D. 'Tag'", "2025-W01, 365. Tag"),
        ("dd.MM. 'KW' w/YYYY", "30.12. KW 1/2025"),
        ("yyyy MMMM (w)", "2024 Dezember (1)"),
        ("w: yyyy-MM-dd", "1: 2024-12-30"),
        ("dd.MM. (D)", "30.12. (365)"),
        ("HH:mm:ss.SSS", "23:59:58.250"),
    ],
)
def test_a_pattern_means_what_uts_35_says(pattern: str, found: str) -> None:
    assert rendered("{{ x|date(y, 'de') }}", x="2024-12-30T23:59:58,25+01:00", y=pattern) == found


WRONG = [
    ('x|money("EURO", "de")', "no currency is called EURO", "did you mean EUR?"),
    ('x|money("EUR", "gemran")', "no locale is called gemran", "did you mean"),
    ('x|money', "|money needs a currency, and has none", 'write money("EUR")'),
    ('x|money(currency="EUR", local="de")', "|money takes no local", "it takes currency, locale, decimal"),
    ('x|money("EUR", "de", ",", 1)', "|money is given too much", "it takes currency, locale, decimal"),
    ('x|date("%d.%m.%Y", "de")', "is no pattern of |date", 'write date("dd.MM.yyyy")'),
    ('x|date("DD.MM.YYYY", "de")', "is no pattern of |date", 'write date("dd.MM.yyyy")'),
    ("x|date(\"'Date:' DD.mm.YYYY\", 'de')", "D is the day of the year; Y is the year of a week; m is a",
     "write date(\"'Date:' dd.MM.yyyy\")"),
    ("x|date(\"yyyy-'W'ww\", 'de')", "2024-12-30 may lie in week 1 of 2025", "write date(\"YYYY-'W'ww\")"),
    ("x|date(\"yyyy-'W'ww, D. 'Tag'\", 'de')", "may lie in week 1", "write date(\"YYYY-'W'ww, D. 'Tag'\")"),
    ("x|date(\"dd.mm.YYYY, 'KW' w\", 'de')", "Y is the year of a week", "write date(\"dd.MM.yyyy, 'KW' w\")"),
    ("x|date(\"EEEE, 'KW' w, y\", 'de')", "may lie in week 1", "write date(\"EEEE, 'KW' w, Y\")"),
    ('x|date("YYYY-DDD", "de")', "Y is the year of a week", 'write date("yyyy-DDD")'),
    ('x|date("YYYY-MM-dd (ww)", "de")', "Y is the year of a week", 'write date("yyyy-MM-dd (ww)")'),
    ('x|date("MMMMMM", "de")', "M stands 6 times", "write fewer of them"),
    ('x|date("dd.mm.yyyy", "de")', "is no pattern of |date", 'write date("dd.MM.yyyy")'),
    ('x|date("lang", "de")', "|date takes short, medium, long, full, or a pattern", "did you mean long?"),
    ('x|date("d. MMM um HH:mm", "de")', "u says nothing of a day", "words stand in '…'"),
    ("x|date(\"d. 'um\", 'de')", "a quote is never closed", "write words as 'words'"),
    ('x|date("long", "de", "dym")', "no order of day, month and year", "write one of dmy, mdy, ymd"),
    ('x|number("xx")', "no locale is called xx", "such as de or de_DE"),
    ('x|number(";")', "';' is no decimal mark", "or a locale such as"),
    ('x|number("de", digits=99)', "digits from 0 to 20, not '99'", "write digits=2"),
    ('[x]|map("money", "EURO", "de")|join', "no currency is called EURO", "did you mean EUR?"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message", "hint"), WRONG)
def test_what_is_written_out_wrongly_is_found_before_a_row_is(
    source: str, message: str, hint: str
) -> None:
    template = f"\n{{{{ {source} }}}}"
    ((line, word, found, told),) = wrong_arguments(template, environment().parse(template))
    assert (line, message in found, hint in told) == (2, True, True), (found, told)
    with pytest.raises(Wrong) as caught:
        check_template(template)
    assert message in str(caught.value)
    assert caught.value.offset == template.index(word)
    with pytest.raises(Wrong):
        check_expression(source)


FIELDS = ["yyyy", "YYYY", "MM", "d", "DDD", "ww", "EEE", "mm", "HH", "'w'"]


@given(st.lists(st.sampled_from(FIELDS), max_size=6))
def test_a_pattern_that_is_advised_is_taken(fields: list[str]) -> None:
    wrong = wrong_style(" ".join(fields))
    if wrong is not None and wrong[1].startswith('write date("'):
        advised = wrong[1].removeprefix('write date("').removesuffix('")')
        assert wrong_style(advised) is None


@pytest.mark.parametrize(
    "source",
    [
        'x|money(y)', 'x|money("EUR", y)', 'x|money("EUR")', "x|date", 'x|date("d.M.", y)', "x|number",
        'x|number(",")', 'x|number("de", digits=2)', "x|number(y)", "x|number(default=0)", "x|money(*y)",
    ],
)  # fmt: skip
def test_what_is_right_is_not_blamed(source: str) -> None:
    template = f"{{{{ {source} }}}}"
    assert list(wrong_arguments(template, environment().parse(template))) == []


# Where the locale comes from


@pytest.mark.parametrize(
    "source",
    [
        '{{ x|money("EUR") }}',
        "{{ x|date }}",
        '{{ [x]|map("money", "EUR")|join }}',
        "{% filter date %}{{ x }}{% endfilter %}",
    ],
)
def test_a_filter_without_a_locale_reads_the_name_locale(source: str) -> None:
    assert names_in(source) == {"x", "locale"}
    assert [use.name for use in names_needed(source)] == ["locale", "x"]
    with pytest.raises(jinja2.UndefinedError, match="'locale' is undefined"):
        rendered(source, x="2026-02-01")


@pytest.mark.parametrize(
    "call", ['money("EUR", "de")', 'date(locale="de")', "number", 'number("de")']
)
def test_a_filter_with_a_locale_reads_no_name(call: str) -> None:
    assert names_in(f"{{{{ x|{call} }}}}") == {"x"}


def test_locale_means_what_it_means_where_the_filter_stands() -> None:
    looped = "{% for locale in ['en'] %}; {{ x|date }}{% endfor %}"
    source = f"{{{{ x|date }}}}{{% set locale = 'fr' %}}; {{{{ x|date }}}}{looped}"
    found = rendered(source, x="2026-02-01", locale="de")
    assert found == "1. Februar 2026; 1 février 2026; February 1, 2026"
    asked = environment().compile_expression('x|date == "1. Februar 2026"')
    assert asked(x="2026-02-01", locale="de") is True


def test_text_that_was_written_is_not_compared_with_a_number() -> None:
    assert "text is compared with a number" in said('{{ x|number("de") == 5 }}', x="5")
    assert rendered('{{ x|number("de") == "5,5" }}', x="5.5") == "True"


# Properties


@given(st.decimals(-(10**9), 10**9, places=2))
def test_cents_are_never_lost(amount: Decimal) -> None:
    shown = rendered('{{ x|money("EUR", "en_US") }}', x=str(amount))
    assert Decimal(shown.replace("€", "").replace(",", "")) == amount
    again = rendered(
        '{{ x|number("de", digits=2)|number(",")|number("en", digits=2) }}', x=str(amount)
    )
    assert Decimal(again.replace(",", "")) == amount


ANY = [
    *('x|money("EUR", "de")', 'x|number("fr")', 'x|date("long", "de")', '1|money("EUR", x)'),
    *('1|money(x, "de")', '"2026-02-01"|date(x, "de")', '"2026-02-01"|date("long", "de", x)'),
]


@given(
    st.sampled_from(ANY),
    st.floats() | st.integers() | st.text(max_size=12) | st.none() | st.booleans(),
)
def test_anything_is_written_or_an_error_of_ours(source: str, value: Any) -> None:
    try:
        found = rendered(f"{{{{ {source} }}}}", x=value)
    except jinja2.TemplateRuntimeError as error:
        found = str(error)
    assert 0 < len(found) < 800
