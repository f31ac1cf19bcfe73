"""How what was typed becomes what the api takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import SendbatchError

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign


def settings(given: Sequence[str]) -> dict[str, str]:
    """--set KEY=VALUE as a mapping."""
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise SendbatchError(f"--set {text}: write KEY=VALUE")
        found[key.strip()] = value
    return found


def only(given: Sequence[str]) -> tuple[str, ...] | None:
    """--only, with @FILE read; None where it was not given."""
    return keys(given, "--only") or None


def keys(given: Sequence[str], option: str) -> tuple[str, ...]:
    """Keys and addresses, with @FILE read."""
    found: list[str] = []
    for text in given:
        found += _lines_of(Path(text[1:]), option) if _is_file(text) else [text]
    return tuple(found)


def _is_file(text: str) -> bool:
    """@FILE, and not @domain: an address has something before the @."""
    return text.startswith("@") and len(text) > 1


def _lines_of(path: Path, option: str) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SendbatchError(f"{option} @{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SendbatchError(f"{option} @{path}: this file is not UTF-8") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise SendbatchError(f"{option} @{path}: the file names nobody")
    return lines


def retry(given: str | None) -> frozenset[str]:
    """--retry rejected,failed,deferred, each with codes or without, as Options take them."""
    from sendbatch.planning.options import retried

    words = frozenset(word.strip() for word in (given or "").split(",") if word.strip())
    retried(words)
    return words


def day(given: str | None, option: str) -> date | None:
    """A date such as 2026-12-24."""
    if given is None:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or given != found.isoformat():
        today = datetime.now(UTC).date()
        raise SendbatchError(
            f"{option} {given}: no date", hint=f"write today's (UTC) in digits: {today}"
        )
    return found


def seconds(given: str | None, option: str) -> float | None:
    """A duration such as 2h in seconds."""
    if given is None:
        return None
    from sendbatch.campaign.written.parsing import Wrong, parse_duration

    try:
        return parse_duration(given)
    except Wrong as error:
        raise SendbatchError(f"{option}: {error}", hint=error.hint) from None


def one_of(given: str, allowed: tuple[str, ...], option: str) -> str:
    if given not in allowed:
        *others, last = allowed
        raise SendbatchError(f"{option} {given}: write {', '.join(others)} or {last}")
    return given


def load(
    file: Path,
    *,
    run: str | None = None,
    set_: Sequence[str] = (),
    smtp: str | None = None,
    rate: str | None = None,
    expect: str | None = None,
    tolerate: str | None = None,
    join: bool = False,
) -> Campaign:
    """The campaign with what the command line says of it."""
    from sendbatch import api

    return api.load(
        file,
        run=run,
        settings=settings(set_),
        smtp=smtp,
        rate=rate,
        expect=expect,
        tolerate=tolerate,
        join=join,
    )
