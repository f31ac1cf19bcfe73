"""What a template calculates is what a person calculates: by the digits of a number, and not in base two."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.language.environment import FAILURES, environment
from sendbatch.campaign.language.exact import Exact, exact, read
from sendbatch.campaign.language.json_cells import from_json

ORDER = (
    '{"price": 19.90, "count": 3, "a": 1.15, "b": 100, "half": 2.675, "fee": 0.50, "tiny": 1e-7,'
    ' "long": 12345678901234567.89, "parts": [0.1, 0.2, 0.30], "lines": [{"sum": 19.90}, {"sum": 5}]}'
)
NO_BREAK = "\u00a0"


def rendered(expression: str, **names: Any) -> str:
    x = from_json(ORDER)
    return environment().from_string(f"{{{{ {expression} }}}}").render(x=x, **names)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x.price", "19.90"),  # as it stands
        ("x.price * x.count", "59.70"),
        ("x.count * x.price", "59.70"),
        ("(x.a * x.b)|int", "115"),
        ("x.price * 1.19", "23.681"),
        ("1.19 * x.price", "23.681"),
        ("x.price * x.fee", "9.95"),  # no more zeros than the parts have
        ("x.price + 1", "20.90"),
        ("1 - x.price", "-18.90"),
        ("x.price - 19.90", "0.00"),
        ("-x.price", "-19.90"),
        ("(-x.price)|abs", "19.90"),
        ("x.price ** 2", "396.01"),
        ("x.price / 2", "9.95"),
        ("x.price / 3", "6.633333333333334"),  # as Python writes what never ends
        ("x.price / 3 * 3", "19.90"),
        ("(x.price * 10 // 3)|int", "66"),
        ("x.price % 3", "1.90"),
        ("(20 / 3 * 3)|int", "20"),
        ("x.long", "12345678901234567.89"),
        ("x.long * 2", "24691357802469135.78"),
        ("x.tiny", "1e-7"),
        ("x.tiny * 2", "0.0000002"),
        ("x.parts", "[0.1, 0.2, 0.30]"),
        ("x.parts|sum", "0.60"),
        ("x.lines|sum(attribute='sum')", "24.90"),
        ("x.lines|sum(attribute='sum', start=0.05)", "24.95"),
        ("x.parts|max", "0.30"),
        ("x.parts|sort(reverse=true)|join(' ')", "0.30 0.2 0.1"),
        ("x.price|string ~ x.price", "19.9019.90"),
        # what is written out, and what `|float` and `|number` read, is written as Jinja writes it
        ("0.1 + 0.2", "0.3"),
        ("10 / 4", "2.5"),
        ("1 / 3 * 3", "1.0"),
        ("'3'|int * 19.90", "59.7"),
        ("'19.90'|float", "19.9"),
        ("'12'|float", "12.0"),
        ("'19.90'|float * 3", "59.7"),
        ("('1.15'|float * 100)|int", "115"),
        ("('1,15'|number * 100)|int", "115"),
        ("'0.25'|float * 4", "1.0"),
        ("'12345678901234567,89'|number", "12345678901234567.89"),
        ("'9007199254740993.7'|int", "9007199254740993"),
        ("['0.1', '0.2']|map('float')|sum", "0.3"),
        ("price * 3", "59.7"),  # a variable
    ],
)
def test_calculated_as_people_do(expression: str, found: str) -> None:
    assert rendered(expression, price=19.90) == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x.price > 10 and x.price < 20 and 19.9 <= x.price", "True"),
        ("x.price == 19.9 and 19.9 == x.price and x.price != 19.91", "True"),
        ("x.parts|sum == 0.6 and 0.1 + 0.2 == 0.3", "True"),
        ("x.price in [19.9] and x.price * 3 in [59.7]", "True"),
        ("x.count * 1.0 == 3 and x.price is number and x.price is float", "True"),
        ("x.long > x.long - 0.01", "True"),  # which no float tells apart
        ("[x.price, 19.9, 20]|unique|list|length", "2"),
        ("x.parts|select('>', 0.1)|list|length", "2"),
    ],
)
def test_compared_by_its_digits(expression: str, found: str) -> None:
    assert rendered(expression) == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x.half|round(2)", "2.68"),
        ("2.5|round", "3.0"),
        ("(-2.5)|round", "-3.0"),
        ("(-0.4)|round", "0.0"),
        ("0.125|round(2)", "0.13"),
        ("25|round(-1)", "30"),
        ("25|round(1)", "25"),
        ("1250.0|round(-2)", "1300.0"),
        ("x.price|round(1)", "19.9"),
        ("x.price|round", "20.0"),
        ("(x.price * 1.19)|round(2)", "23.68"),
        ("19.999|round(2, 'floor')", "19.99"),
        ("19.991|round(2, 'ceil')", "20.0"),
        ("(1.1 * 1.1 * 100)|round(0, 'ceil')", "121.0"),
        ("'%.2f'|format(x.half)", "2.68"),
        ("'%.2f' % x.half", "2.68"),
        ("'%.2f and %s' % (x.half, x.price)", "2.68 and 19.90"),
        ("'%(a).1f' % {'a': 0.25}", "0.3"),
        ("'{:.2f}'.format(x.half)", "2.68"),
        ("'{:,.2f}'.format(x.price * 1000)", "19,900.00"),
        ("'{:.2f}'.format(2.675)", "2.68"),
        ("'{:.2f}'.format(rate)", "2.68"),
        ("'{a:.2f} {b.rate:.2f}'.format(a=2.675, b={'rate': rate})", "2.68 2.68"),
        ("'{0[rate]:.1f}'.format({'rate': 0.25})", "0.3"),
        ("'{r:.2f}'.format_map({'r': 2.675})", "2.68"),
        ("('<{:.2f} {}>'|safe).format(2.675, '<')", "<2.68 &lt;>"),
        ("'{:.2f}' .format(3) ~ '{:>6}|{!r}'.format(1.5, 0.1)", "3.00   1.5|0.1"),
        ("'%d' % (x.a * x.b)", "115"),
        ("'%.1f' % 1e16", "10000000000000000.0"),
    ],
)
def test_a_half_is_rounded_away_from_zero_as_money_does(expression: str, found: str) -> None:
    assert rendered(expression, rate=2.675) == found


def test_it_is_the_same_wherever_it_is_written() -> None:
    assert rendered('(x.price * x.count)|money("EUR", "de_DE")') == f"59,70{NO_BREAK}€"
    assert rendered('x.half|money("EUR", "de_DE")') == f"2,68{NO_BREAK}€"
    assert rendered('(x.price * x.fee)|number("de")') == "9,95"
    assert rendered('(x.price / 3)|number("de", digits=2)') == "6,63"
    assert rendered('x.long|money("EUR", "en_US")') == "€12,345,678,901,234,567.89"
    assert rendered("x|tojson") == json.dumps(json.loads(ORDER), sort_keys=True).replace(
        "19.9}", "19.90}"
    ).replace("19.9,", "19.90,").replace("0.3]", "0.30]").replace("0.5,", "0.50,").replace(
        "1e-07", "1e-7"
    ).replace("1.2345678901234568e+16", "12345678901234567.89")
    assert rendered("{'total': x.price * x.count, 'of': ['1.50']}|tojson(indent=1)") == (
        '{\n "of": [\n  "1.50"\n ],\n "total": 59.70\n}'
    )


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("x.price / 0", "division by zero"),
        ("x.price // 0.0", "division by zero"),
        ("x.price % 0", "division by zero"),
        ("0.0 ** -1", "division by zero"),
        ("x.price * 1e300 * 1e300", "a number is too large"),
        ("1.5 * 10 ** 400", "a number is too large"),
        ("9.9 ** 9999", "a number is too large"),
        ("x.price * none", "'number' and 'NoneType'"),
        ("x.price + 'a'", "'number' and 'str'"),
        ("x.price|list", "'number' object is not iterable"),
    ],
)
def test_what_cannot_be_calculated_is_told(expression: str, said: str) -> None:
    with pytest.raises(FAILURES) as caught:
        rendered(expression)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["1e-999999999", "-1e-99999", "0e999999999", "0.000", "1E-300"])
def test_exponents_are_bounded(text: str) -> None:
    found = from_json(text)
    assert str(found) == text
    for expression in ("x * 2", "x + 1", "1 / (x + 1)", "x|round(2)", "x ** 2", "x|tojson", "'%.2f' % x"):
        shown = environment().from_string(f"{{{{ {expression} }}}}").render(x=found)
        assert len(shown) < 120
        float(shown)


def test_a_huge_exponent_is_no_number() -> None:
    with pytest.raises(jinja2.TemplateRuntimeError, match="the number 1e999999999 is too large"):
        from_json("1e999999999")


# Properties

_PRICES = st.decimals(-(10**6), 10**6, places=2)


@given(_PRICES, _PRICES, st.sampled_from("+-*"))
def test_sums_and_products_are_those_of_arithmetic(one: Decimal, other: Decimal, sign: str) -> None:
    shown = environment().from_string(f"{{{{ a|fromjson {sign} b|fromjson }}}}").render(
        a=str(one), b=str(other)
    )
    right = {"+": one + other, "-": one - other, "*": one * other}[sign]
    assert Decimal(shown) == right
    assert len(shown.partition(".")[2]) >= 2


@given(_PRICES, st.integers(1, 1000))
def test_what_is_divided_and_multiplied_again_is_what_it_was(one: Decimal, times: int) -> None:
    again = read(str(one)) / times * times
    assert again.decimal == one
    assert int(again) == int(one)
    assert int(again // 1) == Fraction(one) // 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_that_is_exact_is_written_and_compared_as_before(value: float) -> None:
    found = exact(value)
    assert isinstance(found, Exact)
    assert (str(found), found, hash(found)) == (str(value), value, hash(value))
    again = pickle.loads(pickle.dumps(found))
    assert (type(again), str(again)) == (Exact, str(found))
