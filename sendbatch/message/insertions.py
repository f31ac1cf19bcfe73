"""What is put into an author's templates when they are read: tags that include sources of our own.

A tag stands on a line of the author's and adds none; where an address is exchanged, the author's own stays
beside it in a comment. `source.at` looks past both, so an error names the line and the column that the author
sees, and shows the line as it was written. The names of what is included begin with a NUL: no file can have
such a name, and no template of an author can ask for it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sendbatch.message.content import Bundle

_MARK = "\0"
_WRITTEN = r"\x00"  # as it stands in a tag
_TAG = re.compile(
    r'\{% endraw %\}\{% include "\\x00[^"\\\n]*" %\}\{% raw %\}|\{% include "\\x00[^"\\\n]*" %\}'
    r"|\{#\x00#\}[^\x00]*\{#\x00(?P<author>[^\x00]*)\x00#\}"
    r"|^[^\x00]*\{#\x00>#\}\{% raw %\}|\{% endraw %\}\{#\x00<#\}.*"
)
_RAW = re.compile(r"\{%(?=[-+]?\s*endraw)")
_FILE = re.compile(r".*?\{#\x00>#\}\{% raw %\}(.*)\{% endraw %\}\{#\x00<#\}.*", re.DOTALL)


def inserted(name: str) -> str:
    """The name under which a source of our own stands in a bundle."""
    return _MARK + name


def is_inserted(name: str) -> bool:
    return name.startswith(_MARK)


def put_in(source: str, offset: int, name: str, *, in_raw: bool = False) -> str:
    """`source` with a tag at `offset` that includes what is `inserted(name)`. `in_raw` says that the place is
    one where tags are text."""
    tag = f'{{% include "{_WRITTEN}{name}" %}}'
    if in_raw:
        tag = f"{{% endraw %}}{tag}{{% raw %}}"
    return source[:offset] + tag + source[offset:]


def put_instead(source: str, start: int, end: int, text: str) -> str:
    """`source` with other text between two offsets, not within `{% raw %}`. What its author wrote there is
    kept, in a comment, and so are the lines."""
    author = source[start:end]
    if "#}" in author or _MARK in author:
        return source[:start] + text + source[end:]
    return f"{source[:start]}{{#{_MARK}#}}{text}{{#{_MARK}{author}{_MARK}#}}{source[end:]}"


def with_text(before: str, text: str, behind: str) -> str:
    """A source of what is in a file, as it stands, between two of ours: no template."""
    raw = _RAW.sub("{%{% endraw %}{% raw %}", text)
    return f"{before}{{#{_MARK}>#}}{{% raw %}}{raw}{{% endraw %}}{{#{_MARK}<#}}{behind}"


def text_within(source: str) -> str | None:
    """What is in the file, of a source made `with_text`."""
    found = _FILE.fullmatch(source)
    return found[1] if found is not None else None


def without_tags(line: str, column: int | None = None) -> tuple[str, int | None]:
    """A line as its author wrote it, and what a column of it (from 1) was there."""
    if _WRITTEN not in line and _MARK not in line:
        return line, column
    if column is not None:
        column -= sum(_added(tag, column - 1) for tag in _TAG.finditer(line))
    return _TAG.sub(_author, line), column


def _added(tag: re.Match[str], offset: int) -> int:
    """How many characters more a tag has than what the author wrote, as far as they stand before `offset`."""
    if tag.start() >= offset:
        return 0
    return min(tag.end() - len(_author(tag)), offset) - tag.start()


def _author(tag: re.Match[str]) -> str:
    return tag["author"] or ""


def authored(bundle: Bundle) -> Bundle:
    """The bundle as it was written."""
    return replace(
        bundle,
        sources={n: without_tags(s)[0] for n, s in bundle.sources.items() if not is_inserted(n)},
    )
