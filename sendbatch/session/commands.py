"""The command lines that lead on, as a person can paste them into a shell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.errors import shell_line, shown
from sendbatch.ledger.folder import GIT, Recorded
from sendbatch.planning.options import Options


@dataclass(frozen=True, slots=True)
class CommandLines:
    """Those for one campaign as it was called; `record` is what --record names, without a
    password."""

    campaign: Campaign
    record: Recorded = None

    def run(self, options: Options | None = None, *, limit: int | None = None) -> str:
        """Runs the campaign again as it was now, or goes on where that ended: for the same people, and with
        `limit` no more of them than were left."""
        chosen = options.words(limit) if options is not None else []
        return self._command(
            "run", [*self.campaign.typed, *self._folder], [*self._edition, *chosen]
        )

    def run_of_any_edition(self, options: Options) -> str:
        """As `run`, for whoever adds which edition is meant."""
        chosen = options.words(options.limit)
        if options.moved_from is not None:  # until a run has taken it in
            chosen = ["--moved-from", options.moved_from, *chosen]
        return self._command("run", [*self.campaign.typed, *self._folder], chosen)

    def check(self) -> str:
        """Builds every message of the campaign and sends none."""
        typed = self._typed("--smtp", "--set", "--expect", "--tolerate")
        return self._command("check", [*typed, *self._edition], self._folder)

    def resolve(self) -> str:
        """The beginning of a line that settles recipients by hand."""
        typed = self._typed("--smtp", "--set")
        return self._command("resolve", [*typed, *self._edition], self._folder)

    def report(self) -> str:
        """The beginning of a line that tells the record in one of its formats."""
        typed = self._typed("--smtp", "--set", "--tolerate")
        return self._command("report", [*typed, *self._edition], self._folder)

    def status(self) -> str:
        """Tells how far a run is, wherever it is."""
        typed = self._typed("--smtp", "--set", "--tolerate")
        return self._command("status", [*typed, *self._edition], self._folder)

    def stop(self) -> str:
        """Ends a run that is under way, wherever it is."""
        typed = self._typed("--smtp", "--set")
        return self._command("stop", [*typed, *self._edition], self._folder)

    def outbox(self) -> str:
        """Shows what the sandbox kept."""
        return self._command("outbox", [*self._typed("--set"), *self._edition, *self._folder], ["--open"])

    def named(self) -> tuple[str, ...]:
        """The words by which a line names the campaign, and which of its records is meant."""
        return (shown(self.campaign.file), *self._typed("--smtp"), *self._edition)

    def kept(self) -> CommandLines:
        """For lines that are written into a file: without the values of --set, which may be anything. A line
        that misses one is refused, and sends to nobody."""
        return replace(self, campaign=replace(self.campaign, typed=tuple(self._named())))

    def _named(self) -> Iterator[str]:
        typed = self.campaign.typed
        for option, value in zip(typed[::2], typed[1::2], strict=True):
            yield option
            yield value.partition("=")[0] if option == "--set" else value

    def _command(self, verb: str, *words: Iterable[str]) -> str:
        rest = (word for part in words for word in part)
        return shell_line("sendbatch", verb, shown(self.campaign.file), *rest)

    @property
    def _edition(self) -> list[str]:
        return ["--run", self.campaign.run] if self.campaign.run_given else []

    @property
    def _folder(self) -> list[str]:
        return [] if self.record is None else ["--record", _word(self.record)]

    def _typed(self, *known: str) -> list[str]:
        """So much of what was typed as another verb knows."""
        typed = self.campaign.typed
        pairs = zip(typed[::2], typed[1::2], strict=True)
        return [word for pair in pairs if pair[0] in known for word in pair]


def _word(record: Path | str) -> str:
    """A folder called as the repository is cannot be taken for it."""
    if isinstance(record, str):
        return record
    return f"./{GIT}" if shown(record) == GIT else shown(record)
