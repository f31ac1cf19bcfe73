"""aiosmtplib's protocol made strict, for the time before our own takes over.

aiosmtplib drops what it did not ask for, or pairs it with the next command. Here every byte is
held against the commands sent, and one reply too many ends the connection: somebody in the middle
may have put it there before TLS began (RFC 3207 §4.2).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from sendbatch.smtp.replies import ReplyError, ReplyParser, clean_reply
from sendbatch.values import Reply


class Listener(SMTPProtocol):
    """aiosmtplib's protocol made strict. `offence` says what the server did that it must not."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.offence: str | None = None
        self._parser = ReplyParser()
        self._owed = 1  # replies outstanding; the greeting is the first

    @property
    def is_owed(self) -> bool:
        """Whether a reply is outstanding."""
        return self._owed > 0

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        try:
            while self._parser.next_answer() is not None:
                self._owed -= 1
        except ReplyError as error:
            self.offence = str(error)
        if self._owed < 0 or (self._owed == 0 and self._parser.pending):
            self.offence = "it sent more than it was asked for"
        if self.offence is None:
            super().data_received(data)
        elif self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    async def execute_command(self, *args: bytes, timeout: float | None = None) -> SMTPResponse:  # noqa: ASYNC109
        self._owed += 1
        return await super().execute_command(*args, timeout=timeout)

    async def start_tls(
        self,
        tls_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> SMTPResponse:
        self._owed += 1
        return await super().start_tls(tls_context, server_hostname, timeout)


def reply_from(response: SMTPResponse, command: str) -> Reply:
    """A reply as aiosmtplib gives it, cleaned."""
    return clean_reply(response.code, response.message.split("\n"), command)
