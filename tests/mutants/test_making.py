"""What is made of a module: one small defect each, and all else as it stood."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.mutants.making import mutants_of

SOURCE = '''\
"""A module with ä word in it."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from a import b

LIMIT: int = 3


@decorated(1)
def f(x: int | None, most: int = 2) -> bool:
    """Says so."""
    if x is None or not x < most:
        raise ValueError("é" + str(x))
    self.x = x
    note(x)
    return True
'''


def made(tmp_path: Path) -> dict[str, str]:
    """Old and new text of each mutant, as a line."""
    (tmp_path / "m.py").write_text(SOURCE)
    found = mutants_of(tmp_path, "m.py")
    for mutant in found:
        source = mutant.made_of(SOURCE.encode())
        ast.parse(source)
        assert len(source) - len(SOURCE.encode()) == len(mutant.new.encode()) - len(
            mutant.old.encode()
        )
    assert {mutant.function for mutant in found if mutant.line > 8} == {10}
    return {mutant.old: mutant.new for mutant in found}


def test_each_is_a_slip_of_the_hand(tmp_path: Path) -> None:
    assert made(tmp_path) == {
        "3": "4",
        "2": "3",
        "x is None or not x < most": "(x is None and (not x < most))",
        "x is None": "(x is not None)",
        "not x < most": "(x < most)",
        "x < most": "(x <= most)",
        'raise ValueError("é" + str(x))': "pass",
        "self.x = x": "pass",
        "note(x)": "pass",
        "return True": "return None",
        "True": "False",
    }
