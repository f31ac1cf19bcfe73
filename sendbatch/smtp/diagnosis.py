"""What went wrong on the way to the server, in words that say what to change.

Every function here returns the SmtpError to raise. None ever sees a secret; texts of the server
are cleaned, and scrubbed of credentials by the caller that knows them.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl

from sendbatch.errors import SmtpError, one_line
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.replies import said
from sendbatch.smtp.server import Server
from sendbatch.values import Reply

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
_HELO_ONLY = "it refuses EHLO, and HELO knows neither TLS nor logins: is it the right port?"

# OpenSSL's verify codes (x509_vfy.h)
_CERTIFICATE = {
    9: ("is not valid yet", "check this machine's clock"),
    10: ("has expired", "the server's operator must renew it"),
    18: ("is self-signed", "use the name of a server with a trusted certificate"),
    19: ("is signed by an unknown authority", "is it a private one? then add it to the system's"),
    20: ("is signed by an unknown authority", "is it a private one? then add it to the system's"),
    21: ("is incomplete", "the server must send its intermediate certificates"),
    62: ("is for another name", None),
    64: ("is for another name, not for this address", "host: must be a name"),
}
UNKNOWN_AUTHORITY = (19, 20)


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


def not_connected(server: Server, error: OSError) -> SmtpError:
    """The TCP connection did not come about."""
    if error.errno == errno.ECONNREFUSED:
        return SmtpError(
            f"nobody listens on {address(server)}",
            step="connect",
            refused=True,
            hint="check port: usual are 587 (security: starttls) and 465 (security: tls)",
        )
    what = error.strerror or type(error).__name__
    return SmtpError(f"{address(server)} cannot be reached: {what}", step="connect", temporary=True)


def too_slow(server: Server, step: str, seconds: float) -> SmtpError:
    """Nothing came within the limit of time."""
    hint = None
    if step == "connect":
        hint = "a firewall may be in the way"
        if server.port == 25:
            hint = "many networks block port 25: try 587 with security: starttls"
    elif step == "greeting":
        hint = _wrong_security(server)
    doing = {"connect": "answer", "tls": "finish the TLS handshake"}.get(step, f"answer ({step})")
    message = f"{address(server)} did not {doing} within {seconds:g} s"
    return SmtpError(message, step=step, temporary=True, hint=hint)


def closed(server: Server, step: str, what: str = "closed the connection") -> SmtpError:
    """The connection ended where a reply was due."""
    hint = _wrong_security(server) if step in ("greeting", "tls") else None
    when = {
        "greeting": "before its greeting",
        "tls": "in the TLS handshake",
        "ehlo": "at EHLO",
        "auth": "at the login",
    }[step]
    return SmtpError(f"{address(server)} {what} {when}", step=step, temporary=True, hint=hint)


def not_smtp(server: Server, step: str, offence: str) -> SmtpError:
    """What came were no replies, or more of them than commands."""
    hint = _wrong_security(server) or "does an SMTP server listen there?"
    return SmtpError(
        f"{address(server)} does not speak SMTP as it must: {offence}", step=step, hint=hint
    )


def not_secure(server: Server, error: ssl.SSLError) -> SmtpError:
    """The TLS handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(server, error)
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return plain_instead_of_tls(server)
    reason = one_line(str(error.reason or "handshake failed")).replace("_", " ").lower()
    message = f"no TLS connection with {address(server)}: {reason}"
    return SmtpError(message, step="tls", hint="it may only speak versions older than TLS 1.2")


def plain_instead_of_tls(server: Server) -> SmtpError:
    return SmtpError(
        f"{address(server)} does not begin with TLS",
        step="tls",
        hint=f"port {server.port} wants security: starttls",
    )


def _bad_certificate(server: Server, error: ssl.SSLCertVerificationError) -> SmtpError:
    message = one_line(error.verify_message or "")
    what, hint = _CERTIFICATE.get(error.verify_code, (f"is not trusted: {message}", None))
    if error.verify_code in UNKNOWN_AUTHORITY and not has_authorities():
        hint = (
            "this machine knows no authority at all: install ca-certificates, or name a file of theirs in "
            "SSL_CERT_FILE"
        )
    if error.verify_code == 62:
        hint = f"host: must be a name that the certificate bears, {server.host} is not"
    return SmtpError(f"the certificate of {address(server)} {what}", step="tls", hint=hint)


def has_authorities() -> bool:
    """Whether there is anything that OpenSSL trusts by default: a bare image of a system has nothing."""
    paths = ssl.get_default_verify_paths()  # None where nothing is there
    return paths.cafile is not None or bool(paths.capath and os.listdir(paths.capath))


def no_starttls(server: Server, offers: Offers) -> SmtpError:
    hint = _wrong_security(server) or "port 465 wants security: tls; a test server may want none"
    hint = hint if offers.extended else _HELO_ONLY
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


def login_refused(server: Server, reply: Reply, mechanism: str) -> SmtpError:
    """AUTH was answered with anything but 235."""
    message = f"{address(server)} refused the login ({mechanism}): {said(reply)}"
    temporary = _is_temporary(reply)
    hint = None if temporary else _login_hint(server, reply, mechanism)
    return SmtpError(message, step="auth", code=reply.code, temporary=temporary, hint=hint)


def _login_hint(server: Server, reply: Reply, mechanism: str) -> str:
    if reply.code in (530, 538) and server.security == "none":
        return "the server wants TLS first: security: starttls"
    if mechanism != "xoauth2" and _NO_PASSWORDS.search(f"{reply.enhanced} {reply.text}"):
        return _XOAUTH2_ALONE
    names = f"{server.provider or ''} {server.host}".lower()
    for name, hint in _APP_PASSWORDS.items():
        if name in names.replace(".", " ").split() or f".{name}." in f".{server.host.lower()}.":
            return hint
    return "check username and password: is it the SMTP login, not that of the website?"


def no_mechanism(server: Server, offers: Offers) -> SmtpError:
    """No way to log in that both sides know."""
    offered = offers.auth
    wanted = "" if server.auth == "auto" else f" with {server.auth}"
    if not offered:
        message = f"{address(server)} does not offer a login"
        hint = "remove username and password"
        if not offers.extended:
            hint = _HELO_ONLY
        elif server.security == "none":
            hint = "it may offer one after TLS: security: starttls"
        return SmtpError(message, step="auth", hint=hint)
    message = f"{address(server)} does not offer a login{wanted} that sendbatch can use"
    hint = f"it offers {', '.join(one_line(name, 40) for name in offered[:10])}"
    if server.auth == "auto" and "xoauth2" in offered:
        hint += "; for a token as the password: auth: xoauth2"
    return SmtpError(message, step="auth", hint=hint)


def _is_temporary(reply: Reply) -> bool:
    return 400 <= reply.code <= 499


def _wrong_security(server: Server) -> str | None:
    if server.port == 465 and server.security != "tls":
        return "port 465 wants security: tls"
    if server.port in (25, 587, 2525) and server.security == "tls":
        return f"port {server.port} wants security: starttls"
    return None
