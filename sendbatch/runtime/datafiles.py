"""What the program knows as data: files beside the modules that read them, most of them YAML."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import yaml

# A run reads some of them, which takes the loader in C a tenth of the time of the other.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text_of(package: str, name: str) -> str:
    """The text of a file of ours in this package. (importlib.resources loads what reads archives: 8 ms of
    every start, for packages that are installed as files.)"""
    return bytes_of(package, name).decode()


def bytes_of(package: str, name: str) -> bytes:
    """The same of a file that is no text."""
    return Path(import_module(package).__path__[0], name).read_bytes()


def loaded(text: str) -> object:
    """The values in a text of ours; the caller knows their shape."""
    value: object = yaml.load(text, _LOADER)  # noqa: S506 - safe, and our own file
    return value
