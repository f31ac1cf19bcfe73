"""Logging in: which mechanisms, in which order, and what is tried after a refusal."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import cast

import aiosmtplib
from aiosmtplib.response import SMTPResponse

from sendbatch.campaign.secrets import Credentials, scrubbed
from sendbatch.errors import SmtpError
from sendbatch.smtp import diagnosis
from sendbatch.smtp.listener import reply_from
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.server import Server
from sendbatch.values import Reply

_SECURED_ORDER = ("plain", "login", "cram-md5")
NOT_THIS_WAY = (500, 501, 502, 503, 504, 534)  # of the mechanism, and not of the password
_PLAINTEXT_ORDER = ("cram-md5", "plain", "login")  # the first does not show the password


class _Refused(Exception):
    """AUTH was answered so."""

    def __init__(self, error: SmtpError, reply: Reply) -> None:
        super().__init__(str(error))
        self.error, self.reply = error, reply


class LoginUnfinished(SmtpError):
    """The server closed the connection after it refused a mechanism, and there is another to try."""

    def __init__(self, error: SmtpError) -> None:
        super().__init__(error.message, step=error.step, code=error.code, hint=error.hint)


class Login:
    """One connection's. `unfit` are the mechanisms that the server offers and refuses, as a run has seen."""

    def __init__(
        self, server: Server, client: aiosmtplib.SMTP, offers: Offers, unfit: set[str]
    ) -> None:
        self._server, self._client, self._offers, self._unfit = server, client, offers, unfit
        self._challenge = ""

    async def log_in(self, credentials: Credentials) -> str:
        """Returns the mechanism that was used: the first one, and the next where it was no use.

        CRAM-MD5 is refused by servers that offer it and keep no password that it works with; others offer
        what they do not know. A password that is simply wrong is tried no further: that locks accounts.
        """
        refusal: SmtpError | None = None
        waiting = self.mechanisms()
        while waiting:
            mechanism = waiting.pop(0)
            try:
                await self._log_in_with(mechanism, credentials)
            except _Refused as refused:
                refusal = refused.error
                if not self._is_worth_another(mechanism, refused.reply):
                    break
                self._unfit.add(mechanism)
                if waiting and self._is_over():
                    raise LoginUnfinished(refusal) from None
            except (aiosmtplib.SMTPException, OSError):
                if refusal is None:
                    raise
                raise LoginUnfinished(refusal) from None
            else:
                return mechanism
        assert refusal is not None
        raise refusal

    def _is_worth_another(self, mechanism: str, reply: Reply) -> bool:
        if self._server.auth != "auto" or reply.code < 500:
            return False
        return mechanism == "cram-md5" or reply.code in NOT_THIS_WAY

    def _is_over(self) -> bool:
        transport = self._client.transport
        return transport is None or transport.is_closing()

    async def _log_in_with(self, mechanism: str, credentials: Credentials) -> None:
        ways = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "cram-md5": self._client.auth_crammd5,
            "xoauth2": self._log_in_with_token,
        }
        log_in = cast("Callable[[str, str], Awaitable[object]]", ways[mechanism])
        try:
            await log_in(credentials.username, credentials.password)
        except aiosmtplib.SMTPAuthenticationError as error:
            reply = reply_from(SMTPResponse(error.code, error.message), "AUTH")
            reply = reply._replace(text=scrubbed(reply.text, credentials))
            challenge = scrubbed(self._challenge, credentials)
            others = [name for name in self.mechanisms() if name != mechanism]
            fault = diagnosis.login_refused(self._server, reply, mechanism, others, challenge)
            raise _Refused(fault, reply) from None

    async def _log_in_with_token(self, username: str, token: str) -> None:
        """XOAUTH2, whose servers tell the reason in a challenge: {"status": "401", …} in base64."""
        said = f"user={username}\x01auth=Bearer {token}\x01\x01"
        response = await self._client.execute_command(
            b"AUTH XOAUTH2 " + base64.b64encode(said.encode())
        )
        if response.code == 334:
            self._challenge = diagnosis.challenge(response.message)
            response = await self._client.execute_command(b"")
        if response.code != 235:
            raise aiosmtplib.SMTPAuthenticationError(response.code, response.message)

    def _order(self) -> tuple[str, ...]:
        if self._server.auth != "auto":
            return (self._server.auth,)
        return _PLAINTEXT_ORDER if self._server.security == "none" else _SECURED_ORDER

    def mechanisms(self) -> list[str]:
        """Those that both sides know, in order, without those found unfit in this run. Behind one that does
        not show the password none follows that does, on a line that others can read."""
        usable = [name for name in self._order() if name in self._offers.auth]
        if not usable:
            raise diagnosis.no_mechanism(self._server, self._offers)
        if usable[0] == "cram-md5" and self._server.security == "none" and not self._server.is_local:
            return usable[:1]
        return [name for name in usable if name not in self._unfit] or usable[:1]
