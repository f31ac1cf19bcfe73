"""Templates and rows as a number gives them: whatever authors and lists may hold, and what is close to it.

Every name that a template uses is defined there, so that nearly all of them can be rendered.
"""

from __future__ import annotations

from random import Random
from typing import Any

COLUMNS = ("a", "b", "items", "n", "plan")
VARIABLES: dict[str, Any] = {
    "v": "Vase & <b>",
    "vs": ["one", "two & three", 1, True, 1.0],
    "of_plan": {
        "x": {"name": "X & co", "steps": ["p", "q"]},
        "y": {"name": "Y", "steps": []},
        "z": {"name": "Ünï", "steps": ["<r>"]},
    },
}
OTHERS = {
    "included": "[{{ a }}{% set b = 'own' %}{{ b|e }}{% for i in items.split('|') %}{{ i }},{% endfor %}]",
    "macros": "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{% set made = 'here' %}",
    "base": "<{{ v }}{% block first %}one {{ a }}{% endblock %}\n{% block last %}{% endblock %}>",
}

# fmt: off
TEXTS = ["Dear ", " ", "\n", ".", "From ", "F", "rom me", "=", "\t", "\n\n", " \n", "ü", "Привет "]
TEXTS += ["\N{ROCKET}", "word " * 20, "x" * 80, "spring has come,\nat last. ", "<p>", "&amp;", "zhole1z"]
TEXTS += ["- ", "> ", "{# no #}", "{% raw %}{{ a }}{% endraw %}"]
EXPRESSIONS = """\
a
b
n
plan
v
''
'.'
a ~ b
a|upper
a|urlencode
a|upper|urlencode
a|e
a|safe
a|indent
a[:3]
a.strip() or b
a|default('none')
nothing|default('none')
a|striptags|truncate(8)
(a ~ ' ')|trim
{'k': a}['k']
a is defined
b|replace('x', '<')
b|wordwrap(9)
'%s!'|format(b)
b.split()|last|default('')
[a, b]|join('+')
(a, b)|max
n|int + 1
's' if plan == 'x'
of_plan[plan].name
items.split('|')|length
items.split('|')|first|title
items.split('|')|map('upper')|join
vs|join(', ')
vs[1]
""".splitlines()
OF_LOOPS = ["loop.index", "loop.last and 'end'", "loop.length - loop.revindex0", "loop.first"]
HARD_OF_LOOPS = ["loop.cycle('odd', a)", "loop.changed(i)", "loop.previtem|default('-')"]
TESTS = ["plan == 'x'", "plan == 'y'", "plan in ['x', 'y']", "plan != 'z' and n|int", "n|int > 5", "a"]
TESTS += ["not b", "a == b", "a is upper", "'x' in items", "items.split('|')|length > 1", "x is defined", "v"]
ITERABLES = ["items.split('|')"] * 5
ITERABLES += ["vs", "[a, b]", "[a|safe, a]", "[1, 1.0, True]", "[]", "range(3)", "a", "a.split()"]
ITERABLES += ["of_plan[plan].steps", "of_plan.items()|map('first')", "items.split('|')|batch(2)|map('join')"]
ITERABLES += ["items.split('|')|reverse", "items.split('|')|sort", "items.split('|')|map('list')"]
WHOLE = [
    "{% include 'included' %}",
    "{% include ['nowhere', 'included'] %}",
    "{% import 'macros' as macros %}{{ macros.bold(a) }}{{ macros.made }}",
    "{% from 'macros' import bold with context %}{{ bold(b) }}",
    "{% for k, j in of_plan.items() %}{{ k }}{{ j.name }}{{ a }}{{ loop.revindex }}{% endfor %}",
    "{% set s = namespace(x=0) %}{% for i in vs %}{% set s.x = s.x + 1 %}{{ s.x }}{{ a }}{% endfor %}",
    "{% set s = namespace(x=a) %}{% if b %}{% set s.x = b %}{% endif %}{{ s.x }}",
    "{% set jo = joiner(', ') %}{% for i in items.split('|') %}{{ jo() }}{{ i }}{% endfor %}",
    "{% set cy = cycler('odd', 'even') %}{{ cy.next() }}{{ a }}{{ cy.next() }}",
    "{% set ge = items.split('|')|map('upper') %}{{ ge|join }}{{ a }}{{ ge|join }}",
    "{% for i in [a, b|map('upper')] %}{{ i|join }}{{ i|join }}{% endfor %}",
    "{% for i in items.split('|') recursive %}{{ i }}{% endfor %}",
    "{% for i in items.split('|') %}{% for j in i %}{{ j }}{{ loop.index }}{% endfor %}{% endfor %}",
    "{% set a = a ~ '!' %}{{ a }}",
    "{% if plan == 'x' %}{% set w = a %}{% else %}{% set w = b %}{% endif %}{{ w }}",
    "{% macro m(text) %}({{ text }}{{ a }}){% endmacro %}{{ m(b) }}{{ m(v) }}",
    "{% for a in items.split('|') %}{{ a }}{% endfor %}",
    "{% set w = a %}{% for a in [b] %}{{ w }}{{ a }}{% endfor %}",
    "{% for w in [b] %}{% set w = w ~ a %}{{ w }}{% endfor %}{{ w is defined }}",
    "{% block first %}{{ a }}{% endblock %}",
]
EXTENDING = "{% extends 'base' %}{% set x = a %}"
BLOCKS = ["filter upper", "filter trim", "filter wordwrap(20)", "with a = b, b = a", "autoescape false"]
BLOCKS += ["set x"]
CELLS = ["", "", "Jane", "7", "x", "é", "e\u0301", "Łukasz", "Привет мир", "こんにちは", "\N{ROCKET}"]
CELLS += ["\ud800", ".", ".5", "From ", "F", "Fro", "m x", " ", "a ", "\t", "=", "&<>\"'", "\n"]
CELLS += ["\r\n", "\r", "a\nb", "x" * 39, "x" * 90, "word " * 30, "\u2028", "\xa0", "|", "{{ v }}", "zhole0z"]
# fmt: on


class Author:
    """Writes one template."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def template(self) -> str:
        roll = self._random.random()
        if roll < 0.1:
            first, last = self.body(2, []), self.body(2, [])
            return f"{EXTENDING}{first}{{% block last %}}{last}{{% endblock %}}"
        words = self._random.choice(["", "", "Dear all.", "Дорогие друзья! ", "Dear all,\n"])
        return words + self.body(3, [])

    def body(self, depth: int, names: list[str]) -> str:
        """`names` are what loops and `set` have added; what is set here is known to the rest of it."""
        known = list(names)
        return "".join(self._part(depth, known) for _ in range(self._random.randint(1, 5)))

    def _part(self, depth: int, names: list[str]) -> str:
        kind = self._random.randrange(12 if depth else 7)
        if kind < 3:
            return "".join(self._random.choices(TEXTS, k=self._random.randint(1, 3)))
        if kind < 7:
            return self._tag("{{", self._expression(names), "}}")
        if kind == 7:
            return self._set(names)
        if kind == 8:
            return self._if(depth, names)
        if kind < 11:
            return self._for(depth, names)
        if self._random.random() < 0.5:
            return self._random.choice(WHOLE)
        block = self._random.choice(BLOCKS)
        made = self._block(block, block.split()[0], self.body(depth - 1, names))
        return made + ("{{ x }}" if block == "set x" else "")

    def _set(self, names: list[str]) -> str:
        name = self._random.choice(["x", "y", "b"])
        made = self._tag("{%", f"set {name} = {self._expression(names)}", "%}")
        names.append(name)
        return made

    def _if(self, depth: int, names: list[str]) -> str:
        tests = self._random.sample(TESTS + ["loop.first"] * ("loop" in names), 2)
        body = self.body(depth - 1, names)
        if self._random.random() < 0.5:
            body += f"{{% elif {tests[1]} %}}{self.body(depth - 1, names)}"
        if self._random.random() < 0.5:
            body += f"{{% else -%}}{self.body(depth - 1, names)}"
        return self._block(f"if {tests[0]}", "if", body)

    def _for(self, depth: int, names: list[str]) -> str:
        name = self._random.choice(["i", "i", "j", "b"])
        head = f"for {name} in {self._random.choice(ITERABLES)}"
        if self._random.random() < 0.2:
            head += " if " + self._random.choice([*TESTS, name, f"{name} != 'x'"])
        body = self.body(depth - 1, [*names, name, "loop"])
        if self._random.random() < 0.2:
            body += f"{{% else %}}{self.body(depth - 1, names)}"
        return self._block(head, "for", body)

    def _expression(self, names: list[str]) -> str:
        if names and self._random.random() < 0.5:
            name = self._random.choice(names)
            if name == "loop":
                return self._random.choice(OF_LOOPS * 4 + HARD_OF_LOOPS)
            return self._random.choice(
                [name, name, f"{name}|urlencode", f"{name} ~ a", f"[{name}]|join"]
            )
        return self._random.choice(EXPRESSIONS)

    def _block(self, head: str, word: str, body: str) -> str:
        return self._tag("{%", head, "%}") + body + self._tag("{%", f"end{word}", "%}")

    def _tag(self, opens: str, inner: str, closes: str) -> str:
        left, right = (self._random.random() < 0.1 for _ in range(2))
        return f"{opens}{'-' * left} {inner} {'-' * right}{closes}"


def random_row(random: Random) -> tuple[str, ...]:
    def cell() -> str:
        return "".join(random.choices(CELLS, k=random.choice([0, 1, 1, 1, 2, 3])))

    items = "|".join(cell() for _ in range(random.randrange(5)))
    return (
        cell(),
        cell(),
        items,
        random.choice(["0", "7", "12", ""]),
        random.choice(["x", "y", "z"]),
    )
