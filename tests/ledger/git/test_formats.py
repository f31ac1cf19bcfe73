"""What stands in a ref, and what its name is: pure, and hostile where it is read."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.ledger.git import pages, receipts, witness
from sendbatch.ledger.git.names import escaped, records_among, ref_of, witness_of
from sendbatch.ledger.git.pages import About, Changed, OtherKey
from sendbatch.ledger.git.receipts import Receipt, Secret
from sendbatch.values import Status, Why
from tests.conftest import Needs

KEY, OTHER = Secret(b"k" * 32), Secret(b"o" * 32)
TIMES = st.none() | st.integers(0, 253_402_300_799_000).map(lambda ms: ms / 1000)
TEXT = st.text(max_size=30)
RECEIPTS = st.builds(
    Receipt,
    st.text(max_size=9).map(KEY.id_of),
    st.sampled_from(list(receipts.LETTERS)),
    st.integers(0, 1000),
    st.none() | st.sampled_from(["digest", "another"]),
    TIMES, TIMES, TIMES, TIMES, TIMES,
    st.none() | st.integers(0, 999),
    st.none() | st.sampled_from(["5.1.1", "4.7.25"]),
    st.none() | st.sampled_from([str(why) for why in Why]),
    st.sampled_from(["", KEY.mark("address", "k", "v")]),
    st.sampled_from(["", KEY.mark("cells", "k", "v")]),
)  # fmt: skip


@given(st.lists(RECEIPTS, max_size=9))
def test_receipts_are_read_as_they_were_written(some: list[Receipt]) -> None:
    contents: list[str] = []
    data = receipts.page(some, contents)
    assert list(receipts.read(data, contents)) == some


@given(st.binary(max_size=200) | st.text(alphabet="0123456789abcdefpqrs -\n", max_size=200).map(str.encode))
def test_what_is_no_receipt_is_refused_and_nothing_worse(data: bytes) -> None:
    try:
        found = list(receipts.read(data, ["digest"]))
    except ValueError:
        return
    assert receipts.page(found, ["digest"]).decode("ascii").split() == data.decode("ascii").split()


@given(st.dictionaries(TEXT, TEXT, max_size=5), st.lists(RECEIPTS, max_size=4))
def test_pages_are_read_by_who_has_the_key_and_by_nobody_else(
    meta: dict[str, str], some: list[Receipt]
) -> None:
    contents: list[str] = []
    data = receipts.page(some, contents)
    ids = tuple(one.id for one in some)
    about = About(3, "run", 1.0, 2.0, 9.0, ids, False, 7, tuple(contents), ((1.0, "mx"),), meta)
    files = pages.sealed({"receipts-000001": data, pages.ABOUT: about.written()}, KEY)
    found = pages.read(files, KEY)
    assert found.about == about
    last = {one.id: one for one in some}
    assert found.receipts() == {id_: one for id_, one in last.items() if one.tells_something}
    with pytest.raises(OtherKey):
        pages.read(files, OTHER)
    with pytest.raises(Changed):
        pages.read({**files, "receipts-000002": data}, KEY)
    with pytest.raises(Changed):
        pages.read({name: text for name, text in files.items() if name != pages.ABOUT}, KEY)


@given(st.dictionaries(st.text(max_size=5), st.binary(max_size=50), max_size=3))
def test_files_of_anybody_are_no_pages(files: dict[str, bytes]) -> None:
    with pytest.raises((Changed, OtherKey)):
        pages.read(files, KEY)
    with pytest.raises((Changed, OtherKey)):
        witness.read(files, KEY)


def test_the_last_receipt_of_a_delivery_counts() -> None:
    id_ = KEY.id_of("ann")
    first = receipts.page([Receipt(id_, Status.SENDING)], [])
    second = receipts.page([Receipt(id_, Status.ACCEPTED, 1)], [])
    made = pages.Pages(About(), {"receipts-000001": first, "receipts-000002": second})
    assert made.receipts()[id_].status is Status.ACCEPTED
    nothing = receipts.page([Receipt(id_, Status.PENDING)], [])
    assert pages.Pages(About(), {"receipts-000001": first, "receipts-000002": nothing}).receipts() == {}


def test_a_witness_is_read_as_it_was_written() -> None:
    known = {witness.id_of("refs/sendbatch/shop/news", KEY): witness.Seen(3, 40, "a" * 40)}
    assert witness.read(witness.written(known, KEY), KEY) == known


@pytest.fixture(scope="module")
def is_ref(needs: Needs) -> Callable[[str], bool]:
    git = needs("git", "refs are named as git wants it")

    def asked(ref: str) -> bool:
        return subprocess.run([git, "check-ref-format", ref], check=False).returncode == 0

    return asked


@pytest.mark.parametrize(
    "name",
    ["a..b", ".a", "a.", "a.lock", "a b", "a~^:?*[\\", "@{", "ä", "%41", "a//b", "\x07", "+witness", "."],
)
def test_names_that_git_would_refuse_are_escaped(is_ref: Callable[[str], bool], name: str) -> None:
    ref = ref_of("github.com/o/r", name)
    assert is_ref(ref)
    assert records_among([ref]) == [("github.com/o/r", name)]


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_no_two_names_are_one_ref(one: str, other: str) -> None:
    assert (escaped(one) == escaped(other)) == (one == other)
    assert "/" not in escaped(one)
    assert witness_of(one) != ref_of(one, other)
