"""The one reader of HTML: as tags among texts, and as tags where they stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.markup import tags, tokens

PIECES = st.sampled_from([
    *("<a href=x>", "<A HREF='y>z'>", "</a>", "<img src=h", "<b", "<br/>"),
    *(" ", "\n", ">", "<", "/", "=", '"', "'"),
    *("<!--", "-->", "<!", "</", "<script>", "</script>", "<title>", "</title", "é", " x=1", "&amp;", "-"),
])  # fmt: skip
HTML = st.lists(PIECES, max_size=14).map("".join)


@given(HTML)
def test_both_ways_of_reading_find_the_same_tags(html: str) -> None:
    among_texts = [token[:2] for token in tokens(html) if not isinstance(token, str)]
    unread = ("script", "title")  # whose content is no HTML, and which no text is made of
    assert [(tag.name, tag.is_end) for tag in tags(html) if tag.name not in unread] == [
        one for one in among_texts if one[0] not in unread
    ]


@given(HTML)
def test_a_tag_says_where_it_stands(html: str) -> None:
    behind = 0
    for tag in tags(html):
        assert behind <= tag.start < tag.named <= tag.end
        assert html[tag.start : tag.named].lower() == f"<{'/' * tag.is_end}{tag.name}"
        behind = tag.end


def test_attributes_are_those_of_the_tag_and_the_first_of_a_name_counts() -> None:
    (tag,) = tags("<A Href='/?a=1&copy=2' href=z TITLE=\"x>y\">")
    assert tag.attributes == {"href": "/?a=1&copy=2", "title": "x>y"}


def test_nothing_in_a_script_a_comment_or_behind_plaintext_is_a_tag() -> None:
    html = "<script><a></script x=1><!-- <b> --><i><plaintext><u>"
    assert [tag.name for tag in tags(html)] == ["script", "i", "plaintext"]
    assert html[next(tags(html)).end :].startswith("<!--")
