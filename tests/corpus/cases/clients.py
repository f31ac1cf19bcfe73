"""Rules of what programs for mail do not support."""

from __future__ import annotations

from ..case import Case

CASES: list[Case] = []
