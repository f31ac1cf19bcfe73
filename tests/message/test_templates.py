"""The language of templates: what is shortened in it says what Jinja's own sandbox says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2.filters import do_urlencode
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError
from markupsafe import Markup

from sendbatch.campaign.language.environment import environment
from sendbatch.message.templates import RENDER_ERRORS
from tests.kit.thoroughness import examples
from tests.message.conftest import content, reason

EXPRESSIONS = [
    "v.split('|')",
    "v.split(x, 1)",
    "v.rsplit('a')",
    "v.splitlines()",
    "v.strip() + v.lstrip('a') + v.rstrip('b')",
    "v.upper() + v.lower() + v.title() + v.capitalize()",
    "v.replace('a', x)",
    "v.replace('a')",
    "v.startswith(x) or v.endswith(('a', x))",
    "v.split('')",
    "v.format(v)",
    "'{0.__class__}'.format(v)",
    "'{v}'.format_map({'v': v})",
    "v.split.__self__",
    "v.nothing",
    "v.upper",
    "v.join(['a', x])",
    "v.encode().decode()",
]


class Sly(str):
    """A text that is not only one."""

    def upper(self) -> str:
        return "sly"

    upper.unsafe_callable = True  # type: ignore[attr-defined]


def said(env: jinja2.Environment, source: str, **variables: object) -> str:
    try:
        return env.from_string(source).render(**variables)
    except RENDER_ERRORS as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("autoescape", [False, True])
@settings(max_examples=examples(40))
@given(st.text("ab|{}<\n ", max_size=9), st.sampled_from([str, Markup, Sly]))
def test_a_text_does_in_a_template_what_it_does_in_jinjas_sandbox(
    expression: str, autoescape: bool, text: str, kind: Callable[[str], str]
) -> None:
    theirs = ImmutableSandboxedEnvironment(autoescape=autoescape, undefined=jinja2.StrictUndefined)
    source = f"{{% for x in ['a'] %}}{{{{ {expression} }}}}{{% endfor %}}".replace(", x", ", v")
    for one in (source, f"{{% set x = 'a' %}}{{{{ {expression} }}}}"):
        ours = said(environment(autoescape=autoescape), one, v=kind(text))
        if "is a method: write ." in ours:  # Jinja would write where in memory it is, or go on
            assert expression in ("v.upper", "v.split.__self__")
        else:
            assert ours == said(theirs, one, v=kind(text))


@pytest.mark.parametrize(
    "source",
    [
        "{{ first_name.format.__self__ }}",
        "{{ '{0.__class__.__mro__}'.format(first_name) }}",
        "{{ '{v.__class__}'.format_map({'v': first_name}) }}",
        "{{ first_name.upper.__self__.__class__ }}",
        "{{ first_name.__class__ }}",
        "{{ first_name.__init__() }}",
    ],
)
def test_nothing_is_reached_by_way_of_a_text(source: str) -> None:
    found = reason(content(text=source))
    assert "unsafe" in found or "no attribute" in found or "is a method" in found


def test_a_method_of_something_more_than_a_text_is_asked_about() -> None:
    with pytest.raises(SecurityError):
        environment().from_string("{{ v.upper() }}").render(v=Sly("a"))


VALUES: st.SearchStrategy[Any] = (
    st.text()
    | st.text().map(Markup)
    | st.integers()
    | st.lists(st.tuples(st.text(), st.integers()))
    | st.dictionaries(st.text(), st.text() | st.none())
)


@given(VALUES)
@example("\ud800")
@example("a" * 300 + "/ä")
def test_urlencode_is_jinjas_own(value: Any) -> None:
    for autoescape in (False, True):
        env = environment(autoescape=autoescape)
        theirs = environment(autoescape=autoescape)
        theirs.filters["urlencode"] = do_urlencode
        for _ in range(2):
            source = "<{{ v|urlencode }}>{{ (v|urlencode) is escaped }}"
            assert said(env, source, v=value) == said(theirs, source, v=value)
