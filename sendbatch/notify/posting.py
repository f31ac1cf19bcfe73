"""One message to one webhook: posted, and no more.

All of it has an end, whatever the other side does: what is left of the time bounds each wait for a
connection, for TLS and for each piece of the answer, of which 64 KB are read at most. (A look-up of a name
has its own end: nobody waits for the thread that it is in.) No redirect is followed, and no address is
connected to that the author of the webhook can't have meant. What goes wrong is told by the host alone: the
rest of the address is a secret, and an answer may hold it.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from sendbatch.notify.reaching import connected
from sendbatch.notify.webhook import NotTold, Webhook
from sendbatch.notify.wire import Wire

AGAIN = (429, 500, 502, 503, 504)
PAUSE = 1.0  # seconds before the one more attempt, where the answer says none
DETAIL = 0.5  # seconds for what an answer says beside its status
_ERROR_WORD = re.compile("[a-z]{2,30}(?:_[a-z]{1,30}){1,6}")  # as Slack says it: channel_is_archived


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted."""

    body: bytes
    media_type: str


def post(webhook: Webhook, message: Message, patience: float, environ: Mapping[str, str]) -> None:
    """Hand it over within so many seconds; once more where the answer asks for that, or none came.

    `environ` may name a proxy. Raises NotTold with the reason.
    """
    until = time.monotonic() + patience
    try:
        pause = _attempt(webhook, message, until, environ)
        if pause is None:
            return
        if time.monotonic() + pause < until:
            time.sleep(pause)
            _attempt(webhook, message, until, environ, is_last=True)
        else:
            raise NotTold(f"it asks to be left alone for {pause:,.0f} s")
    except TimeoutError:
        raise NotTold(f"it did not answer within {patience:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise NotTold(f"its certificate is not trusted: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise NotTold(f"no secure connection ({(error.reason or 'TLS').lower()})") from None
    except http.client.RemoteDisconnected:
        raise NotTold("it closes the connection without an answer") from None
    except http.client.HTTPException:
        raise NotTold("what answers there speaks no HTTP") from None
    except OSError as error:
        raise NotTold(f"no connection ({error.strerror or type(error).__name__})") from None


def _attempt(
    webhook: Webhook,
    message: Message,
    until: float,
    environ: Mapping[str, str],
    *,
    is_last: bool = False,
) -> float | None:
    """None once it was taken; else how many seconds to wait before the last attempt."""
    wire = connected(webhook, until, environ)
    connection = http.client.HTTPConnection(webhook.host, webhook.port)
    connection.sock, connection.default_port = wire, 443 if webhook.secure else 80
    headers = {
        "Content-Type": f"{message.media_type}; charset=utf-8",
        "User-Agent": "sendbatch",
        "Connection": "close",
    }
    try:
        connection.request("POST", webhook.target, message.body, headers)
        answer = connection.getresponse()
        return _judged(answer, webhook, wire, is_last)
    except ConnectionError:  # http.client's own for an answer that never began, too
        if is_last:
            raise
        return 0.0
    finally:
        wire.leave()


def _judged(
    answer: http.client.HTTPResponse, webhook: Webhook, wire: Wire, is_last: bool
) -> float | None:
    """As `_attempt`."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        raise NotTold(
            f"it redirects ({status}), which is not followed: its variable must hold the address itself"
        )
    if status in AGAIN and not is_last:
        after = answer.headers.get("Retry-After", "").strip()
        return float(after) if re.fullmatch("[0-9]{1,6}", after) else PAUSE
    known = f" {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else ""
    said = _error_word(answer, webhook, wire)
    raise NotTold(f"it answered {status}{known}{f' ({said})' if said else ''}")


def _error_word(answer: http.client.HTTPResponse, webhook: Webhook, wire: Wire) -> str:
    """What it says is wrong, where that is a word of its interface, and no part of the address."""
    wire.until = min(wire.until, time.monotonic() + DETAIL)
    try:
        said = answer.read(200).decode("ascii").strip()
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    return said if _ERROR_WORD.fullmatch(said) and said not in webhook.target.lower() else ""
