"""The command line's tests work in a folder of their own, and never in the user's."""

from tests.kit.command import desk, environ  # noqa: F401
from tests.kit.mailhost import mailhost  # noqa: F401
