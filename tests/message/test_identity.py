"""What a message is called says nothing about anybody, and is the same for nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.message.identity import idempotency_key, message_id, proof_id
from sendbatch.message.mime import boundary

SALT = b"salt" * 8
ID = "<0123456789@example.com>"
PARTS = st.lists(st.text(max_size=4), max_size=4)


def key_of(parts: list[str]) -> str:
    """The idempotency key of a message to the first of the parts, from the others as its cells."""
    email, *cells = parts or [""]
    return idempotency_key(SALT, ID, email, cells)


@given(PARTS, PARTS)
@example(["ada", "ab", "c"], ["ada", "a", "bc"])
@example(["ada", "ab"], ["ada", "a", "b"])
@example(["ada", ""], ["ada"])
@example(["ada", "", "x"], ["ada", "x", ""])
@example(["ada", "1:b"], ["ada", "1", "b"])
def test_two_messages_have_one_idempotency_key_only_where_address_and_cells_are_the_same(
    one: list[str], other: list[str]
) -> None:
    assert (key_of(one) == key_of(other)) == ((one or [""]) == (other or [""]))


def test_an_idempotency_key_is_of_this_record_and_this_message() -> None:
    key = idempotency_key(SALT, ID, "ada@example.org", ["Ada"])
    assert key == idempotency_key(SALT, ID, "ada@example.org", ["Ada"])
    assert key != idempotency_key(b"other", ID, "ada@example.org", ["Ada"])
    assert key != idempotency_key(SALT, "<other@example.com>", "ada@example.org", ["Ada"])
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


@given(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4), st.text(max_size=4))
@example("ab", "c", "a", "bc")
def test_a_message_id_is_that_of_one_key_and_one_content(
    key: str, content: str, other_key: str, other_content: str
) -> None:
    one = message_id(SALT, key, content, "example.com")
    other = message_id(SALT, other_key, other_content, "example.com")
    assert (one == other) == ((key, content) == (other_key, other_content))


def test_a_message_id_is_of_this_record_and_says_nothing_about_the_recipient() -> None:
    found = message_id(SALT, "ada@example.org", "c0ffee", "example.com")
    assert found != message_id(b"other", "ada@example.org", "c0ffee", "example.com")
    assert found.startswith("<")
    assert found.endswith("@example.com>")
    assert "ada" not in found


def test_a_proof_has_an_id_that_no_delivery_and_no_earlier_proof_bears() -> None:
    ids = {
        message_id(SALT, "ada", "c0ffee", "example.com"),
        proof_id(SALT, "ada", "rita@example.com", 1.0, "example.com"),
        proof_id(SALT, "ada", "rita@example.com", 2.0, "example.com"),
        proof_id(SALT, "ada", "sam@example.com", 1.0, "example.com"),
        proof_id(SALT, "bob", "rita@example.com", 1.0, "example.com"),
    }
    assert len(ids) == 5


def test_a_boundary_is_of_the_message_and_occurs_in_no_encoded_line() -> None:
    one = message_id(SALT, "ada", "c0ffee", "example.com")
    other = message_id(SALT, "bob", "c0ffee", "example.com")
    assert boundary(one) != boundary(other)
    assert boundary(one).startswith("=_")
