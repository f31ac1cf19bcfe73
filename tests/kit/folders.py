"""What happens to a record's folder behind the back of whoever has it open."""

from __future__ import annotations

import shutil
from pathlib import Path


def replaced_by_a_copy(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("copy"))
    folder.rename(folder.with_name("elsewhere"))
    folder.with_name("copy").rename(folder)
