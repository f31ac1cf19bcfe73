"""The addresses of the live preview, and who may ask for them: a page of its own, on this machine.

Whoever asks must name the token, which stands in the address. Another page in the same browser knows it not;
one that has a name of its own lead to this machine (DNS rebinding) sends that name as the host, and is
refused for it. Nothing can be changed by asking: there is GET alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sendbatch.preview.live.source import Source

SIGN_OF_LIFE = 10.0  # seconds between two lines to a page that hears nothing else
RETRY = 500  # milliseconds after which a page asks again, once the server is gone
LONGEST = 4000  # bytes of a query
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Ending:
    """Told once, on the loop of the server: every stream of events ends."""

    def __init__(self) -> None:
        self.has_come = False
        self.waking: set[asyncio.Event] = set()  # what the streams wait for

    def come(self) -> None:
        self.has_come = True
        for event in self.waking:
            event.set()


def app_of(source: Source, token: str, port: int, ending: Ending) -> ASGIApp:
    """The app that shows `source` at `/token/`, asked for by the names of this machine with this port."""
    shown = _Shown(source, ending)
    routes = [
        Route(f"/{token}/", shown.page),
        Route(f"/{token}/document", shown.document),
        Route(f"/{token}/entry", shown.entry),
        Route(f"/{token}/rows", shown.rows),
        Route(f"/{token}/events", shown.events),
    ]
    return _Guarded(Starlette(routes=routes), source, token, port)


class _Guarded:
    """Refuses whoever is not the page itself, before anything of the request is looked at."""

    def __init__(self, app: ASGIApp, source: Source, token: str, port: int) -> None:
        self._app = app
        self._source = source
        self._token = token.encode()
        names = ("127.0.0.1", "localhost")
        self._hosts = {f"{name}:{port}" for name in names}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, _with_headers(send))
            return
        try:
            await self._app(scope, receive, _with_headers(send))
        except Exception as error:  # noqa: BLE001 - the server would only log it
            self._source.failed(error)

    def _refused(self, scope: Scope) -> Response | None:
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            said = "this preview is for the machine it runs on"
            return PlainTextResponse(said, HTTPStatus.MISDIRECTED_REQUEST)
        if any(name == b"origin" and value not in self._origins for name, value in headers):
            return PlainTextResponse("this preview is for its own page", 403)
        sites = [value for name, value in headers if name == b"sec-fetch-site"]
        if any(site not in ("same-origin", "none") for site in sites):
            return PlainTextResponse("this preview is for its own page", 403)
        first = scope["path"].lstrip("/").partition("/")[0]
        if not secrets.compare_digest(first.encode("utf-8", "surrogatepass"), self._token):
            return PlainTextResponse("not found", 404)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("nothing is changed here", 405, {"allow": "GET"})
        if len(scope["query_string"]) > LONGEST:
            return PlainTextResponse("too long", 414)
        return None


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return sending


class _Shown:
    """Each address as a function of a request."""

    def __init__(self, source: Source, ending: Ending) -> None:
        self._source = source
        self._ending = ending

    async def page(self, request: Request) -> Response:
        text = await run_in_threadpool(self._source.page)
        return Response(text.encode("utf-8", "replace"), media_type="text/html; charset=utf-8")

    async def document(self, request: Request) -> Response:
        return await _answer(self._source.document)

    async def entry(self, request: Request) -> Response:
        asked = request.query_params
        row = asked.get("row", "")
        number = int(row) if row.isascii() and row.isdigit() and len(row) < 10 else None
        return await _answer(self._source.entry, asked.get("key", ""), number)

    async def rows(self, request: Request) -> Response:
        return await _answer(self._source.rows, request.query_params.get("q", ""))

    async def events(self, request: Request) -> Response:
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        """The standing at once, and after each change. What comes while one is on its way is one more."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._ending.waking.add(changed)
        unheard = self._source.listen(partial(_set, loop, changed))
        try:
            yield f"retry: {RETRY}\n\n"
            changed.set()
            while not self._ending.has_come:
                try:
                    await asyncio.wait_for(changed.wait(), SIGN_OF_LIFE)
                except TimeoutError:
                    yield ": here\n\n"
                    continue
                changed.clear()
                if not self._ending.has_come:
                    standing = json.dumps(self._source.standing().as_json())
                    yield f"event: status\ndata: {standing}\n\n"
        finally:
            self._ending.waking.discard(changed)
            unheard()


def _set(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    """From any thread."""
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(changed.set)


async def _answer(call: Callable[..., str], *asked: object) -> Response:
    found = await run_in_threadpool(call, *asked)
    return Response(found.encode("utf-8", "replace"), media_type="application/json")
