"""Pipelines are written by the command, in a folder of the test's own."""

from tests.kit.command import desk, environ  # noqa: F401
