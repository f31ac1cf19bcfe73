"""The fixtures of the desks, for the tests of this room."""

from tests.kit.desks import desk, ledger, make, prepared  # noqa: F401
