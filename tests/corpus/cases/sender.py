"""Rules of the sending domain."""

from __future__ import annotations

from ..case import Case

CASES: list[Case] = []
