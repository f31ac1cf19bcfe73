"""A campaign whose recipients a program gives, in place of the file that they are in otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sendbatch.audience.given import Frame, Spool
from sendbatch.campaign.model import Campaign


def with_rows(
    rows: Iterable[Mapping[str, Any]] | Frame, load: Callable[[Path], Campaign]
) -> Campaign:
    """What `load` makes with the file of the rows in the place of its own. They are read once, now, and
    after the campaign file. Raises as `load` does, and AudienceError at what is no row."""
    spool = Spool()
    try:
        campaign = load(spool.file)
        columns = spool.fill(rows)
    except BaseException:
        spool.remove()
        raise
    # How the campaign's own file is to be read says nothing of this one.
    recipients = replace(
        campaign.recipients, columns=columns, encoding="utf-8", delimiter=None, skip_lines=0
    )
    return replace(campaign, recipients=recipients, rows=spool)
