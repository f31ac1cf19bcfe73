"""sendbatch sends a campaign and accounts for every recipient.

    import sendbatch

    plan = sendbatch.plan("spring.yaml")
    result = sendbatch.run("spring.yaml", yes=True)

The verbs are those of the command line; `dir(sendbatch)` lists them. They are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sendbatch.api import (
        aplan,
        approve,
        arun,
        check,
        dry_run,
        forget,
        gallery,
        history,
        init,
        inspect,
        load,
        message_for,
        move_record,
        outbox_page,
        plan,
        probe,
        proof,
        report,
        resolve,
        run,
        schema,
        status,
        stop,
        trace,
        verify_token,
    )
    from sendbatch.errors import SendbatchError
    from sendbatch.planning.options import Options
    from sendbatch.runtime.observer import Observer
    from sendbatch.runtime.stop import Stop
    from sendbatch.values import Status

__version__ = "0.1.0"

_HOMES = {
    "Observer": "sendbatch.runtime.observer",
    "Options": "sendbatch.planning.options",
    "SendbatchError": "sendbatch.errors",
    "Status": "sendbatch.values",
    "Stop": "sendbatch.runtime.stop",
}

__all__ = [
    "Observer",
    "Options",
    "SendbatchError",
    "Status",
    "Stop",
    "aplan",
    "approve",
    "arun",
    "check",
    "dry_run",
    "forget",
    "gallery",
    "history",
    "init",
    "inspect",
    "load",
    "message_for",
    "move_record",
    "outbox_page",
    "plan",
    "probe",
    "proof",
    "report",
    "resolve",
    "run",
    "schema",
    "status",
    "stop",
    "trace",
    "verify_token",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'sendbatch' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES.get(name, "sendbatch.api")), name)
    if name not in _HOMES:
        from sendbatch.runtime.in_python import speaking_python

        found = globals()[name] = speaking_python(found)
    return found
