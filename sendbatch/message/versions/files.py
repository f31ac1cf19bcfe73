"""The files that paths with `{{ }}` can lead to: those that there are, found before any row is looked at.

A `{{ }}` stands for one character or more of a name, in NFC. Where several paths have the same expression in
them, it has the same value in each: so a row gets the HTML and the text of one language, or neither.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sendbatch.campaign.language.paths import as_printed, names_of
from sendbatch.campaign.model import Campaign, PathTemplate
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import TextsByRow
from sendbatch.message.folders import inside, near_name
from sendbatch.message.templates import Failed, LineTemplate, with_globals
from sendbatch.message.versions.names import filled, nfc, nfc_pieces, values_in
from sendbatch.runtime.paths import problem, spelled
from sendbatch.words import listed

MOST = 200  # versions
_MOST_LOOKED_AT = 20_000  # ways to take files together
_MOST_VALUES = 100  # ways to take one name apart
_MOST_SHOWN = 5

_Values = Mapping[str, str]  # by the expression


@dataclass(frozen=True, slots=True)
class Files:
    """Those of one version: `names` are what they are called below the folders of their paths, in NFC;
    `values` are what was in the places of the expressions."""

    names: tuple[str, ...]
    paths: Mapping[str, Path]  # by the key
    values: _Values


EVERYBODY = Files((), {}, {})  # the only version, where no row chooses


@dataclass(frozen=True, slots=True)
class _Fitting:
    """A file that fits a path with these values."""

    name: str
    path: Path
    values: _Values


def versions_of(campaign: Campaign, findings: list[Finding]) -> list[Files]:
    """All, by name; none where something is wrong, which is added to the findings."""
    found: dict[str, list[_Fitting]] = {}
    for key, path in campaign.templates.by_row.items():
        found[key] = sorted(_fitting(path), key=lambda one: one.name)
        findings += _outside(campaign, key, path, found[key])
    for key, fitting in found.items():
        if not fitting:
            findings.append(_nothing(campaign, key, "no file fits it"))
    if any(not fitting for fitting in found.values()):
        return []
    first = next(iter(found))
    versions = {one.names: one for one in islice(_joined(found), _MOST_LOOKED_AT)}
    if len(versions) > MOST:
        findings.append(_too_many(campaign, first))
        return []
    if not versions:
        findings.append(
            _nothing(campaign, first, "no file fits it that has its like for the others")
        )
        return []
    findings += _wrong_fallback(campaign, versions)
    return [versions[names] for names in sorted(versions)]


def lone_files(campaign: Campaign, by_row: TextsByRow | None) -> Iterator[Finding]:
    """A warning for the files that have none beside them for another path: they are in no version."""
    if by_row is None:
        return
    for number, (key, path) in enumerate(by_row.paths.items()):
        used = {names[number] for names in by_row.files}
        lone = [written(path, name) for name in names_fitting(path) if name not in used]
        if lone:
            others = ", ".join(other.written for of, other in by_row.paths.items() if of != key)
            has = "has" if len(lone) == 1 else "have"
            named = one_line(listed(lone, _MOST_SHOWN), 500)
            said = f"templates.{key}: {named} {has} no file of the same values for {others}"
            yield Rule.LONE_FILE.finding(said, campaign.places.get(f"templates.{key}"))


def names_fitting(path: PathTemplate) -> list[str]:
    """The files that a path can lead to, as they are called below its folder, each once and in order."""
    return sorted({one.name for one in _fitting(path)})


def shown_names(campaign: Campaign, versions: Sequence[Files]) -> list[str]:
    """What people know the versions by: the first of their files, or all of them where that tells less."""
    paths = list(campaign.templates.by_row.values())
    named = [
        [written(path, name) for path, name in zip(paths, one.names, strict=True)]
        for one in versions
    ]
    firsts = [files[0] if files else "" for files in named]
    return firsts if len(set(firsts)) == len(firsts) else [" with ".join(files) for files in named]


def written(path: PathTemplate, name: str) -> str:
    """A file's path as it would be written in the campaign file."""
    start = path.written.find("{{")
    return path.written[: path.written.rfind("/", 0, start) + 1] + name


def _fitting(path: PathTemplate) -> Iterator[_Fitting]:
    """Each file, once for each way in which it fits. One that is there in both normal forms counts once."""
    met: dict[str, Path] = {}
    folder = Path(os.path.realpath(spelled(path.folder)))
    for file in _walked(folder, _segments(path)):
        name = nfc(file.relative_to(folder).as_posix())
        if met.setdefault(name, file) == file:
            for values in islice(values_in(nfc_pieces(path), name), _MOST_VALUES):
                yield _Fitting(name, file, values)


def _walked(folder: Path, segments: Sequence[Sequence[str]]) -> Iterator[Path]:
    """Files and folders whose names fit the segments, one after the other."""
    first, *rest = segments
    if len(first) == 1:
        names = [spelled(folder / first[0]).name] if first[0] else [""]
    else:
        try:
            with os.scandir(folder) as entries:
                names = sorted((entry.name for entry in entries), key=_nfc_first)
        except OSError:
            return
        names = [
            name
            for name in names
            if not name.startswith(".") and next(values_in(first, nfc(name)), None) is not None
        ]
    for name in names:
        here = folder / name
        if rest:
            yield from _walked(here, rest)
        elif os.path.lexists(here) and not here.is_dir():
            yield here


def _segments(path: PathTemplate) -> list[list[str]]:
    """The pieces of each name of the path: what stands between its slashes."""
    segments: list[list[str]] = [[""]]
    for number, piece in enumerate(nfc_pieces(path)):
        if number % 2:
            segments[-1] += [piece, ""]
            continue
        head, *rest = piece.split("/")
        segments[-1][-1] += head
        segments += [[one] for one in rest]
    return segments


def _joined(found: Mapping[str, Sequence[_Fitting]]) -> Iterator[Files]:
    """All ways to take a file for each path, with the same values in all of them."""
    (key, fitting), *others = found.items()
    behind = list(islice(_joined(dict(others)), _MOST_LOOKED_AT)) if others else [Files((), {}, {})]
    if not (fitting and behind):
        return
    both = sorted(fitting[0].values.keys() & behind[0].values.keys())
    by_values = defaultdict[tuple[str, ...], list[Files]](list)
    for files in behind:
        by_values[tuple(files.values[expression] for expression in both)].append(files)
    for one in fitting:
        for files in by_values[tuple(one.values[expression] for expression in both)]:
            yield Files(
                (one.name, *files.names),
                {key: one.path, **files.paths},
                {**one.values, **files.values},
            )


def _outside(
    campaign: Campaign, key: str, path: PathTemplate, fitting: Sequence[_Fitting]
) -> Iterator[Finding]:
    """What lies elsewhere, by a link, or cannot be read."""
    for name, file in {one.name: one.path for one in fitting}.items():
        wrong = problem(file)
        if wrong is None and not any(inside(root, file) for root in (path.folder, campaign.folder)):
            wrong = "leads out of its folder by a link"
        if wrong is not None:
            said = f"templates.{key}: {wrong}: {one_line(written(path, name))}"
            yield Rule.UNREADABLE_FILE.finding(said, campaign.places.get(f"templates.{key}"))


def _wrong_fallback(
    campaign: Campaign, versions: Mapping[tuple[str, ...], Files]
) -> Iterator[Finding]:
    """An error where the fallback leads nowhere. Where a row has part in where it leads, the rows tell."""
    templates = campaign.templates
    paths, fallback = templates.by_row, templates.fallback
    names = frozenset[str]().union(*map(names_of, paths.values()))
    if not fallback or names - fallback.keys():
        return
    variables = with_globals(fallback)
    place = campaign.places.get(f"templates.fallback.{next(iter(fallback))}")
    try:
        led = tuple(_led(key, path, variables) for key, path in paths.items())
    except Failed as failed:
        yield Rule.NO_VERSION.finding(f"templates.fallback: {failed}", place)
        return
    if led not in versions:
        tried = [written(path, name) for path, name in zip(paths.values(), led, strict=True)]
        there = sorted(written(next(iter(paths.values())), name) for name, *_ in versions)
        said = f"templates.fallback: there is no {one_line(' with '.join(tried), 300)}"
        hint = f"there {'is' if len(there) == 1 else 'are'} {one_line(listed(there, _MOST_SHOWN), 500)}"
        yield Rule.NO_VERSION.finding(said, place, hint)


def _led(key: str, path: PathTemplate, variables: dict[str, object]) -> str:
    values = {
        expression: nfc(LineTemplate(f"templates.{key}", as_printed(expression)).render(variables))
        for expression in path.expressions
    }
    return filled(path, values)


def _nothing(campaign: Campaign, key: str, said: str) -> Finding:
    path = campaign.templates.by_row[key]
    place = campaign.places.get(f"templates.{key}")
    hint = None
    if not path.folder.is_dir():
        hint = f"there is no folder {path.written[: path.written.find('{{')].rpartition('/')[0]}"
    elif near := near_name("".join(path.pieces[::2]), [path.folder]):
        hint = f"there is {one_line(written(path, near))}"
    return Rule.NO_VERSION.finding(f"templates.{key}: {said}: {path.written}", place, hint)


def _too_many(campaign: Campaign, key: str) -> Finding:
    path = campaign.templates.by_row[key]
    said = f"templates.{key}: more than {MOST} versions of the templates: {path.written}"
    hint = (
        "put the files that are meant into a folder of their own, or write more of their names out"
    )
    return Rule.TOO_MANY_VERSIONS.finding(said, campaign.places.get(f"templates.{key}"), hint)


def _nfc_first(name: str) -> tuple[bool, str]:
    return nfc(name) != name, name
