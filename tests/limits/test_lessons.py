"""What runs tell each other of a server, as text in a database that others can write to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.limits.lessons import Lessons, read


@given(
    st.builds(
        Lessons,
        slower=st.none() | st.floats(0.001, 1e6),
        per_connection=st.none() | st.integers(1, 1_000_000),
        level=st.none() | st.integers(1, 3),
        braked=st.none() | st.floats(0.001, 1e6),
        over=st.booleans(),
    )
)
def test_what_is_told_is_read_as_it_was(lessons: Lessons) -> None:
    assert read(str(lessons)) == lessons


def test_nothing_learned_is_nothing_told() -> None:
    assert str(Lessons()) == ""


@pytest.mark.parametrize(
    "text",
    [
        "nonsense", "[]", "null", "7", '{"slower": -1}', '{"slower": true}', '{"slower": "fast"}',
        '{"slower": NaN}', '{"slower": Infinity}', '{"per_connection": 0}', '{"per_connection": 1.5}',
        '{"level": 99}', '{"braked": 0}', '{"over": 1}', "[" * 100_000, '{"a": "' + "x" * 100_000 + '"}',
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_nothing_learned(text: str) -> None:
    assert read(text) == Lessons()


def test_one_wrong_value_leaves_the_others() -> None:
    assert read('{"slower": "x", "per_connection": 7}') == Lessons(per_connection=7)
