"""Replies: strictly read, bounded, and then data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.smtp.replies import (
    MOST_BYTES,
    MOST_LINES,
    Answer,
    ReplyError,
    ReplyParser,
    clean_reply,
    reply_of,
)


def read(*pieces: bytes) -> list[Answer]:
    parser = ReplyParser()
    answers = []
    for piece in pieces:
        parser.feed(piece)
        while (answer := parser.next_answer()) is not None:
            answers.append(answer)
    return answers


def test_a_reply_of_one_line_has_code_enhanced_code_and_text() -> None:
    (answer,) = read(b"550 5.1.1 no such user\r\n")
    reply = reply_of(answer, "RCPT")
    assert (reply.code, reply.enhanced, reply.text) == (550, "5.1.1", "no such user")
    assert reply.command == "RCPT"


def test_the_lines_of_a_reply_are_joined_and_lose_their_repeated_enhanced_code() -> None:
    (answer,) = read(b"550-5.7.26 not\r\n550-5.7.26\r\n550 5.7.26 authenticated\r\n")
    reply = reply_of(answer, "MESSAGE")
    assert (reply.enhanced, reply.text) == ("5.7.26", "not authenticated")


def test_an_enhanced_code_of_another_class_is_only_text() -> None:
    (answer,) = read(b"250 5.1.1 odd\r\n")
    assert reply_of(answer, "RCPT").enhanced is None
    assert reply_of(answer, "RCPT").text == "5.1.1 odd"


def test_a_code_alone_is_a_reply() -> None:
    assert read(b"250\r\n") == [Answer(250, (b"",))]


def test_two_replies_in_one_piece_are_two() -> None:
    assert [a.code for a in read(b"250 ok\r\n354 go\r\n")] == [250, 354]


def test_control_characters_are_replaced_and_long_text_is_cut() -> None:
    (answer,) = read(b"550 \x1b[2J\x07\xff" + b"x" * 2000 + b"\r\n")
    text = reply_of(answer, "RCPT").text
    assert text.startswith("�[2J��xxx")
    assert len(text) == 500
    assert text.isprintable()


@pytest.mark.parametrize(
    "bad",
    [
        b"hello\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"199 no\r\n",
        b"600 no\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"250ok\r\n",
        b"250_ok\r\n",
        b"\r\n",
        b"\n",
        b"250 without cr\n",
        b"250-one\r\n251 two\r\n",
        "２５０ ok\r\n".encode(),
        b"250 " + b"x" * MOST_BYTES,
        b"250 " + b"x" * (MOST_BYTES - 5) + b"\r\n",
        b"250-x\r\n" * (MOST_LINES + 1),
        b"\x15\x03\x01\x00\x02\x02F\n",
    ],
)
def test_what_is_no_reply_is_an_error_from_then_on(bad: bytes) -> None:
    parser = ReplyParser()
    parser.feed(bad)
    with pytest.raises(ReplyError):
        list(iter(parser.next_answer, None))
    parser.feed(b"250 ok\r\n")
    with pytest.raises(ReplyError):
        parser.next_answer()


def test_the_longest_line_and_the_most_lines_are_accepted() -> None:
    assert len(read(b"250 " + b"x" * (MOST_BYTES - 6) + b"\r\n")) == 1
    (answer,) = read(b"250-x\r\n" * (MOST_LINES - 1) + b"250 x\r\n")
    assert len(answer.lines) == MOST_LINES


def test_a_begun_reply_is_pending() -> None:
    parser = ReplyParser()
    parser.feed(b"250-one\r\n")
    assert parser.next_answer() is None
    assert parser.pending
    parser.feed(b"250 two\r\n")
    assert parser.next_answer() is not None
    assert not parser.pending


def outcome(pieces: list[bytes]) -> tuple[list[Answer], str | None]:
    parser = ReplyParser()
    answers: list[Answer] = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (answer := parser.next_answer()) is not None:
                answers.append(answer)
    except ReplyError as error:
        return answers, str(error)
    return answers, None


_line = st.builds(
    lambda code, mark, text, end: code + mark + text + end,
    st.sampled_from([b"250", b"250", b"354", b"550", b"x"]),
    st.sampled_from([b" ", b"-", b""]),
    st.binary(max_size=12) | st.just(b"y" * (MOST_BYTES - 6)) | st.just(b"y" * MOST_BYTES),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]),
)
_stream = st.lists(_line, max_size=8).map(b"".join) | st.binary(max_size=60)


@given(_stream, st.lists(st.integers(0, 5000), max_size=6))
def test_any_split_of_the_bytes_gives_the_same_replies(data: bytes, cuts: list[int]) -> None:
    at = sorted({min(cut, len(data)) for cut in cuts})
    pieces = [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]
    assert outcome(pieces) == outcome([data])


@given(_stream)
def test_bytes_one_by_one_give_the_same_replies(data: bytes) -> None:
    short = data[:200]
    assert outcome([bytes([b]) for b in short]) == outcome([short])


@given(st.binary())
def test_no_bytes_raise_anything_but_the_parsers_own_error(data: bytes) -> None:
    answers, _ = outcome([data])
    for answer in answers:
        reply = reply_of(answer, "MAIL")
        assert 200 <= reply.code <= 599
        assert reply.text.isprintable()
        assert len(reply.text) <= 500


@pytest.mark.parametrize("code", [200, 299, 400, 499, 500, 504, 599])
def test_an_enhanced_code_is_taken_out_of_the_text_where_its_class_is_the_codes(code: int) -> None:
    own, other = code // 100, 4 if code // 100 == 5 else 5
    reply = clean_reply(code, [f"{own}.7.1 so it is"], "RCPT")
    assert (reply.enhanced, reply.text) == (f"{own}.7.1", "so it is")
    reply = clean_reply(code, [f"{other}.7.1 so it is"], "RCPT")
    assert (reply.enhanced, reply.text) == (None, f"{other}.7.1 so it is")
