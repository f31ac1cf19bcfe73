"""The cases, a module for each topic of rules."""

from __future__ import annotations

from ..case import Case
from . import addresses, clients, content, files, keys, sender, templates

CASES: list[Case] = [
    *files.CASES,
    *keys.CASES,
    *addresses.CASES,
    *templates.CASES,
    *content.CASES,
    *clients.CASES,
    *sender.CASES,
]
