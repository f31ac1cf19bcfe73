"""What an author's expression may make: results too large to be meant are refused before they are made.

Jinja's sandbox bounds `range` alone. And nothing at all is computed while a template is compiled, so that
whoever only reads a campaign computes nothing of it. What still takes too long or too much memory is
ended with the process it is in (`runtime.process`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.meta import TrackingCodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import (
    ImmutableSandboxedEnvironment,
    SandboxedEscapeFormatter,
    SandboxedFormatter,
)
from markupsafe import Markup

from sendbatch.campaign.language.exact import divided, exact, printed

LONGEST = 10_000_000  # characters of a text that is repeated, or items of a list
MOST_BITS = 16_384  # of a whole number; Python itself prints none of more than 4,300 digits
_SMALL = 1 << 32
_LONGEST_SHOWN = 40
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_MOST_SHOWN = 128  # bits of a number


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """The sandbox, in which `*` and `**` make nothing too large to be meant, and fractions are exact.

    `+` and `~` need no bound of their own: each makes no more than was there.
    """

    intercepted_binops = frozenset(_OPERATORS)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's own, with numbers as they are written everywhere: a half is rounded as `|round` does it."""
        theirs = super().wrap_str_format(value)
        if theirs is None:
            return None
        text: str = value.__self__
        formatter = (
            _OfMarkup(self, escape=text.escape) if isinstance(text, Markup) else _OfText(self)
        )

        def wrapper(*given: Any, **named: Any) -> str:
            if value.__name__ == "format":
                return type(text)(formatter.vformat(text, given, named))
            if named or len(given) != 1:
                return theirs(*given, **named)  # which says so
            return type(text)(formatter.vformat(text, (), given[0]))

        return wrapper

    def said(self, obj: Any, attribute: str) -> Any:
        """What is said of a value by that name, where it is not called: never a method, which Jinja would
        write as "<built-in method items of …>"."""
        found = self.getattr(obj, attribute)
        if not isinstance(found, (BuiltinMethodType, MethodType, FunctionType)):
            return found
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        raise TemplateRuntimeError(f"{attribute} is a method: write .{attribute}()")

    def call_binop(self, context: Context, sign: str, left: Any, right: Any) -> Any:
        if sign == "*":
            _hold_product(left, right)
        elif sign == "**":
            _hold_power(left, right)
        elif sign == "%" and isinstance(left, str):
            return left % _printed(right)
        elif sign == "/" and type(left) is type(right) is int:
            return divided(left, right)
        return _OPERATORS[sign](exact(left), exact(right))


class _OfText(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        return super().format_field(exact(value), format_spec)


class _OfMarkup(SandboxedEscapeFormatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return super().format_field(exact(value), format_spec)


def _printed(given: Any) -> Any:
    if isinstance(given, tuple):
        return tuple(map(printed, given))
    if isinstance(given, dict):
        return {name: printed(one) for name, one in given.items()}
    return printed(given)


def _hold_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if not (-_SMALL < left < _SMALL and -_SMALL < right < _SMALL):
            _hold_bits(left.bit_length() + right.bit_length(), left, "*", right)
    elif isinstance(left, int) or isinstance(right, int):
        times, what = (left, right) if isinstance(left, int) else (right, left)
        if hasattr(what, "__len__") and times > 1 and len(what) * times > LONGEST:
            said = f"{_shown(left)} * {_shown(right)} is longer than {LONGEST:,}"
            raise SecurityError(said)


def _hold_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and abs(left) > 1 and right > 1:
        _hold_bits(left.bit_length() * right, left, "**", right)


def _hold_bits(bits: int, left: int, operator: str, right: int) -> None:
    if bits > MOST_BITS:
        raise SecurityError(f"{_shown(left)} {operator} {_shown(right)} is too large a number")


def _shown(value: object) -> str:
    """A value, shortened before it is made a text."""
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _MOST_SHOWN else f"(a number of {bits:,} bits)"
    if isinstance(value, (str, bytes)):
        value = value[:_LONGEST_SHOWN]
    elif isinstance(value, (list, tuple)):
        return f"({len(value):,} items)"
    return repr(value)[:_LONGEST_SHOWN]


class Unfolded(CodeGenerator):
    """Compiles a template without computing what is constant in it, as Jinja else does.

    The environment is to be made with `optimized=False`.
    """

    _called: nodes.Expr | None = None

    def visit_Call(self, node: nodes.Call, *where: Any, **more: Any) -> None:
        self._called = node.node
        super().visit_Call(node, *where, **more)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """`order.items` means a name, and `order.items()` a method."""
        if node is self._called:
            super().visit_Getattr(node, frame)
            return
        self.write("environment.said(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r})")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, (nodes.TemplateData, nodes.Const)):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def visit_EvalContextModifier(self, node: nodes.EvalContextModifier, frame: Frame) -> None:
        for option in node.options:
            if not isinstance(option.value, nodes.Const):
                self.fail(f"{option.key} is either true or false", node.lineno)
        super().visit_EvalContextModifier(node, frame)


BoundedSandbox.code_generator_class = Unfolded


class _Tracking(Unfolded, TrackingCodeGenerator):
    """Which variables a template looks up; computes nothing either."""


def undeclared(tree: nodes.Template) -> set[str]:
    """As `jinja2.meta.find_undeclared_variables`. Raises jinja2.TemplateAssertionError."""
    assert tree.environment is not None
    generator = _Tracking(tree.environment)
    generator.optimizer = None
    generator.visit(tree)
    return generator.undeclared_identifiers
