"""Writes docs/checks.md from the table of rules.  python docs/checks.py"""

from __future__ import annotations

from pathlib import Path

from sendbatch.findings import Rule, Topic

PAGE = Path(__file__).with_name("checks.md")
HEAD = """\
<!-- python docs/checks.py writes this page; the table itself is in sendbatch/findings/rules.py -->
# What is found

`sendbatch check` reads everything, builds every message and says what is wrong or doubtful; `plan` and
`run` find the same as far as they look. Each finding is made by a rule, and each rule has an id, which
`check --format json` gives as `rule` and `--format github` as the title of an annotation. An error refuses
the campaign, or leaves out the rows that it names; a warning and a hint change neither what is sent nor
the exit code, but where `check --fail-on warning` asks for it, and can be [ignored](reference.md#check).
What is doubtful in a template is told with the errors, so that both are mended in one go. A finding that
many rows share is one, with their number and the first of them. `sendbatch check --list-rules` tells all
this at the terminal.
"""


def page() -> str:
    """The whole page, ending with a line break."""
    return HEAD + "".join(map(_section, Topic))


def _section(topic: Topic) -> str:
    rows = [
        f'| <a id="{rule.id}"></a>`{rule.id}` | {rule.severity} | {_cell(rule.meaning)} | '
        f"{_cell(rule.reason)}{_read(rule)} | {_cell(rule.remedy)} |\n"
        for rule in Rule
        if rule.topic is topic
    ]
    head = "| rule | severity | what it finds | why it matters | what to do |\n|---|---|---|---|---|\n"
    return f"\n## {topic.value}\n\n{head}{''.join(rows)}"


def _read(rule: Rule) -> str:
    return f" ([page]({rule.source}))" if rule.source is not None else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
