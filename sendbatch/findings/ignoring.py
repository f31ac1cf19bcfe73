"""What an author does not want to be told: by the `check:` of a campaign, or by a remark in a template.

An error is always told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sendbatch.errors import Finding, Place
from sendbatch.findings.rules import Rule, Topic
from sendbatch.words import count

_RULES = {rule.id: rule for rule in Rule}


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment in a template that names `rules` (ids, as they are written): what these find on the `lines`
    is not told. `place` is where it stands."""

    place: Place
    rules: tuple[str, ...]
    lines: tuple[int, ...]

    def silences(self, finding: Finding) -> bool:
        place = finding.place
        return (
            place is not None
            and place.line in self.lines
            and place.file == self.place.file
            and finding.rule in self.rules
        )


def failing(finding: Finding) -> Finding:
    """A warning as an error, for who asked that a check fails on it."""
    return replace(finding, severity="error") if finding.severity == "warning" else finding


@dataclass(frozen=True, slots=True)
class Heard:
    """Findings, without those that are ignored: so many by the campaign's key, and by remarks. `idle` are
    hints on what ignores nothing."""

    findings: tuple[Finding, ...] = ()
    by_key: int = 0
    by_remarks: int = 0
    idle: tuple[Finding, ...] = ()

    @property
    def number(self) -> int:
        """How many are ignored."""
        return self.by_key + self.by_remarks

    @property
    def ignored(self) -> str:
        """In words how many; "" where none is."""
        remarks = "comments in their lines" if self.by_remarks > 1 else "a comment in its line"
        parts = [(self.by_key, "by check.ignore"), (self.by_remarks, f"by {remarks}")]
        said = [(number, how) for number, how in parts if number]
        if not said:
            return ""
        (first, how), *more = said
        others = "".join(f", {number:,} {by}" for number, by in more)
        return f"{count(first, 'finding')} ignored {how}{others}"


@dataclass(frozen=True, slots=True)
class Ignoring:
    """`rules` are ids by where the campaign names them."""

    rules: Mapping[str, Place | None] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def kept(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that are to be told."""
        return list(self.heard(findings).findings)

    def heard(self, findings: Iterable[Finding]) -> Heard:
        if not self.rules and not self.remarks:
            return Heard(tuple(findings))
        kept: list[Finding] = []
        used: set[str | tuple[Remark, str]] = set()
        by_key = by_remarks = 0
        for finding in findings:
            if finding.severity == "error":
                kept.append(finding)
                continue
            remarks = [remark for remark in self.remarks if remark.silences(finding)]
            used.update((remark, finding.rule) for remark in remarks)
            if finding.rule in self.rules:
                used.add(finding.rule)
                by_key += 1
            elif remarks:
                by_remarks += 1
            else:
                kept.append(finding)
        return Heard(tuple(kept), by_key, by_remarks, tuple(self._idle(used)))

    def _idle(self, used: set[str | tuple[Remark, str]]) -> Iterator[Finding]:
        for word, place in self.rules.items():
            if word not in used and _RULES[word].topic is not Topic.SENDER:  # which few calls ask about
                said = f"check.ignore: {word} finds nothing"
                yield Rule.UNUSED_IGNORE.finding(said, place, "take it out")
        for remark in self.remarks:
            for word in remark.rules:
                if (remark, word) not in used and word in _RULES and _RULES[word].can_be_ignored:
                    said = f"{word} finds nothing on this line"
                    yield Rule.UNUSED_IGNORE.finding(said, remark.place, "take the comment out")
