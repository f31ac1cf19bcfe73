"""What is doubtful beside an error, told in one go: whoever mends the one sees the other too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sendbatch.campaign.model import Checking
from sendbatch.findings import Finding
from sendbatch.message.checks.alternatives import pictures_without_alt
from sendbatch.message.checks.links import doubtful_links
from sendbatch.message.checks.pictures import doubtful_pictures
from sendbatch.message.checks.structure.finding import unclosed_tags
from sendbatch.message.checks.styles import doubtful_styles
from sendbatch.message.checks.targets import doubtful_targets
from sendbatch.message.checks.widths import wide_pictures
from sendbatch.message.content import Content
from sendbatch.message.markdown.checks import doubts as doubtful_markdown


def doubts_besides(
    content: Content, checking: Checking, columns: Sequence[str] = ()
) -> Iterable[Finding]:
    """Warnings of what templates say by themselves, whatever else is wrong with the campaign; they can be
    read."""
    found = (one for version in content.by_texts for one in _doubts(version, columns))
    return dict.fromkeys([*found, *lost_features(content, checking)])


def _doubts(content: Content, columns: Sequence[str]) -> Iterator[Finding]:
    yield from doubtful_sources(content)
    yield from doubtful_markdown(content)
    yield from doubtful_pictures(content, columns)
    yield from wide_pictures(content)
    yield from doubtful_links(content, columns)
    yield from pictures_without_alt(content)
    yield from unclosed_tags(content)
    yield from doubtful_targets(content, columns)
    yield from doubtful_styles(content)


def lost_features(content: Content, checking: Checking) -> Iterator[Finding]:
    """Warnings of what programs for mail do not do."""
    return (one for one in _features(content, checking) if one.severity == "warning")


def plain_features(content: Content, checking: Checking) -> Iterator[Finding]:
    """Hints of that: the mail only looks plainer."""
    return (one for one in _features(content, checking) if one.severity == "hint")


def _features(content: Content, checking: Checking) -> list[Finding]:
    # It takes 15 ms, and a run whose content is that of the last needs none of it.
    from sendbatch.message.checks.clients.unsupported import unsupported

    return unsupported(content, checking.clients)


def doubtful_sources(content: Content) -> Iterator[Finding]:
    """What was found when templates were compiled from another language, as MJML."""
    for bundle in content.bundles:
        yield from bundle.doubts
