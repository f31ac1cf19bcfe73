"""What is wrong with a file that is not YAML: where its author has to look, and what to write there.

A parser says where it could not go on, which is often a line or more behind the fault, and in words of
its own. A hint bears nothing of the line but a sign: what stands there may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from yaml.error import Mark, MarkedYAMLError

BRACES = "text that starts with {{ needs quotes around it"
QUOTES = "text that starts with {} needs quotes around it"
BLANK = "a blank is missing after the colon"
COMMENT = "text that starts with # needs quotes around it: what stands behind # is a comment"

Complaint: TypeAlias = tuple[str, Mark, str | None]  # message, where, hint

_KEY = re.compile(r"""(?P<before>\s*(?:-\s+)*)["']?[\w.-]+["']?\s*:""")
_VALUE = re.compile(r"""\s*(?:-\s+)*(?:["']?[\w.-]+["']?\s*:\s+)?(?P<value>\S.*)?""")
_QUOTED = re.compile(r"""(?<![^\s\[{,:])(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""")
_IN_FLOW = re.compile(r"[\[{,:]\s*(\{[{%#])")
_JOINED = re.compile(r"\s*(?:-\s+)?[\w.-]+(?P<colon>:)[^\s:/]")  # no blank behind the colon; no URL
_CONFLICT = re.compile(r"<{7} |={7}$|>{7} ")
_SMART = "“”„‘’‚«»"
_STRANGE_BLANKS = re.compile("[\u00a0\u2000-\u200b\u202f\u3000]")


@dataclass(frozen=True, slots=True)
class _Stuck:
    """Where the parser could not go on: `line` and `column` from 0; `since` is where what it was in the
    middle of began, if it says so."""

    problem: str
    lines: Sequence[str]
    line: int
    column: int
    since: tuple[int, int] | None

    def text(self, line: int | None = None) -> str:
        line = self.line if line is None else line
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    def above(self) -> int:
        """The last line before that says anything."""
        line = self.line - 1
        while line > 0 and (not self.text(line).strip() or self.text(line).lstrip()[0] == "#"):
            line -= 1
        return line


_Found: TypeAlias = tuple[int, int, str, str | None]  # line, column, message, hint


def explained(error: MarkedYAMLError, mark: Mark, lines: Sequence[str]) -> Complaint:
    """The parser's error in words that lead to the fault, as far as it can be seen."""
    problem = error.problem or "cannot be read"
    if problem == "nested too deeply":
        return problem, mark, None
    since = error.context_mark
    stuck = _Stuck(
        problem, lines, mark.line, mark.column, (since.line, since.column) if since else None
    )
    for rule in _RULES:
        found = rule(stuck)
        if found is not None:
            line, column, said, hint = found
            return f"not YAML: {said}", Mark("", 0, line, column, None, 0), hint
    return f"not YAML: {problem}", mark, None


def lacks_blank(written: str) -> bool:
    """Whether a text is a key and its value that no blank stands between: `file:people.csv`."""
    return _JOINED.match(written) is not None


def strange_blank(key: str) -> str | None:
    """A hint where a key begins or ends with what only looks like a blank."""
    found = _STRANGE_BLANKS.search(key)
    if found is None or key.strip(key[found.start()]) == key:
        return None
    return f"{_none_to_yaml(found[0])} beside it: write plain spaces"


def is_all_comment(line: str, column: int) -> bool:
    """Whether what stands behind the key at this column, from 0, is a comment that looks like a text."""
    return re.match(r"""["']?[^\s:]+\s*:\s+#\S""", line[column:]) is not None


def cut_short(line: str, column: int, text: str) -> int | None:
    """Where, from 0, a text without quotes that starts at this column ends in what is a comment and looks
    like a part of it: no blank behind the #."""
    end = column + len(text)
    found = re.compile(r"\s+#(?=\S)").match(line, end)
    return found.end() - 1 if found is not None and line[column:end] == text else None


def _conflict(stuck: _Stuck) -> _Found | None:
    for number in range(min(stuck.line + 1, len(stuck.lines))):
        if _CONFLICT.match(stuck.text(number)):
            return (
                number,
                0,
                "a merge conflict was left here",
                "choose one side, and take its marks out",
            )
    return None


def _tab(stuck: _Stuck) -> _Found | None:
    if "'\\t'" not in stuck.problem:
        return None
    is_indent = not stuck.text()[: stuck.column].strip()
    hint = "indent with spaces, not with tabs" if is_indent else "write a space, not a tab"
    return stuck.line, stuck.column, "a tab stands where only spaces may", hint


def _strange_blank(stuck: _Stuck) -> _Found | None:
    """Copied from a web page: a blank to the eye, and text to YAML."""
    for line in _near(stuck):
        text = stuck.text(line)
        found = _STRANGE_BLANKS.search(text)
        if found is not None and re.fullmatch(
            r"\s*|\s*(?:-\s+)?[\w.-]+:\s*", text[: found.start()]
        ):
            said = f"{_none_to_yaml(found[0])} here"
            return line, found.start(), said, "write plain spaces"
    return None


def _none_to_yaml(blank: str) -> str:
    return f"a blank that is none to YAML (U+{ord(blank):04X}) stands"


def _near(stuck: _Stuck) -> Iterator[int]:
    yield stuck.line
    if stuck.since is not None:
        yield stuck.since[0]
    yield stuck.above()


def _template(stuck: _Stuck) -> _Found | None:
    lines = [stuck.line, stuck.above()]
    if stuck.since is not None:
        lines.append(stuck.since[0])
    for line in lines:
        column = _braces(stuck.text(line))
        if column is not None:
            sign = stuck.text(line)[column : column + 2]
            hint = BRACES if sign == "{{" else QUOTES.format(sign)
            return line, column, "this is taken for a mapping, not for text", hint
    return None


def _braces(text: str) -> int | None:
    """Where a value without quotes starts with a tag of Jinja's. Within a text such a tag is text."""
    text = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), text)
    value = _VALUE.match(text)
    assert value is not None  # it matches any line
    written, at = value["value"] or "", value.start("value")
    if re.match(r"\{[{%#]", written):
        return at
    found = _IN_FLOW.search(text, at) if written[:1] in ("[", "{") else None
    return found.start(1) if found is not None else None


def _open_quote(stuck: _Stuck) -> _Found | None:
    if stuck.since is not None and "end of stream" in stuck.problem:
        sign = stuck.text(stuck.since[0])[stuck.since[1] : stuck.since[1] + 1]
        if sign in ('"', "'"):
            return *stuck.since, "this quote is never closed", f"write {sign} where the text ends"
    return None


def _quote_before(stuck: _Stuck) -> _Found | None:
    """A quote that opens a text here was taken for the end of one that was left open above."""
    before = stuck.text()[: stuck.column]
    found = re.search(r"""[:,-]\s+(["'])$""", before)
    if found is None:
        return None
    sign = found[1]
    for line in range(stuck.line - 1, -1, -1):
        if stuck.text(line).count(sign) % 2:
            column = stuck.text(line).index(sign)
            return line, column, "this quote is never closed", f"write {sign} where the text ends"
    return None


def _open_bracket(stuck: _Stuck) -> _Found | None:
    found = re.match(r"expected ',' or '([\]}])'", stuck.problem)
    if found is None or stuck.since is None:
        return None
    closing = found[1]
    opening = "[" if closing == "]" else "{"
    if stuck.since[0] == stuck.line:
        hint = f"a comma is missing, or {closing}; text with such signs in it needs quotes"
        return stuck.line, stuck.column, f"this does not go on as {opening} begins it", hint
    said = f"this {opening} is never closed"
    return (
        *stuck.since,
        said,
        f"write {closing} at its end, or quotes around text that starts with {opening}",
    )


def _missing_colon(stuck: _Stuck) -> _Found | None:
    if stuck.problem != "could not find expected ':'":
        return None
    line, column = stuck.since or (stuck.line, stuck.column)
    text = stuck.text(line)
    joined = _JOINED.match(text)
    if joined is not None:
        return line, joined.end("colon"), "this is no key with a value", BLANK
    for sign, name in (
        ("：", "a full-width colon"),
        ("﹕", "a small colon"),
        ("=", "an equals sign"),
    ):
        at = text.find(sign)
        if at >= 0 and re.fullmatch(r"\s*[\w.-]+\s*", text[:at]):
            said = f"{name} stands where a key ends"
            return line, at, said, "write a colon and a blank"
    hint = (
        "write a colon and a blank behind a key; a text that goes on here stands further to the right than "
        "its key"
    )
    return line, column, "this line is no key with a value", hint


def _second_colon(stuck: _Stuck) -> _Found | None:
    if stuck.problem != "mapping values are not allowed here":
        return None
    text = stuck.text()
    key = _KEY.match(text)
    if key is not None and key.end() - 1 == stuck.column:
        above = stuck.above()
        joined = _JOINED.match(stuck.text(above))
        if joined is not None:
            return above, joined.end("colon"), "this is no key with a value", BLANK
        return _too_far(stuck, key.end("before"), above)
    value = _VALUE.match(text)
    if value is not None and (value["value"] or " ")[0] in _SMART:
        said = "a colon in a text without quotes: these curly ones are none to YAML"
        return stuck.line, value.start("value"), said, "write straight quotes: \"…\" or '…'"
    return (
        stuck.line,
        stuck.column,
        "a second colon in this line",
        "text with a colon in it needs quotes",
    )


def _too_far(stuck: _Stuck, column: int, above: int) -> _Found:
    right = column > _indent(stuck.text(above))
    if right:
        said = f"this line stands further to the right than line {above + 1}, which has its value already"
    else:
        said = "this line does not begin where the keys around it do"
    return stuck.line, column, said, "the keys of one mapping begin in the same column"


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _not_its_column(stuck: _Stuck) -> _Found | None:
    found = re.search(r"found '<block (mapping|sequence) start>'", stuck.problem)
    if found is None:
        return None
    if "<document start>" in stuck.problem:
        return stuck.line, stuck.column, "a second document starts here", "one file, one document"
    what = "keys of one mapping" if found[1] == "mapping" else "items of one list"
    above = stuck.above()
    said = (
        f"this line begins in column {stuck.column + 1}, line {above + 1} in column "
        f"{_indent(stuck.text(above)) + 1}: it goes on with nothing above it"
    )
    return stuck.line, stuck.column, said, f"the {what} begin in the same column"


def _behind_quotes(stuck: _Stuck) -> _Found | None:
    if "expected <block end>, but found" not in stuck.problem:
        return None
    text = stuck.text()
    value = _VALUE.match(text)
    assert value is not None  # it matches any line
    start, at = (value["value"] or " ")[0], value.start("value")
    found = stuck.problem.rpartition("found ")[2].strip("'")
    if found in ("]", "}"):
        opening = "[" if found == "]" else "{"
        hint = f"take it out, or write {opening} before"
        return stuck.line, stuck.column, f"this {found} closes nothing", hint
    if found == ",":
        return stuck.line, stuck.column, "a comma has no place behind a value", "take it out"
    if found == "-":
        hint = "an item belongs to a list under a key; a key needs no dash"
        return stuck.line, stuck.column, "an item of a list where keys stand", hint
    if start in ('"', "'"):
        other = "'" if start == '"' else '"'
        said = f"the text goes on where its {start} closes"
        return stuck.line, stuck.column, said, f"put {other} around all of it: {other}…{other}"
    if start in ("[", "{"):
        return stuck.line, at, f"this goes on behind what {start} begins", QUOTES.format(start)
    return None


def _sign(stuck: _Stuck) -> _Found | None:
    """A sign that means something to YAML where a value starts."""
    found = re.match(r"found character '([%@`])'", stuck.problem)
    if found is not None:
        said = f"a value cannot start with {found[1]}"
        return stuck.line, stuck.column, said, QUOTES.format(found[1])
    for problem, sign in (
        ("expected alphabetic or numeric character", "*&"),
        ("expected a comment or a line break", "|>"),
        ("expected chomping or indentation indicators", "|>"),
    ):
        if stuck.problem.startswith(problem) and stuck.since is not None:
            line, column = stuck.since
            is_there = stuck.text(line)[column : column + 1]
            if is_there and is_there in sign:
                return (
                    line,
                    column,
                    f"{is_there} means something else here",
                    QUOTES.format(is_there),
                )
    for problem, sign in (("mapping keys", "?"), ("sequence entries", "-")):
        if stuck.problem == f"{problem} are not allowed here":
            more = "; a list begins in the next line" if sign == "-" else ""
            said = f"{sign} means something else here"
            return stuck.line, stuck.column, said, QUOTES.format(sign) + more
    return None


def _escape(stuck: _Stuck) -> _Found | None:
    if not stuck.problem.startswith("found unknown escape character"):
        return None
    hint = "write \\\\ for a backslash, or single quotes around the text: '…'"
    return stuck.line, stuck.column, "in double quotes a backslash begins a sign of its own", hint


_RULES: tuple[Callable[[_Stuck], _Found | None], ...] = (
    _conflict, _tab, _strange_blank, _template, _open_quote, _quote_before, _open_bracket, _missing_colon,
    _second_colon, _not_its_column, _behind_quotes, _sign, _escape,
)  # fmt: skip
