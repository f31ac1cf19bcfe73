"""What is said in CI stands in a log that many can read: addresses are masked in it.

Reports that somebody asks for on standard output (`report --format csv`, `json`) are left as they are.
"""

from __future__ import annotations

import os
import re

from sendbatch.runtime.ci import in_ci

MASK = "***"
# An address in running text. The local part begins where such characters begin, so that no text is
# looked through twice; quoted ones (RFC 5322 §3.4.1) are short.
_ADDRESS = re.compile(
    r"""(?: "[^"\n]{1,80}" | (?<![^\s<>()\[\],;:"]) [^\s<>()\[\],;:"@]++ ) @
        (?P<domain> \[[^\]\s]{1,80}\] | [\w-]+ (?: \.[\w-]+ )++ ) (?P<path> /? )""",
    re.VERBOSE,
)


def for_log(text: str) -> str:
    """`text` as it may stand in a log of this machine."""
    return masked(text) if in_ci(os.environ) else text


def masked(text: str) -> str:
    """`text` with the local parts of addresses masked."""
    return _ADDRESS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    last = found["domain"].rpartition(".")[2]
    if found["path"] or last.isdecimal():  # the folder of an edition: reports/news@2026-12/
        return found[0]
    return f"{_kept(found[0][: found.start('domain') - found.start() - 1])}{MASK}@{found['domain']}"


def _kept(local: str) -> str:
    """The quotes of a shell that stand before or around it, for they have their partners elsewhere in the
    line: with one of them gone, what follows would be commands."""
    if not local.startswith(("'", '"')) or "'" not in local:
        return ""
    return "".join(letter for letter in local if letter in "'\"")
