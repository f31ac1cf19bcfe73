"""An address is usable or there is a reason; two spellings are one address or they are not."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sendbatch.audience.addresses import LONGEST, Address, comparable_domain, default_key, normalise
from sendbatch.message.headers import wire_address


def reason(text: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        normalise(text)
    return str(caught.value)


@pytest.mark.parametrize("domain", ["docomo.ne.jp", "EZweb.ne.jp", "au.com"])
@pytest.mark.parametrize("local", ["to..my", "tomy.", ".tomy", "t...my.", "Tomy-1..x+y"])
@pytest.mark.parametrize("written", ["{}", '"{}"'])
def test_dots_that_a_carrier_gave_out_are_taken_and_quoted(
    domain: str, local: str, written: str
) -> None:
    address = normalise(f"{written.format(local)}@{domain}")
    assert address == Address(f'"{local}"@{domain.lower()}', domain.lower(), smtputf8=False)
    assert wire_address(address.email) == (address.email, False)
    assert default_key(address.email) == f'"{local.lower()}"@{domain.lower()}'


@pytest.mark.parametrize("text", ["to..my@example.com", "tomy.@example.com", '"to..my"@a.example'])
def test_elsewhere_such_dots_are_taken_as_given_and_else_not(text: str) -> None:
    assert "period" in reason(text)
    assert "With addresses: as_given it is taken" in reason(text)
    assert normalise(text, as_given=True).email.startswith('"')


@pytest.mark.parametrize(
    "text",
    [
        '"a b"@example.com',
        '"a@b"@example.com',
        '"a<b"@example.com',
        '"a\\"b"@example.com',
        "a..b\r\n@example.com",
        "a..b\r\nRCPT TO:<x@y.z>@example.com",
        "a..<b>@example.com",
        "a..b@example.com, c@example.com",
        "a..b@@example.com",
        "..@example.com",
        '"."@example.com',
        '""@example.com',
        "a..\u200b@example.com",
        "ö..x@example.com",
        "a..b@",
        "a..b@x.123",
        "a" * 62 + "..@example.com",
        "a.." + "b" * 59 + "@" + ".".join(["c" * 48] * 4) + ".example.com",
    ],
)
def test_as_given_is_no_more_than_dots_and_quotes(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalise(text, as_given=True)


@given(st.text('a."@ \\<>,;:()\r\n\0é+%', max_size=20), st.booleans())
def test_whatever_is_taken_can_go_on_the_wire(local: str, as_given: bool) -> None:
    try:
        address = normalise(f"{local}@example.com", as_given=as_given)
    except ValueError:
        return
    wired, needs_utf8 = wire_address(address.email)
    assert needs_utf8 is address.smtputf8
    assert re.fullmatch(r'[^\s"@<>]+@example\.com|"[a.+%]+"@example\.com', wired)


def test_quotes_that_say_nothing_are_no_part_of_an_address() -> None:
    assert normalise('"jane.doe"@example.com') == normalise("jane.doe@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "ｊａｎｅ@example.com",
        "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "jane＠example。com",
        "jane@example｡com",
        "jane﹫example.com",
        "ｊane@example.com\u3000",
        "\u200bjane@example.com\u200f",
    ],
)
def test_full_width_characters_are_the_ordinary_ones(text: str) -> None:
    assert normalise(text) == normalise("jane@example.com")


@pytest.mark.parametrize("domain", ["192.0.2.1", "x.123", "example.com.7"])
def test_a_domain_does_not_end_in_a_number(domain: str) -> None:
    assert "ends in a number" in reason(f"jane@{domain}")


def test_blanks_around_an_address_do_not_count() -> None:
    assert normalise("  jane@example.com\t").email == "jane@example.com"


def test_a_domain_is_kept_in_unicode_and_as_a_labels() -> None:
    address = normalise("jane@MÜNCHEN.example")
    assert (address.email, address.domain) == ("jane@münchen.example", "xn--mnchen-3ya.example")
    assert not address.smtputf8


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it() -> None:
    assert normalise("jörg@example.com").smtputf8


@pytest.mark.parametrize("domain", ["mail.example", "a.test", "printer.local", "x.localhost"])
def test_names_reserved_for_tests_and_private_networks_are_taken(domain: str) -> None:
    assert normalise(f"jane@{domain}").domain == domain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "@-sign"),
        ("jane", "@-sign"),
        ("jane@", "after the @-sign"),
        ("@example.com", "before the @-sign"),
        ("jane@@example.com", "@"),
        ("jane@intranet", "no dot"),
        ("jane@nowhere.invalid", "reserved name"),
        ("jane@example..com", "two periods"),
        ("Jane <jane@example.com>", "only the address belongs here"),
        ("jane@example.com, joe@example.com", "character"),
        ("jane@example.com\nBcc: joe@example.com", "character"),
        ("jane@[127.0.0.1]", "bracket"),
        ("j" * 300 + "@example.com", "too long"),
        ("j" * LONGEST + "@example.com", "the address is too long"),
    ],
)
def test_an_unusable_address_has_a_reason_for_a_person(text: str, said: str) -> None:
    assert said in reason(text)


@given(st.text() | st.text("@.<>a-é \t\"\\'ß\u0301\u200d", max_size=30))
def test_any_text_is_an_address_or_has_a_reason(text: str) -> None:
    try:
        said = normalise(text).domain
    except ValueError as error:
        said = str(error)
    else:
        assert said.isascii()
        assert "." in said
    assert said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane@Example.COM", "jane@example.com"),
        ("STRASSE@example.com", "straße@example.com"),
        ("jo\u0308rg@example.com", "jörg@example.com"),
        ("jane@münchen.example", "jane@XN--MNCHEN-3YA.example"),
        ("ΣΊΣΥΦΟΣ@example.com", "σίσυφος@example.com"),
    ],
)
def test_two_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert default_key(one) == default_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane.doe@example.com", "janedoe@example.com"),
        ("jane+news@example.com", "jane@example.com"),
        ("jane@straße.example", "jane@strasse.example"),
        ("jörg@example.com", "jorg@example.com"),
    ],
)
def test_what_only_the_server_knows_makes_two_keys(one: str, other: str) -> None:
    assert default_key(one) != default_key(other)


LOCALS = st.text(st.characters(categories=["Lu", "Ll", "Lt", "Lo", "Mn", "Nd"]), min_size=1)
DOMAINS = st.text("aZéÜßıİſ-9.", min_size=1, max_size=12)


@given(LOCALS, DOMAINS)
def test_the_key_of_a_key_is_itself(local: str, domain: str) -> None:
    try:
        email = normalise(f"{local[:40]}@{domain}.example").email
    except ValueError:
        assume(False)
    key = default_key(email)
    assert default_key(key) == key


@given(DOMAINS)
def test_a_key_has_the_domain_that_mail_goes_to(domain: str) -> None:
    try:
        address = normalise(f"jane@{domain}.example")
    except ValueError:
        assume(False)
    assert default_key(address.email) == f"jane@{address.domain}"


@given(st.text())
def test_any_text_as_a_domain_comes_back_as_text(domain: str) -> None:
    assert isinstance(comparable_domain(domain), str)


def test_a_domain_that_cannot_be_one_stays_as_it_is() -> None:
    assert comparable_domain("☃..é") == "☃..é"
