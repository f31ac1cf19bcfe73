"""A glimpse at the keys of a record, for who completes a line: within a moment, or as far as that reaches.

Nothing is relied on that is seen so. It is a door of its own beside `records`, which loads all of a record.
"""

from __future__ import annotations

from sendbatch.ledger.sqlite.glimpse import has_record, keys_in

__all__ = ["has_record", "keys_in"]
