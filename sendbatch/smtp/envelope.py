"""What a message looks like on the wire: its commands, its body with dots stuffed. No I/O.

`unfit` is asked before anything is written: a message that would break the conversation, or that
the server has said it does not take, never reaches it.
"""

from __future__ import annotations

import re

from sendbatch.smtp.offers import Offers
from sendbatch.smtp.transport import Cause, Unfit
from sendbatch.values import Envelope, Message

# Would end the command, or the path within it (RFC 5321 §4.1.2).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>]")


def unfit(message: Message, offers: Offers) -> Cause | None:
    """Why this message cannot be sent over a connection with these offers, None where it can."""
    envelope, data = message.envelope, message.data
    if envelope.smtputf8 and not offers.smtputf8:
        return Cause(Unfit.SMTPUTF8)
    if offers.size is not None and len(data) > offers.size:
        return Cause(Unfit.TOO_LARGE, f"{len(data)} {offers.size}")
    addresses = envelope.sender + envelope.recipient
    if _UNSAFE.search(addresses) or not (envelope.smtputf8 or addresses.isascii()):
        return Cause(Unfit.UNSAFE_ADDRESS)
    if message.plain:
        return None
    # A lone dot between bare line ends would be an end of the message to some servers and not to
    # others: the rest would be commands (RFC 5321 §2.3.8).
    ends = data.count(b"\r\n")
    if not data.endswith(b"\r\n") or not ends == data.count(b"\n") == data.count(b"\r"):
        return Cause(Unfit.LINE_END)
    if not (envelope.smtputf8 or data.isascii()):
        return Cause(Unfit.NOT_7BIT)
    return None


def mail_command(message: Message, offers: Offers) -> bytes:
    """MAIL with SIZE where offered (RFC 1870), and what SMTPUTF8 asks for (RFC 6531 §3.4)."""
    size = f" SIZE={len(message.data)}" if "size" in offers.extensions else ""
    beyond_ascii = " BODY=8BITMIME SMTPUTF8" if message.envelope.smtputf8 else ""
    return _line(f"MAIL FROM:<{message.envelope.sender}>{size}{beyond_ascii}")


def rcpt_command(envelope: Envelope) -> bytes:
    return _line(f"RCPT TO:<{envelope.recipient}>")


def _line(command: str) -> bytes:
    return command.encode("utf-8") + b"\r\n"


def stuffed(message: Message) -> bytes:
    """The body with a dot before each line that begins with one (RFC 5321 §4.5.2)."""
    if message.plain:
        return message.data
    body = message.data.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body
