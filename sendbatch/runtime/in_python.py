"""What is said to whoever types commands, said to whoever writes Python: `--only` is `only=` there, and
a line of the shell that ends with `--yes` is a call that ends with `yes=True`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

from sendbatch.errors import SendbatchError

P = ParamSpec("P")
T = TypeVar("T")

FLAGS = {
    "yes": "yes=True",
    "strict": "strict=True",
    "accept-changes": "accept_changes=True",
    "without-log": "without_log=True",
    "no-wait": "no_wait=True",
    "masked": "masked=True",
    "approved": "approved=True",
    "join": "join=True",
    "online": "online=True",
}
OF_LOAD = frozenset({"run", "smtp", "rate", "expect", "tolerate"})
VALUES = OF_LOAD | {
    "only", "limit", "plan", "retry", "in-doubt", "breaker", "stop-after", "first-run", "moved-from",
    "record", "out", "to", "count", "except", "recipient", "most", "profiles", "allowed-signers",
    "ssh-key", "by", "inspect", "fail-on",
}  # fmt: skip
NUMBERS = frozenset({"limit", "breaker", "count", "most", "stop-after"})
VERBS = {
    **{verb: verb for verb in (
        "init", "check", "plan", "approve", "proof", "run", "status", "report", "resolve", "probe", "schema",
    )},
    "preview": "gallery",
    "outbox": "outbox_page",
    "verify-token": "verify_token",
}  # fmt: skip

_WORD = r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"`]+)"
_FLAG = rf"--(?:{'|'.join(FLAGS)})(?![\w-])"
_OPTION = rf"(?:{_FLAG}|--[a-z][a-z-]*(?: +(?!-){_WORD})?)"
_FILE = r"\.(?:ya?ml|json)"
_LINE = re.compile(
    rf"`?\bsendbatch (?P<verb>{'|'.join(VERBS)})\b(?P<file> +(?:'[^']*{_FILE}'|[^\s'\"`]+{_FILE}|FILE|…))?"
    rf"(?P<keys>(?: +(?!-){_WORD})*?(?= +--as\b))?(?P<rest>(?: +{_OPTION})*)`?"
)
# What is not a word of the sentence after it: quoted, in capitals, a date, a number, an assignment.
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|[A-Z]+\b|[0-9][0-9-]*|resend\b|hold\b|(?<=--set )\w+(?:=\S+|(?=:)))"
_ALONE = re.compile(rf"(?<![\w-])--(?P<name>[a-z][a-z-]*)(?: (?P<value>{_VALUE}))?")
_EACH = re.compile(
    rf"--(?P<name>{'|'.join(FLAGS)})(?![\w-])|--(?P<valued>[a-z][a-z-]*)(?: +(?P<value>(?!-){_WORD}))?"
)

_RECIPIENT = re.compile(r"(?<!\w)recipient=")


def in_python(text: str) -> str:
    """The same in words of Python; what is no command and no option of ours stays as it is."""
    if "--" not in text and "sendbatch " not in text:
        return text
    return _ALONE.sub(_option, _LINE.sub(_call, text))


def _call(found: re.Match[str]) -> str:
    given: list[str] = []
    loaded: list[str] = []
    settings: list[str] = []
    for each in _EACH.finditer(found["rest"] or ""):
        name, value = each["valued"], each["value"]
        if name is None:
            given.append(FLAGS[each["name"]])
        elif name == "set" and value is not None:
            key, _, setting = _bare(value).partition("=")
            settings.append(f"{key!r}: {setting!r}")
        elif name == "as" and value is not None:
            given.append(repr(_bare(value)))
        elif name in VALUES and value is None:
            given.append(f"{keyword_of(name)}=…")
        elif name in VALUES and value is not None:
            (loaded if name in OF_LOAD else given).append(_named(name, value))
        else:
            return found[0]
    if settings:
        loaded.append(f"settings={{{', '.join(settings)}}}")
    file = "…" if found["file"] is None else repr(_bare(found["file"].strip()))
    if loaded:
        file = f"sendbatch.load({', '.join([file, *loaded])})"
    keys = [] if found["keys"] is None else [f"[{', '.join(map(repr, found['keys'].split()))}]"]
    return f"sendbatch.{VERBS[found['verb']]}({', '.join([file, *keys, *given])})"


def _option(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    if name in FLAGS:
        return FLAGS[name] + (f" {value}" if value is not None else "")
    if name == "dry-run":
        return "sendbatch.dry_run" + (f" {value}" if value is not None else "")
    if name == "set":
        if value is None:
            return "settings="
        key, equals, setting = value.partition("=")
        return f"settings={{{key!r}: {repr(setting) if equals else '…'}}}"
    if name not in VALUES:
        return found[0]
    return f"{keyword_of(name)}=" if value is None else _named(name, value)


def _named(name: str, value: str) -> str:
    bare = _bare(value)
    shown = bare if bare.isupper() or (name in NUMBERS and bare.isdigit()) else repr(bare)
    if name == "first-run" and not bare.isupper():
        shown = f"datetime.date.fromisoformat({bare!r})"
    return f"{keyword_of(name)}={shown}"


def keyword_of(name: str) -> str:
    """What an option is called as an argument: `except` is a word of the language."""
    return "except_" if name == "except" else name.replace("-", "_")


def _bare(word: str) -> str:
    return word[1:-1] if word[:1] in "'\"" and word[-1:] == word[:1] else word


def speaking_python(verb: Callable[P, T]) -> Callable[P, T]:
    """The verb, whose errors speak Python."""
    if iscoroutinefunction(verb):

        @wraps(verb)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await verb(*args, **kwargs)
            except SendbatchError as error:
                _translate(error, verb.__name__)
                raise

        return cast("Callable[P, T]", awaited)

    @wraps(verb)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return verb(*args, **kwargs)
        except SendbatchError as error:
            _translate(error, verb.__name__)
            raise

    return called


def _translate(error: SendbatchError, verb: str) -> None:
    def said(text: str) -> str:
        python = in_python(text)  # the one verb that takes several there
        return _RECIPIENT.sub("recipients=", python) if verb == "gallery" else python

    error.findings = tuple(
        replace(one, message=said(one.message), hint=None if one.hint is None else said(one.hint))
        for one in error.findings
    )
    error.args = ("\n".join(map(str, error.findings)),)
