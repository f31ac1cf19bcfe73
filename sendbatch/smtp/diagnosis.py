"""What went wrong on the way to the server, in words that say what to change (for TLS: `tls_faults`).

Every function here returns the SmtpError to raise. None ever sees a secret; texts of the server
are cleaned, and scrubbed of credentials by the caller that knows them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence

from sendbatch.errors import SmtpError, one_line
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.replies import said
from sendbatch.smtp.server import Server
from sendbatch.values import Reply
from sendbatch.words import listed

_APP_PASSWORDS = {
    "gmail": "Gmail wants an app password (https://myaccount.google.com/apppasswords)",
    "google": "Gmail wants an app password (https://myaccount.google.com/apppasswords)",
    "yahoo": "Yahoo wants an app password (Account security, Generate app password)",
    "aol": "AOL wants an app password (Account security, Generate app password)",
    "icloud": "iCloud wants an app-specific password (https://account.apple.com)",
    "mail.me": "iCloud wants an app-specific password (https://account.apple.com)",
    "fastmail": "Fastmail wants an app password (Settings, Privacy & Security)",
    "zoho": "Zoho wants an application-specific password where two factors are on",
    "yandex": "Yandex wants an app password (Security, App passwords)",
    "gmx": "GMX wants SMTP switched on in its settings, and an app password with two factors",
    "web.de": "WEB.DE wants SMTP switched on in its settings, and an app password with two factors",
    "office365": "Microsoft 365 wants SMTP AUTH switched on for the mailbox, or auth: xoauth2",
    "outlook": "Outlook takes no passwords over SMTP any more: auth: xoauth2 with a token",
    "hotmail": "Outlook takes no passwords over SMTP any more: auth: xoauth2 with a token",
    "sendgrid": "SendGrid's user name is the word apikey, its password the key",
    "amazonaws": "SES wants its own SMTP credentials, not an AWS access key",
    "ses": "SES wants its own SMTP credentials, not an AWS access key",
}

# Exchange Online, which gives up passwords: 535 5.7.139 where they are switched off, then 550 5.7.30.
# https://techcommunity.microsoft.com/t5/exchange-team-blog/exchange-online-to-retire-basic-auth-for-client-submission-smtp/ba-p/4114750
_NO_PASSWORDS = re.compile(r"\b5\.7\.(?:30|139)\b|basic authentication", re.IGNORECASE)
_XOAUTH2_ALONE = (
    "Microsoft 365 takes no password here: auth: xoauth2, and password_command: a command that prints a "
    "token; or another provider, or a relay of Exchange that knows this machine's address"
)
_WRONG_PLACE = re.compile(r"\b(?:unauthori[sz]ed|not authori[sz]ed|unknown) ip\b", re.IGNORECASE)
# What Cisco's firewalls (SMTP fixup, inspect esmtp) make of the offers they do not let through
_BLANKED = re.compile(r"x{4,}[a-z]?")
_FIREWALL = (
    "XXXX stands in its offers: a firewall on the way (Cisco's SMTP inspection) blanks them out; it must let "
    "ESMTP through, or try port 465 with security: tls"
)
TOO_OLD = "it speaks only versions older than TLS 1.2"
_HELO_ONLY = "it refuses EHLO, and HELO knows neither TLS nor logins: is it the right port?"


def address(server: Server) -> str:
    return f"{server.host}:{server.port}"


def no_such_host(server: Server, error: OSError | UnicodeError) -> SmtpError:
    unknown = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    if isinstance(error, UnicodeError) or error.errno in unknown:
        hint = "check host: for a typing error"
        return SmtpError(f"no such host: {server.host}", step="dns", hint=hint)
    return SmtpError(
        f"{server.host} could not be looked up ({error.strerror})",
        step="dns",
        temporary=True,
        hint="is the network there?",
    )


def not_connected(server: Server, errors: Mapping[str, OSError]) -> SmtpError:
    """The TCP connection did not come about at any of the addresses."""
    tried = _tried(server, list(errors))
    if any(isinstance(error, ConnectionRefusedError) for error in errors.values()):
        return SmtpError(
            f"nobody listens on {address(server)}{tried}",
            step="connect",
            refused=True,
            hint="check port: usual are 587 (security: starttls) and 465 (security: tls)",
        )
    if any(isinstance(error, TimeoutError) for error in errors.values()):
        return too_slow(server, "connect", server.timeouts.connect, tried)
    reasons = dict.fromkeys(_reason(error) for error in errors.values())
    message = f"{address(server)} cannot be reached{tried}: {', '.join(reasons)}"
    return SmtpError(message, step="connect", temporary=True)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _tried(server: Server, addresses: list[str]) -> str:
    """The addresses in brackets, where the host is not the only one of them."""
    if addresses in ([], [server.host]):
        return ""
    return f" (tried {listed(addresses, 6)})"


def too_slow(server: Server, step: str, seconds: float, tried: str = "") -> SmtpError:
    """Nothing came within the limit of time."""
    hint = None
    if step == "connect":
        hint = "a firewall may be in the way"
        if server.port == 25:
            hint = "many networks block port 25: try 587 with security: starttls"
    elif step == "greeting":
        hint = _wrong_security(server) or _perhaps_tls(server)
    doing = {"connect": "answer", "tls": "finish the TLS handshake"}.get(step, f"answer ({step})")
    message = f"{address(server)} did not {doing} within {seconds:g} s{tried}"
    return SmtpError(message, step=step, temporary=True, hint=hint)


def closed(server: Server, step: str, what: str = "closed the connection") -> SmtpError:
    """The connection ended where a reply was due, or in the handshake (`tls`) that follows `starttls`."""
    hint = _wrong_security(server) if step in ("greeting", "tls") else None
    if step == "tls":
        hint = hint or f"without a word: perhaps {TOO_OLD}, or a firewall is in the way"
    elif step == "greeting":
        hint = hint or _perhaps_tls(server)
    when = {
        "greeting": "before its greeting",
        "starttls": "at STARTTLS",
        "tls": "in the TLS handshake",
        "ehlo": "at EHLO",
        "auth": "at the login",
    }[step]
    # Who cuts a handshake does so each time, as a rule; all else may be over in a while.
    message = f"{address(server)} {what} {when}"
    named = "tls" if step == "starttls" else step
    return SmtpError(message, step=named, temporary=step != "tls", hint=hint)


def not_smtp(server: Server, step: str, offence: str) -> SmtpError:
    """What came were no replies, or more of them than commands."""
    hint = _wrong_security(server) or "does an SMTP server listen there?"
    return SmtpError(
        f"{address(server)} does not speak SMTP as it must: {offence}", step=step, hint=hint
    )


def no_starttls(server: Server, offers: Offers) -> SmtpError:
    hint = _wrong_security(server) or "port 465 wants security: tls; a test server may want none"
    hint = hint if offers.extended else _HELO_ONLY
    hint = _FIREWALL if _is_blanked(offers) else hint
    return SmtpError(f"{address(server)} does not offer STARTTLS", step="tls", hint=hint)


def refused(server: Server, step: str, reply: Reply) -> SmtpError:
    """The server answered, with a refusal."""
    what = {"greeting": "turned us away", "ehlo": "refused our greeting", "tls": "refused STARTTLS"}
    message = f"{address(server)} {what[step]}: {said(reply)}"
    hint = _helo_hint(server) if step == "ehlo" else None
    temporary = _is_temporary(reply)
    return SmtpError(message, step=step, code=reply.code, temporary=temporary, hint=hint)


def _helo_hint(server: Server) -> str:
    said = one_line(server.helo, 80) if server.helo else "this machine's name or address"
    return f"EHLO said {said}; where the server wants another name: helo: mail.example.com"


def login_refused(
    server: Server, reply: Reply, mechanism: str, others: Sequence[str] = (), challenge: str = ""
) -> SmtpError:
    """AUTH was answered with anything but 235. `others` are mechanisms that could be used as well,
    `challenge` is the reason that came before the reply."""
    message = f"{address(server)} refused the login ({mechanism}): {said(reply)}"
    message += f" ({challenge})" if challenge else ""
    temporary = _is_temporary(reply)
    hint = None if temporary else _login_hint(server, reply, mechanism, others)
    return SmtpError(message, step="auth", code=reply.code, temporary=temporary, hint=hint)


def challenge(text: str) -> str:
    """What stands in the base64 of a refused token, for people; "" where it is no such thing."""
    try:
        found = json.loads(base64.b64decode(text[:4096].encode("ascii"), validate=True))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    shown = [f"{one_line(str(key), 30)} {one_line(str(value), 100)}" for key, value in found.items()]
    return listed(shown, 4)


def _login_hint(server: Server, reply: Reply, mechanism: str, others: Sequence[str]) -> str:
    if reply.code in (530, 538) and server.security == "none":
        return "the server wants TLS first: security: starttls"
    if mechanism == "xoauth2":
        return (
            "a token lasts about an hour: let password_command: print a new one; it must be an access token "
            "(no refresh token) of this user, with the scope for SMTP"
        )
    if _NO_PASSWORDS.search(f"{reply.enhanced} {reply.text}"):
        return _XOAUTH2_ALONE
    if _WRONG_PLACE.search(reply.text):
        return "this machine's address must be allowed in the provider's settings"
    names = f"{server.provider or ''} {server.host}".lower()
    for name, hint in _APP_PASSWORDS.items():
        if name in names.replace(".", " ").split() or f".{name}." in f".{server.host.lower()}.":
            return hint
    hint = "check username and password: is it the SMTP login, not that of the website?"
    return hint + (f" or another way to log in: auth: {others[0]}" if others else "")


def no_mechanism(server: Server, offers: Offers) -> SmtpError:
    """No way to log in that both sides know."""
    offered = offers.auth
    wanted = "" if server.auth == "auto" else f" with {server.auth}"
    if not offered:
        message = f"{address(server)} does not offer a login"
        hint = "remove username and password"
        if _is_blanked(offers):
            hint = _FIREWALL
        elif not offers.extended:
            hint = _HELO_ONLY
        elif server.security == "none":
            hint = "it may offer one after TLS: security: starttls"
        return SmtpError(message, step="auth", hint=hint)
    message = f"{address(server)} does not offer a login{wanted} that sendbatch can use"
    hint = f"it offers {listed([one_line(name, 40) for name in offered], 10)}"
    if server.auth == "auto" and "xoauth2" in offered:
        hint += "; for a token as the password: auth: xoauth2"
    return SmtpError(message, step="auth", hint=hint)


def _is_blanked(offers: Offers) -> bool:
    return any(_BLANKED.fullmatch(keyword) for keyword in offers.extensions)


def _is_temporary(reply: Reply) -> bool:
    return 400 <= reply.code <= 499


def _wrong_security(server: Server) -> str | None:
    if server.port == 465 and server.security != "tls":
        return "port 465 wants security: tls"
    if server.port in (25, 587, 2525) and server.security == "tls":
        return f"port {server.port} wants security: starttls"
    return None


def _perhaps_tls(server: Server) -> str | None:
    """For a server that does not greet: one that begins with TLS waits for us."""
    return None if server.security == "tls" else "does it begin with TLS? then security: tls"
