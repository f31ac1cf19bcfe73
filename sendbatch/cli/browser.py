"""A page, opened in the browser of whoever is there: where nobody can see it, that is said, and nothing is
waited for."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Mapping

_PATIENCE = 5.0  # seconds: a browser that runs in the foreground is left to itself then


def opened(url: str) -> bool:
    """Whether a browser took it. Where there is no display none is asked: one for terminals would take this
    one."""
    if not has_display(os.environ):
        return False
    taken: list[bool] = []
    asking = threading.Thread(target=lambda: taken.append(_ask(url)), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return not taken or taken[0]


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a window can be shown; who sets BROWSER knows what they want."""
    if sys.platform in ("darwin", "win32") or environ.get("BROWSER"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _ask(url: str) -> bool:
    try:
        return webbrowser.open(url)
    except (OSError, webbrowser.Error):
        return False
