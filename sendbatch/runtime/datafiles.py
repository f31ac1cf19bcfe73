"""What the program knows as data: YAML files beside the modules that read them."""

from __future__ import annotations

from importlib.resources import files

import yaml

# A run reads some of them, which takes the loader in C a tenth of the time of the other.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text_of(package: str, name: str) -> str:
    """The text of a file of ours in this package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def loaded(text: str) -> object:
    """The values in a text of ours; the caller knows their shape."""
    value: object = yaml.load(text, _LOADER)  # noqa: S506 - safe, and our own file
    return value
