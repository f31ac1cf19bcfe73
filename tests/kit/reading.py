"""How a transaction reads what a server says: at one glance where it can, or reply by reply."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from sendbatch.smtp import transaction


@contextlib.contextmanager
def reply_by_reply() -> Iterator[None]:
    """Nothing is known at one glance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "AT_ONE_GLANCE", [])
        yield
