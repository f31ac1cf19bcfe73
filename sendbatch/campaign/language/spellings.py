"""How Jinja spells what was meant: the words of SQL, C and other template languages in its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sendbatch.campaign.language.completed import LOCALE
from sendbatch.campaign.names import guess

EMPTY = 'cells are text, and an empty one is "": write … == "" or … != ""'
LIKE = 'write "text" in …, or ….startswith("text")'
_ABOUT_LOCALE = (
    "add a column or a variable of that name; money and date take the locale from it, where none is written "
    'out: money("EUR", "de_DE"), date("long", "de")'
)
# What other languages call it.
FILTERS_ELSEWHERE = {
    **dict.fromkeys(("upcase", "uppercase", "toUpperCase"), "upper"),
    **dict.fromkeys(("downcase", "lowercase", "toLowerCase"), "lower"),
    **dict.fromkeys(("ucfirst", "capitalise"), "capitalize"),
    **dict.fromkeys(("size", "len"), "length"),
    **dict.fromkeys(("strip", "chomp"), "trim"),
    **dict.fromkeys(("integer", "toInt", "to_i", "intval"), "int"),
    **dict.fromkeys(("ifempty", "fallback", "otherwise"), "default"),
    **dict.fromkeys(("from_json", "fromJson", "parse_json", "json_decode", "json_parse"), "fromjson"),
    **dict.fromkeys(("currency", "format_currency", "money_format", "as_money"), "money"),
    **dict.fromkeys(("strftime", "date_format", "format_date", "datetime", "format_datetime"), "date"),
    **dict.fromkeys(("number_format", "format_number", "format_decimal"), "number"),
    **dict.fromkeys(("md", "markdownify", "markdown_to_html"), "markdown"),
}
TESTS_ELSEWHERE = dict.fromkeys(("null", "nil", "empty", "blank"), EMPTY.replace("…", "plan"))
NAMES_ELSEWHERE = {
    **dict.fromkeys(("null", "NULL", "nil", "Null", "undefined"), EMPTY.replace("…", "plan")),
    **dict.fromkeys(("TRUE", "FALSE"), "write true or false, in small letters"),
    **{tag: f"write {{% {tag} %}}" for tag in ("else", "endif", "endfor", "endblock", "endmacro")},
}

# What stands before the place where the parser could not go on, what stands there, and what to write;
# "…" is the name before it, "·" the word that is meant.
_WORD = r"(?P<word>AND|OR|NOT|IN|IS|IF|ELSE)\b"
_STOPS: tuple[tuple[str, str, str], ...] = (
    ("", r"(?i:IS)\s+(?i:NOT\s+)?(?i:NULL|EMPTY)\b", EMPTY),
    ("", r"(?i:NOT)\s+(?i:NULL)\b", EMPTY),
    ("[=!]=", "=", "two signs are enough: == or !="),
    ("", "=[<>]", "write <= or >="),
    ("", "=~", LIKE),
    ("", "=", "write == to compare"),
    ("<", ">", "write != for unequal"),
    ("", "≠", "write != for unequal"),
    ("", "[≤≥]", "write <= or >="),
    (
        "",
        r"&(?:\w{2,6}|#\w{1,6});",
        "an editor wrote this sign as HTML does: write the sign itself",
    ),
    ("", "&&?", "write and"),
    (r"\|", r"\|", "write or"),
    ("", "!", "write not"),
    (r"\belse\s+", r"if\b", "write elif"),
    (
        r"^\s*",
        r"[#/^](?:if|unless|each|with)\b",
        "write {% if plan %} and {% endif %}, or {% for %}",
    ),
    (r"\|\s*\w+\s*", ":", 'what a filter takes stands in brackets: default("friend")'),
    ("", _WORD, "write · in small letters"),
    (rf"\b{_WORD}\s+", "", "write · in small letters"),
    ("", r"(?i:LIKE|CONTAINS|INCLUDES|MATCHES)\b", LIKE),
    ("", r"(?i:STARTS_?WITH|BEGINS_?WITH)\b", 'write ….startswith("text")'),
    ("", r"(?i:ENDS_?WITH)\b", 'write ….endswith("text")'),
    ("", r"(?i:BETWEEN)\b", "write 1 <= …|int <= 9"),
    ("", r"(?i:EQ|EQUALS?)\b", "write == to compare"),
    ("", r"(?i:NE|NEQ)\b", "write != for unequal"),
    ("", r"(?i:XOR)\b", "write (a and not b) or (b and not a)"),
    ("", r"\?", "write a if condition else b"),
    ("", "[“”„‘’‚«»`´]", "write straight quotes: \"…\" or '…'"),
    ("", ";", "take the ; out"),
    ("", ",", 'one of several is written … in ["a", "b"]'),
    (r"\bis\s+", "[\"'“‘\\d]", "write == to compare"),
    (r"\bis\s+not\s+", "[\"'“‘\\d]", "write != for unequal"),
    (r"^\s*(?:if|where|when|filter)\s+", "", "write the condition alone"),
    (r"\b(?:and|or|not|in|is)\s+", r"\w", "something is missing before it"),
    ("[\"']", r"\w", "a text with a quote in it stands in quotes of the other kind"),
    ("", "[\"']", "a quote is missing where this text begins or ends"),
    (r"\d\s*", r"[€$£%]|[^\W\d]+", "write the number alone"),
)


def unknown_words(
    env: SandboxedEnvironment, tree: nodes.Template
) -> Iterator[tuple[int, str, str, str]]:
    """(line, the word, what is wrong, hint) for every filter and test that does not exist.

    Jinja itself finds some of them only once the branch they stand in is rendered.
    """
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        is_filter = isinstance(node, nodes.Filter)
        known = env.filters if is_filter else env.tests
        if node.name in known:
            continue
        kind = "filter" if is_filter else "test"
        hint = FILTERS_ELSEWHERE.get(node.name) if is_filter else None
        near = hint or guess(node.name, known)
        meant = TESTS_ELSEWHERE.get(node.name) if not is_filter else None
        hint = meant or (f"did you mean {near}?" if near else "")
        if is_filter and not near and hasattr(str, node.name):
            hint = f"write .{node.name}(…) instead of |{node.name}(…)"
        yield node.lineno, node.name, f"no {kind} is called {node.name}", hint


def meant_by(name: str, known: Iterable[str]) -> str | None:
    """What to write instead of a name that is neither a column nor a variable."""
    if name == LOCALE:
        return _ABOUT_LOCALE
    if name in NAMES_ELSEWHERE:
        return NAMES_ELSEWHERE[name]
    near = guess(name, known)
    return f"did you mean {near}?" if near else None


def spelt(before: str, rest: str) -> str | None:
    """What to write where a parser could not go on: `before` are the characters that stand before the place,
    `rest` those from it on."""
    unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", before)
    name = (re.findall(r"[^\W\d]\w*", unquoted) or ["plan"])[-1]
    for pattern, here, hint in _STOPS:
        earlier, now = re.search(rf"(?:{pattern})\Z", before), re.match(here, rest)
        if earlier is not None and now is not None:
            word = {**earlier.groupdict(), **now.groupdict()}.get("word") or ""
            return hint if "quotes" in hint else hint.replace("…", name).replace("·", word.lower())
    if not rest.strip() or re.match(r"[-+]?[%}]\}", rest):
        return "something is missing before its end"
    return _names_apart(before, rest)


def _names_apart(before: str, rest: str) -> str | None:
    first, second = re.search(r"(\w+)\s+$", before), re.match(r"\w+", rest)
    if (
        first is None
        or second is None
        or not first[1].isidentifier()
        or not second[0].isidentifier()
    ):
        return None
    name = f"{first[1]}_{second[0]}".lower()
    return f"what stands between the two? a column of two words is written {name}"
