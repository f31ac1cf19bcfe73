"""The axis of subjects: which of several a recipient gets, by their key."""

from __future__ import annotations

from collections.abc import Sequence

from sendbatch.campaign.model import VARIANT
from sendbatch.message.content import Content
from sendbatch.message.templates import LineTemplate
from sendbatch.message.variants import Variants
from sendbatch.message.versions.axis import Choice

SUBJECTS = "subject"


def called(name: str) -> str:
    """What one of several subjects is called, in what is wrong with a row."""
    return f"{SUBJECTS} {name}"


class SubjectsAxis:
    """No row leads nowhere: nothing of it but its key is asked."""

    what = SUBJECTS
    templates: Sequence[LineTemplate] = ()

    def __init__(self, variants: Variants, *, in_bodies: bool = True) -> None:
        self._variants, self.in_bodies = variants, in_bodies
        self._choices = [Choice(number) for number in range(len(variants.subjects))]
        self.names = [
            f"{name} “{subject}”"
            for name, subject in zip(variants.names, variants.subjects, strict=True)
        ]

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        return self._choices[self._variants.of(key)]

    def put_into(self, content: Content, number: int) -> Content:
        """With its name as a variable: links may tell where they were clicked."""
        return content.version(
            subject=self._variants.subjects[number],
            subject_called=called(self._variants.names[number]),
            variables={**content.variables, VARIANT: self._variants.names[number]},
        )
