"""sendbatch sends a campaign and accounts for every recipient.

    import sendbatch

    campaign = sendbatch.load("spring.yaml")
    plan = sendbatch.plan(campaign)
    result = sendbatch.run(campaign, yes=True)

The verbs are those of the command line; `api` has them all. They are loaded when first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sendbatch.api import (
        check,
        dry_run,
        init,
        load,
        plan,
        probe,
        proof,
        report,
        resolve,
        run,
        schema,
        status,
    )
    from sendbatch.delivery.observer import Observer
    from sendbatch.delivery.options import Options
    from sendbatch.delivery.stopping import Stop
    from sendbatch.errors import SendbatchError
    from sendbatch.values import Status

__version__ = "0.1.0"

_HOMES = {
    "Observer": "sendbatch.delivery.observer",
    "Options": "sendbatch.delivery.options",
    "SendbatchError": "sendbatch.errors",
    "Status": "sendbatch.values",
    "Stop": "sendbatch.delivery.stopping",
}

__all__ = [
    "Observer",
    "Options",
    "SendbatchError",
    "Status",
    "Stop",
    "check",
    "dry_run",
    "init",
    "load",
    "plan",
    "probe",
    "proof",
    "report",
    "resolve",
    "run",
    "schema",
    "status",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'sendbatch' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "sendbatch.api")), name)


class _Front(ModuleType):
    """`report` is a verb and a room of the house: importing the room must not hide the verb."""

    @property
    def report(self) -> object:
        return __getattr__("report")

    @report.setter
    def report(self, room: ModuleType) -> None:
        """What the import system does once it has read `sendbatch/report/`."""


sys.modules[__name__].__class__ = _Front
