"""The edition: its template, which is rendered before anything else is known of a campaign, and its name.

Most say `{{ version }}`. One that computes anything is rendered in a process of its own, bounded in memory
and time: the process that reads a campaign is the user's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping

from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.checks import check_template, said_by
from sendbatch.campaign.language.environment import FAILURES, environment, names_needed
from sendbatch.campaign.model import Json
from sendbatch.campaign.names import guess
from sendbatch.campaign.written.parsing import Wrong
from sendbatch.runtime.process import (
    bare_environment,
    bound_memory,
    end_after,
    heed_no_alarm,
    python_running,
)

RUN_ID = "[A-Za-z0-9][A-Za-z0-9._-]*"
LONGEST_RUN_ID = 100
PATIENCE = 10.0  # seconds
STARTING = 60.0  # seconds, at most, for the process itself
MEMORY = 512 * 1024 * 1024  # bytes
LONGEST = 10_000  # characters that are handed on, of which far fewer make a name
_PLAIN_FILTERS = frozenset({"lower", "upper", "trim", "string", "int", "default", "d", "tojson"})
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr)
_BOOT = """
from sendbatch.campaign.editions import answer
answer(float(sys.argv[2]))
"""


def render_run(text: str, variables: Mapping[str, Json]) -> str:
    """The edition that `run:` stands for. Raises Wrong, also where it cannot be a folder's name."""
    check_template(text)
    for use in names_needed(text):
        if use.name not in variables:
            near = guess(use.name, variables)
            hint = (
                f"did you mean {near}?"
                if near
                else f"set it under variables:, or --set {use.name}=…"
            )
            raise Wrong(f"{use.name} is not one of the variables", hint)
    run = rendered(text, variables).strip()
    check_run(run)
    return run


def check_run(run: str) -> None:
    """Raises Wrong unless it is "" or can be part of a folder's name."""
    if run and (not re.fullmatch(RUN_ID, run) or len(run) > LONGEST_RUN_ID):
        shown = run if len(run) <= LONGEST_RUN_ID else run[:LONGEST_RUN_ID] + "…"
        hint = "letters, digits, dots, hyphens and underscores: 2026-12"
        raise Wrong(f"not the name of an edition: {shown}", hint)


def rendered(text: str, variables: Mapping[str, Json], patience: float = PATIENCE) -> str:
    """What the template says. Raises Wrong with the reason where it says nothing."""
    env = environment()
    if _is_plain(env.parse(text)):
        return _render(env, text, variables)
    return _rendered_aside(text, variables, patience)


def _render(env: SandboxedEnvironment, text: str, variables: Mapping[str, Json]) -> str:
    try:
        return env.from_string(text).render(variables)
    except FAILURES as error:
        raise Wrong(f"cannot be rendered: {said_by(error)}") from None


def _is_plain(node: nodes.Node) -> bool:
    """Whether nothing is computed: names, with filters that make no more of them."""
    known = isinstance(node, _PLAIN) or (
        isinstance(node, nodes.Filter) and node.name in _PLAIN_FILTERS
    )
    return known and all(map(_is_plain, node.iter_child_nodes()))


def _rendered_aside(text: str, variables: Mapping[str, Json], patience: float) -> str:
    asked = json.dumps({"text": text, "variables": dict(variables)}).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own code, by our own interpreter
            python_running(_BOOT, str(patience)),
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=bare_environment(),
            timeout=STARTING + patience,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        raise Wrong(
            f"cannot be rendered: it takes longer than {patience:g} s, or more memory than there is"
        ) from None
    answered = json.loads(done.stdout)
    if "wrong" in answered:
        raise Wrong(answered["wrong"])
    return str(answered["rendered"])


def answer(patience: float) -> None:
    """The other end, in the process of its own."""
    heed_no_alarm()
    bound_memory(MEMORY)
    asked = json.loads(sys.stdin.buffer.read())
    end_after(patience)
    try:
        told = {"rendered": _render(environment(), asked["text"], asked["variables"])[:LONGEST]}
    except Wrong as wrong:
        told = {"wrong": str(wrong)}
    sys.stdout.write(json.dumps(told))
