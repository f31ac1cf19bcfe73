"""An entry of a suppression list is read with patience, and matched as keys are."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sendbatch.audience.addresses import default_key, normalise
from sendbatch.audience.entries import BELOW, DOMAIN, KEY, TEXT, Said, said_by
from tests.kit.thoroughness import examples


def said(text: str, *, keyed: bool = False, subdomains: bool = False) -> list[tuple[str, str]]:
    found = said_by(text, keyed=keyed, subdomains=subdomains)
    assert not any(one.why for one in found), found
    return [(one.kind, one.value) for one in found]


def refused(text: str, *, keyed: bool = False, subdomains: bool = False) -> str:
    """Why an entry cannot be read."""
    found = said_by(text, keyed=keyed, subdomains=subdomains)
    whys = [one.why for one in found if one.why is not None]
    assert len(whys) == 1, found
    return whys[0]


ANN = [(KEY, "ann@example.com")]


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com",
        "ANN@Example.COM",
        "  ann@example.com\t",
        "Ann <ann@example.com>",
        '"Doe, Ann" <ann@example.com>',
        "Doe, Ann <ann@example.com>",
        "'Ann' <ann@example.com>",
        "ann@example.com (Ann)",
        "<ann@example.com>",
        "mailto:ann@example.com",
        "MAILTO: ann@example.com",
        "mailto:ann@example.com?subject=unsubscribe",
        "mailto:ann%40example.com",
        "ann@example.com.",
        "ann@example.com,",
        "ann@example.com;",
        '"ann@example.com"',
        "'ann@example.com'",
        "“ann@example.com”",
        "\ufeffann@example.com",
        "\u200bann@example.com\u200b",
        "ann\u200d@exam\u00adple.com",
        "\u202aann@example.com\u202c",
        "\u00a0ann@example.com\u00a0",
        "ann@\u2060example.com",
        "ann＠example.com",
        "ann@example．com",
        "Ann ＜ann@example.com＞",
        "ann@example.com#left",
        "ann@example.com ann@example.com",
    ],
)
def test_one_address_is_taken_out_of_what_surrounds_it(text: str) -> None:
    assert set(said(text)) == set(ANN)


def test_full_width_letters_name_who_was_meant_and_who_is_written() -> None:
    assert said("ａｎｎ@ｅｘａｍｐｌｅ.com") == ANN
    assert said("ann\ufe0f@example.com") == [(KEY, "ann\ufe0f@example.com"), *ANN]


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com, bob@example.org",
        "ann@example.com;bob@example.org",
        "ann@example.com bob@example.org",
        "ann@example.com\tbob@example.org",
        "ann@example.com | bob@example.org",
        "Ann <ann@example.com>, Bob <bob@example.org>",
        "ann@example.com, Bob <bob@example.org>",
        "Ann <ann@example.com>; bob@example.org",
        "mailto:ann@example.com,bob@example.org",
        "ann@example.com\u00a0bob@example.org",
    ],
)
def test_several_in_a_text_are_several(text: str) -> None:
    assert said(text) == [*ANN, (KEY, "bob@example.org")]


@pytest.mark.parametrize(
    "text", ["@example.com", "*@example.com", "@Example.COM.", "<*@example.com>"]
)
def test_a_domain_stands_for_everybody_there(text: str) -> None:
    assert said(text) == [(DOMAIN, "example.com")]


def test_a_domain_is_one_however_it_is_written() -> None:
    for text in (
        "@müller.example",
        "@MÜLLER.example",
        "*@xn--mller-kva.example",
        "@ｍüller．example",
    ):
        assert said(text) == [(DOMAIN, "xn--mller-kva.example")]


def test_with_subdomains_a_domain_is_all_below_it_too() -> None:
    assert said("@example.com", subdomains=True) == [
        (DOMAIN, "example.com"),
        (BELOW, "example.com"),
    ]
    for text in ("*@*.example.com", "@*.example.com", "@.example.com"):
        assert said(text, subdomains=True) == [(BELOW, "example.com")]


@pytest.mark.parametrize("text", ["*@*.example.com", "@*.example.com"])
def test_what_is_below_a_domain_needs_a_word_where_the_list_is_named(text: str) -> None:
    assert refused(text) == "write @example.com here, and subdomains: true where the list is named"


@pytest.mark.parametrize(
    "text", ["ann*@example.com", "*ann@example.com", "*", "*@*", "ann@*", "*.com", "*@*.com", "@*.com"]
)
def test_a_pattern_is_no_entry(text: str) -> None:
    assert "*@example.com" in refused(text)


def test_a_bare_domain_is_no_entry_and_the_right_spelling_is_told() -> None:
    assert refused("example.com") == "write @example.com for everybody there"
    assert refused("müller.example", keyed=True) == "write @müller.example for everybody there"


@pytest.mark.parametrize(
    "text",
    [
        "ann@", "@", "@two words", "@nodot", "ann@nodot", "%@example.com", "ann@example,com",
        "jane at example.com", "customer-12", "ann@example.com unsubscribed", "<html>",
        "Ann <ann@example>", "Ann <>", "ann@example.com bob", "/.*@example\\.com/", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_refused_entry(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00a0", '""', "\u2800\u3164"])
def test_what_nobody_sees_is_nothing(text: str) -> None:
    assert said(text) == []


def test_of_what_can_be_read_in_part_that_part_counts() -> None:
    found = said_by("ann@example.com, nobody", keyed=False, subdomains=False)
    assert [(one.kind, one.why is None) for one in found] == [(KEY, True), (TEXT, False)]


def test_a_key_of_the_campaign_is_an_entry_and_an_address_still_one() -> None:
    assert (TEXT, "C-12") in said("C-12", keyed=True)
    assert {(TEXT, "C-12"), (TEXT, "C-13")} <= set(said("C-12; C-13", keyed=True))
    assert ANN[0] in said("Ann <ann@example.com>", keyed=True)
    assert (TEXT, "Zoé") in said("Zoe\u0301", keyed=True)


@pytest.mark.parametrize("text", ["Session expired", "a b@", "<html>", "ann@example", "k" * 300])
def test_what_looks_like_no_key_counts_only_if_it_is_one(text: str) -> None:
    assert refused(text, keyed=True)
    assert said_by(text, keyed=True, subdomains=False)[-1] == Said(
        TEXT, text, refused(text, keyed=True)
    )


LOCAL = st.text("abcXYZ0189._+-'!#&~éßïＡа", min_size=1, max_size=12)
HOME = st.sampled_from(
    ["Example.com", "MÜLLER.example", "xn--mller-kva.example", "a.b.test", "straße.de"]
)


@settings(max_examples=examples(300))
@example("o'brien", "example.com")
@example("a#b", "example.com")
@given(LOCAL, HOME)
def test_whoever_is_written_to_is_suppressed_by_the_same_spelling(local: str, home: str) -> None:
    """The list may be read with more patience than the CSV, never with less."""
    text = f"{local}@{home}"
    try:
        key = default_key(normalise(text).email)
    except ValueError:
        assume(False)
    for written in (text, f"Ann <{text}>", f"mailto: {text}", f"\u200b{text}\u00a0", text.upper()):
        spelt = said_by(written, keyed=False, subdomains=False)
        if written == text.upper():
            key = default_key(normalise(written).email)
        assert Said(KEY, key) in spelt, (written, spelt)


@given(st.text("@a.é*%<>,;()\"'#| \u200b", max_size=60), st.booleans(), st.booleans())
def test_any_text_is_read_or_refused_whole(text: str, keyed: bool, subdomains: bool) -> None:
    found = said_by(text, keyed=keyed, subdomains=subdomains)
    assert all(one.value for one in found if one.kind != TEXT)
    assert len({one.why for one in found if one.why}) <= 1


@pytest.mark.parametrize("mark", ["'", "`"])
def test_what_marks_a_cell_as_text_is_no_part_of_the_address_or_it_is(mark: str) -> None:
    assert said(f"{mark}ann@example.com") == [(KEY, f"{mark}ann@example.com"), *ANN]
    assert (KEY, "+x@example.com") in said(f"{mark}+x@example.com")  # as a report defuses it


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("text", ["ann @example.com", "C-1 @example.com", "x, ann @example.com"])
def test_an_address_with_a_blank_before_its_at_is_not_the_whole_domain(
    text: str, keyed: bool
) -> None:
    found = said_by(text, keyed=keyed, subdomains=False)
    assert [one.why for one in found if one.why is not None]
    assert not [one for one in found if one.kind == DOMAIN]


def test_thousands_pasted_from_a_mail_program_are_one_line_of_thousands() -> None:
    pasted = "; ".join(f"Person {i}, Nr <p{i}@example.com>" for i in range(3000))
    assert said(pasted) == [(KEY, f"p{i}@example.com") for i in range(3000)]
    assert "write one on each line" in refused(pasted * 10)


def test_a_carriers_address_is_an_entry_quoted_or_not() -> None:
    for text in ("to..my@docomo.ne.jp", '"to..my"@docomo.ne.jp', "Tom <to..my@docomo.ne.jp>"):
        assert said(text) == [(KEY, '"to..my"@docomo.ne.jp')]


def test_dots_as_given_are_read_where_the_campaign_takes_them() -> None:
    assert "correct it" in refused("to..my@example.com")
    found = said_by("to..my@example.com", keyed=False, subdomains=False, as_given=True)
    assert found == [Said(KEY, '"to..my"@example.com')]


def test_of_an_address_that_other_campaigns_take_as_given_nobody_is_told_to_take_it_out() -> None:
    for text in ("to..my@x.example", "T <to..my@x.example>", '"to..my"@x.example'):
        assert "let it stand" in refused(text)
    assert "take it out" in refused("to..my@@x.example")
