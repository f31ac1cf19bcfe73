"""What a page of mails says: the document within it, as its script reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_DOCUMENT = re.compile(r'<script type="application/json" id="document">(.*?)</script>', re.DOTALL)


def document_in(page: Path) -> dict[str, Any]:
    found = _DOCUMENT.search(page.read_text("utf-8"))
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document
