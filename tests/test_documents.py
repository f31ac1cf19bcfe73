"""What documents, docstrings and comments say of the program: links lead somewhere, what they name exists."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sendbatch"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
FOLDERS = ("sendbatch", "tests", "benchmarks", "docs")
# What benchmarks installed lies in folders that begin with a dot.
SOURCES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
PARTS = [path.relative_to(ROOT).parts for path in SOURCES]
ENDS = {"/" + "/".join(parts[begin:]) for parts in PARTS for begin in range(len(parts))}

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"`[^`\n]+`")
COMMENT = re.compile(r"(?:^|  ) *# (.+)$", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PYTHON_FILE = re.compile(r"(?<![\w/.*-])(?:[\w-]+/)*\w+\.py\b")
NAME = re.compile(r"`((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:\(.*?\))?`")
ENDINGS = frozenset({"css", "csv", "html", "js", "json", "py", "sqlite", "txt", "yaml"})  # of files of users


def program_of(name: str) -> ModuleType:
    """A program of docs/, loaded."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def docstrings(path: Path) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, kinds) and (said := ast.get_docstring(node)):
            yield said


def comments(path: Path) -> list[str]:
    """What stands behind a # as ruff formats it; reading the tokens would take ten times as long."""
    return COMMENT.findall(path.read_text("utf-8"))


def said_in(path: Path) -> Iterator[str]:
    """What a page says, or what a module says in docstrings and comments."""
    if path.suffix == ".py":
        yield from docstrings(path)
        yield from comments(path)
    else:
        yield path.read_text("utf-8")


# Pages


def anchors(page: Path) -> set[str]:
    """Those that GitHub makes of its headings."""
    headings = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    astray = []
    for file, anchor in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            astray.append(f"{file}#{anchor}")
    assert astray == []


def test_the_drawing_of_the_house_is_made_from_the_contract() -> None:
    house = program_of("house")
    drawn = house.PICTURE.read_text("utf-8")
    assert drawn == house.draw(), "python docs/house.py draws it anew"
    for room in (name for layer in house.layers() for name in layer):
        names = re.findall(rf'font-weight="600"[^>]*>{room}<', drawn)
        assert len(names) == 1, room


def test_every_word_of_the_glossary_stands_in_the_module_that_it_is_linked_to() -> None:
    page = ROOT / "docs" / "glossary.md"
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("- ")]
    assert len(lines) > 50
    unused = []
    for line in lines:
        words = re.findall(r"\*\*(.+?)\*\*", line.partition(":")[0])
        assert words, line
        assert line.endswith(")."), line
        (link,) = LINK.findall(line)
        text = (page.parent / link[0]).read_text("utf-8").lower().replace("_", " ")
        text = " ".join(text.split())
        unused += [word for word in words if not re.search(rf"\b{re.escape(word)}", text)]
    assert unused == []


# What is named


def test_every_python_file_that_is_named_is_there() -> None:
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (*PAGES, *SOURCES, ROOT / "Makefile", ROOT / "pyproject.toml")
        if ".py" in path.read_text("utf-8")  # few are: syntax trees take long
        for text in said_in(path)
        for name in PYTHON_FILE.findall(text)
        if f"/{name}" not in ENDS
    ]
    assert gone == []


@cache
def names_of(path: Path) -> frozenset[str]:
    """What a module defines or imports."""
    return frozenset(names_in(tree_of(path).body))


def names_in(body: list[ast.stmt]) -> Iterator[str]:
    """What is defined or imported there."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((one.asname or one.name).split(".")[0] for one in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for one in (part for target in targets for part in ast.walk(target)):
                if isinstance(one, ast.Name):
                    yield one.id


@cache
def modules() -> dict[tuple[str, ...], list[Path]]:
    """Every module by each end of its name: a.b.c also as b.c and c."""
    found: defaultdict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        for begin in range(len(parts)):
            found[parts[begin:]].append(path)
    return dict(found)


@cache
def members() -> dict[str, set[str]]:
    """What each class of the package has, what it inherits from others of them included."""
    own: defaultdict[str, set[str]] = defaultdict(set)
    bases: defaultdict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            own[node.name] |= set(names_in(node.body))
            attributes = (one for one in ast.walk(node) if isinstance(one, ast.Attribute))
            own[node.name] |= {one.attr for one in attributes if isinstance(one.ctx, ast.Store)}
            bases[node.name] |= {ast.unparse(base).partition("[")[0] for base in node.bases}
    for _ in range(4):  # as deep as they inherit
        for name, above in bases.items():
            own[name] |= {member for base in above for member in own.get(base, ())}
    return dict(own)


def resolves(name: str) -> bool | None:
    """Whether a dotted name is one of the package; None where it is not for the package to say."""
    parts = tuple(name.split("."))
    for end in range(len(parts), 0, -1):
        if (paths := modules().get(parts[:end])) is not None:
            rest = parts[end:]
            return not rest or any(rest[0] in names_of(path) for path in paths)
    if parts[0] in members():
        return parts[1] in members()[parts[0]]
    return False if parts[-1][0].isupper() and parts[0].islower() else None


def test_every_dotted_name_in_a_docstring_or_comment_is_one_of_the_package() -> None:
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for text in said_in(path)
        for name in NAME.findall(text)
        if "." in name and name.rpartition(".")[2] not in ENDINGS and resolves(name) is False
    ]
    assert gone == []


@pytest.mark.parametrize(
    "room", sorted(PACKAGE.rglob("*/__init__.py")), ids=lambda path: path.parent.name
)
def test_every_module_that_a_room_names_is_in_it(room: Path) -> None:
    inside = {name for path in room.parent.rglob("*.py") for name in names_of(path)}
    inside |= {
        path.stem for path in room.parent.rglob("*") if path.suffix == ".py" or path.is_dir()
    }
    inside |= {path.stem for path in PACKAGE.iterdir()}
    gone = [
        name
        for name in NAME.findall(ast.get_docstring(tree_of(room)) or "")
        if "." not in name and name not in inside and name != "where"
    ]
    assert gone == []
