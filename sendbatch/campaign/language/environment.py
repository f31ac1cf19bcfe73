"""The language that templates and expressions are written in: Jinja2, sandboxed, nothing undefined.

The one place that makes an environment, so that a subject, a `where` and an HTML template obey the
same rules, and that says which names a source needs before any row is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import BuiltinMethodType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.filters import do_format, do_urlencode, make_attrgetter
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from sendbatch.campaign.language.arguments import ONLY_IN_HTML
from sendbatch.campaign.language.bounded import BoundedSandbox, undeclared
from sendbatch.campaign.language.comparing import TESTS, Compared
from sendbatch.campaign.language.completed import Completed, needs
from sendbatch.campaign.language.exact import exact, printed
from sendbatch.campaign.language.json_cells import Object, from_json, json_text
from sendbatch.campaign.language.numbers import number, rounded, to_float, to_int
from sendbatch.campaign.language.tracing import Trace, current, marked

# What an author's own expression or template can raise, while it is compiled or where it is asked.
FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
EXCUSING_TESTS = frozenset({"defined", "undefined"})
EXCUSING_FILTERS = frozenset({"default", "d"})

# Methods of text that the sandbox lets everybody use as they are. `format` is none of them.
_TEXT_METHODS = frozenset({"split", "rsplit", "splitlines", "strip", "lstrip", "rstrip"}) | {
    *("replace", "upper", "lower", "title", "capitalize", "startswith", "endswith")
}
_LONGEST_ADDRESS = 200
_ADDRESS = re.compile(
    r"[a-zA-Z0-9_.~/-]{1,90}@[a-zA-Z0-9_.~/-]{1,90}"
)  # with nothing else to be encoded
_TO_BE_ENCODED = re.compile(
    r"[^a-zA-Z0-9_.~/-]"
)  # RFC 3986 §2.3; a slash is left, as Jinja leaves it
BEHIND_IT = "one expression was expected, then its end"


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name a source needs, and the line (from 1) of its first use there; whether it is called anywhere."""

    name: str
    line: int
    called: bool = False


def environment(
    loader: jinja2.BaseLoader | None = None, *, autoescape: bool = False
) -> SandboxedEnvironment:
    """A sandboxed environment in which an undefined variable is an error wherever it is used."""
    env = _Sandbox(
        loader=loader,
        autoescape=autoescape,
        undefined=_Missing,
        keep_trailing_newline=True,
        optimized=False,
        auto_reload=False,
        cache_size=-1,
    )
    env.globals.pop("lipsum", None)
    env.filters["urlencode"] = _urlencode
    env.filters.update({"int": to_int, "float": to_float, "number": number, "fromjson": from_json})
    env.filters.update({"money": _money, "date": _date, "markdown": _markdown})
    env.filters.update({"round": rounded, "sum": _sum, "format": _format})
    env.policies["json.dumps_function"] = json_text
    env.tests.update(TESTS)
    if (trace := current()) is not None:
        env.trace, env.taken = trace, trace.taken
    return env


class _Missing(jinja2.StrictUndefined):
    """A name that nothing has, told without the names of our classes."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if type(self._undefined_obj) is Object:
            return f"an object of the JSON has no attribute {self._undefined_name!r}"
        return super()._undefined_message


class _Ready(Completed, Compared):
    """Both in one walk."""


class _Sandbox(BoundedSandbox):
    """The sandbox, in which text is never compared with a number, and filters know what they need. With a
    `trace` its templates note there which ways they take; `taken` is that of the trace, for their code."""

    trace: Trace | None = None
    taken: object = None

    def _parse(self, source: str, *where: Any) -> nodes.Template:
        tree = super()._parse(source, *where)
        if needs(source):
            Completed().visit(tree)
            tree.set_environment(self)
        return tree

    def _generate(self, source: nodes.Template, name: str | None, *where: Any, **more: Any) -> str:
        ready = _Ready().visit(source)
        if self.trace is not None:
            ready = marked(ready, name or "", self.trace)
        ready.set_environment(self)
        return super()._generate(ready, name, *where, **more)

    # It need not be asked about the plain methods of a text and nothing but a text: to allow
    # `items.split("|")` takes longer than that takes.

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is str and attribute in _TEXT_METHODS:
            return getattr(obj, attribute)
        if type(obj) is Object and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if (
            not kwargs
            and type(obj) is BuiltinMethodType
            and type(obj.__self__) is str
            and obj.__name__ in _TEXT_METHODS
        ):
            return obj(*args)
        return super().call(context, obj, *args, **kwargs)


def _urlencode(value: Any) -> str:
    """Jinja's own filter, which takes four times as long for what is mostly asked for: an address."""
    if type(value) is not str:
        return do_urlencode(value)
    if _ADDRESS.fullmatch(value):
        return value.replace("@", "%40")
    if value.isascii() and len(value) <= _LONGEST_ADDRESS:
        return _TO_BE_ENCODED.sub(lambda found: f"%{ord(found[0]):02X}", value)
    return do_urlencode(value)


@jinja2.pass_environment
def _sum(
    env: jinja2.Environment, several: Iterable[Any], attribute: str | int | None = None, start: Any = 0
) -> Any:
    """Jinja's own, of the numbers as they are written."""
    if attribute is not None:
        several = map(make_attrgetter(env, attribute), several)
    return sum(map(exact, several), start)


def _format(value: str, *given: Any, **named: Any) -> str:
    """Jinja's own, of the numbers as they are written."""
    return do_format(value, *map(printed, given), **{key: printed(one) for key, one in named.items()})


# What writes by a locale, or reads Markdown, is loaded where it is asked for.


def _money(value: Any, *arguments: Any, **named: Any) -> str:
    from sendbatch.campaign.language.localised import money

    return money(value, *arguments, **named)


def _date(value: Any, *arguments: Any, **named: Any) -> str:
    from sendbatch.campaign.language.localised import date

    return date(value, *arguments, **named)


@jinja2.pass_eval_context
def _markdown(here: nodes.EvalContext, value: Any) -> Markup:
    from sendbatch.campaign.language.prose import NoMarkdown, markdown_html

    if not here.autoescape:
        raise NoMarkdown(": ".join(ONLY_IN_HTML))
    return markdown_html(value)


@lru_cache(maxsize=128)
def parsed(source: str) -> nodes.Template:
    """The tree of a template. It is everybody's, and not to be changed: before a run the same few templates
    are looked at a dozen times. Raises jinja2.TemplateSyntaxError."""
    return environment().parse(source)


@lru_cache(maxsize=128)
def names_in(source: str) -> frozenset[str]:
    """Every name that a template does not set itself. It is compiled for that: before a run the same few are
    asked for it half a dozen times. Raises jinja2.TemplateSyntaxError, jinja2.TemplateAssertionError."""
    return frozenset(undeclared(parsed(source)))


def names_needed(source: str) -> list[NameUse]:
    """The free names of a template, but for those only asked `is defined` or given a `default`.

    Raises jinja2.TemplateSyntaxError.
    """
    return needed(parsed(source))


def expression_names(env: SandboxedEnvironment, expression: str) -> list[NameUse]:
    """As `names_needed`, for one expression such as `where`."""
    return needed(expression_tree(env, expression))


def expression_tree(env: SandboxedEnvironment, expression: str) -> nodes.Template:
    """A template that is nothing but one expression. Raises jinja2.TemplateSyntaxError."""
    parser = Parser(env, expression, state="variable")
    body = parser.parse_expression()
    if not parser.stream.eos:
        raise jinja2.TemplateSyntaxError(BEHIND_IT, 1)
    template = nodes.Template([nodes.Output([body], lineno=1)], lineno=1)
    Completed().visit(template)
    template.set_environment(env)
    return template


def needed(template: nodes.Template) -> list[NameUse]:
    """As `names_needed`, of what was parsed already."""
    free = undeclared(template)
    first: dict[str, int] = {}
    for name in _plain_uses(template):
        if name.name in free:
            first[name.name] = min(name.lineno, first.get(name.name, name.lineno))
    calls = (call.node for call in template.find_all(nodes.Call))
    called = {node.name for node in calls if isinstance(node, nodes.Name)}
    uses = (NameUse(name, line, name in called) for name, line in first.items())
    return sorted(uses, key=lambda use: (use.line, use.name))


def _plain_uses(node: nodes.Node) -> Iterator[nodes.Name]:
    """Every name that is read, but for those asked about or given a default."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Name):
            if child.ctx == "load" and not _is_excused(node, child):
                yield child
        else:
            yield from _plain_uses(child)


def is_asked_first(node: nodes.Node, name: str) -> bool:
    """Whether a name is used only where an `if` around it has asked whether it `is defined`."""
    return all(_is_asked_first(node, child, name) for child in node.iter_child_nodes())


def _is_asked_first(parent: nodes.Node, child: nodes.Node, name: str) -> bool:
    if isinstance(child, nodes.Name):
        return child.name != name or child.ctx != "load" or _is_excused(parent, child)
    if isinstance(child, nodes.If) and _asks(child.test, name):
        return is_asked_first(nodes.Template([*child.elif_, *child.else_]), name)
    if isinstance(child, nodes.CondExpr) and _asks(child.test, name):
        return child.expr2 is None or _is_asked_first(child, child.expr2, name)
    return is_asked_first(child, name)


def _asks(test: nodes.Node, name: str) -> bool:
    """Whether what is behind this test is reached only where the name is defined."""
    if isinstance(test, nodes.And):
        return _asks(test.left, name)  # the right is asked only where the left holds
    if not isinstance(test, nodes.Test) or test.name != "defined":
        return False
    return isinstance(test.node, nodes.Name) and test.node.name == name


def _is_excused(parent: nodes.Node, child: nodes.Name) -> bool:
    if isinstance(parent, nodes.Test):
        return parent.node is child and parent.name in EXCUSING_TESTS
    if isinstance(parent, nodes.Filter):
        return parent.node is child and parent.name in EXCUSING_FILTERS
    return False


def is_by_chance(tree: nodes.Template) -> bool:
    """Whether what a template gives may differ where its values do not; `map` takes a filter by its name."""
    found = tree.find_all((nodes.Filter, nodes.Const))
    return any(
        "random" in (getattr(one, "name", None), getattr(one, "value", None)) for one in found
    )


def read_names(tree: nodes.Template) -> frozenset[str]:
    """Every name that is looked up outside of a template, those that Jinja gives a meaning too: a column may
    be called `range`. Raises jinja2.TemplateAssertionError."""
    names = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "load"}
    return frozenset(undeclared(tree) | (names & environment().globals.keys()))


def is_template(text: str) -> bool:
    """Whether rendering could change anything."""
    return "{{" in text or "{%" in text or "{#" in text
