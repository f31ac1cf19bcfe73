"""Our message and the one that `email.message` makes of the same parts mean the same, and a body
that is encoded piece by piece is the text that the pieces are."""

from __future__ import annotations

import email
import email.policy
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.message.content import SharedFile
from tests.kit.thoroughness import examples
from tests.message.conftest import body_of, built, content, parsed

# What both can be asked for: no controls, and no spaces at the ends or in a row, which headers lose.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Co", "Zl", "Zp", "Zs"])
WORDS = st.lists(st.text(CHARACTERS, min_size=1, max_size=40), min_size=1, max_size=8)
HEADERS = WORDS.map(" ".join).filter(lambda text: text.isprintable() and "=?" not in text)
NAMES = HEADERS.filter(lambda text: len(text) <= 120)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
BODIES = st.lists(
    LINES | st.sampled_from([".", "..", "From me", "=3D", " ", "a" * 1200]), max_size=6
)
FILES = st.lists(
    st.tuples(
        st.text(CHARACTERS, min_size=1, max_size=30).map(
            lambda name: unicodedata.normalize("NFC", name).translate({47: "_", 92: "_"})
        ),
        st.sampled_from(["", ".txt", ".pdf", ".ics"]),
        st.binary(max_size=300),
    ),
    max_size=3,
)


def theirs(subject: str, name: str, said: str, files: list[tuple[str, bytes]]) -> EmailMessage:
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"] = Address("Example News", addr_spec="news@example.com")
    made["To"] = Address(name, addr_spec="jane@example.org")
    made["Subject"] = subject
    made.set_content(said)
    made.add_alternative(said, subtype="html")
    for filename, data in files:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=filename)
    read = email.message_from_bytes(made.as_bytes(), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def attached(mail: EmailMessage) -> list[tuple[str | None, object]]:
    parts = mail.iter_attachments()
    return [(part.get_filename(), part.get_payload(decode=True)) for part in parts]


def display_names(mail: EmailMessage) -> list[str]:
    """Without the space that Python 3.11 keeps between two encoded words of a phrase."""
    return [box.display_name.replace(" ", "") for box in mail["To"].addresses]


@settings(max_examples=examples(100))
@given(HEADERS, NAMES, BODIES, FILES)
def test_ours_means_what_theirs_does(
    subject: str, name: str, lines: list[str], files: list[tuple[str, str, bytes]]
) -> None:
    said = "\n".join(["<p>Hello", *lines, "."])
    named = [(stem + end, data) for stem, end, data in files]
    name = name.replace("{", "(")
    made = content(
        html="{{ customer_id|safe }}",
        text="{{ customer_id }}",
        subject="{{ first_name }}",
        recipient_name=name,
        attachments=tuple(SharedFile(filename, data) for filename, data in named),
    )
    message = built(made, first_name=subject, customer_id=said)
    ours, reference = parsed(message), theirs(subject, name, said, named)
    assert message.data.isascii()
    assert (
        str(ours["Subject"]) == subject
    )  # theirs loses a blank beside a quote among encoded words
    assert str(ours["From"]) == str(reference["From"])
    assert display_names(ours) == display_names(reference)
    assert body(ours, "html") == body(reference, "html")
    assert body(ours, "plain") == body(reference, "plain")
    assert attached(ours) == attached(reference)


# What is not as simple as it looks in quoted-printable, or at the beginning of a line on the wire.
DOTS_AND_FROMS = [".", "..", "\n.\n", "F", "Fr", "From ", "\nFrom", " me", "--", "=", "=3D", "=\n"]
BLANKS = [" ", "\t", " \n", "\t\n", "\n", "\n\n", "\0", "\x7f", "\x0b", "\u2028", "\x85"]
LONG = ["x" * 75, "x" * 76, "y " * 40, "é" * 30, "\N{ROCKET}" * 12, "日本", "</p>", "&amp;"]
CROOKED = st.sampled_from([*DOTS_AND_FROMS, *BLANKS, *LONG])
PIECES = st.lists(CROOKED | st.text(st.characters(exclude_categories=["Cs"]), max_size=90))
VALUES = st.one_of(PIECES.map("".join), st.sampled_from(["\r", "\r\n", "a\r", "\nb", "."]))


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(PIECES.map("".join), VALUES), max_size=6))
def test_a_template_of_pieces_means_the_text_they_make(parts: list[tuple[str, str]]) -> None:
    """Constants and values in turn; a template's own line ends are LF, a row's may be any."""
    parts = [(c.replace("{", "(").replace("\r", "\n"), value) for c, value in parts]

    def source(filtered: str) -> str:
        return "".join(f"{one}{{{{ v{n}{filtered} }}}}" for n, (one, _) in enumerate(parts))

    made = content(
        html=f"<p>{source('|safe')}",
        text=f">{source('')}",
        variables={f"v{n}": value for n, (_, value) in enumerate(parts)},
    )
    said = "".join(constant + value for constant, value in parts)
    said = said.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    message = built(made)
    assert body_of(message, "plain") == f">{said}\n"
    assert body_of(message, "html") == f"<p>{said}\n"
    assert built(made) == message
