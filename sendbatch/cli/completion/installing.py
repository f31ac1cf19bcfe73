"""--install-completion and --show-completion: the script for a shell, put where that looks for it, or shown.

A file of ours is written, and none of the user's is changed: where a shell needs a line in one, it is said.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sendbatch.cli.completion.shells import OURS, SCRIPTS
from sendbatch.errors import SendbatchError, one_line, shell_line
from sendbatch.runtime.files import named_folder, replacing

_YOURS = "your shell"
_BEGINNING = 200  # characters in which a script says that it is ours


def _shown(context: click.Context, parameter: click.Parameter, named: str | None) -> None:
    if named is None or context.resilient_parsing:
        return
    click.echo(SCRIPTS[_shell(named, "--show-completion")], nl=False)
    context.exit()


def _installed(context: click.Context, parameter: click.Parameter, named: str | None) -> None:
    if named is None or context.resilient_parsing:
        return
    shell = _shell(named, "--install-completion")
    file = _place(shell)
    _write(file, SCRIPTS[shell])
    click.echo(f"wrote {one_line(str(file))}", err=True)
    click.echo(_then(shell, file), err=True)
    context.exit()


def _option(
    name: str,
    callback: Callable[[click.Context, click.Parameter, str | None], None],
    what: str,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        name,
        metavar="[bash|zsh|fish]",
        is_flag=False,
        flag_value=_YOURS,
        is_eager=True,
        expose_value=False,
        callback=callback,
        help=what,
    )


install_completion = _option(
    "--install-completion",
    _installed,
    "Complete verbs, options, profiles, editions and keys in your shell.",
)
show_completion = _option("--show-completion", _shown, "Show the script that does.")


def _shell(named: str, option: str) -> str:
    """The shell that is meant: the one that called, where none is named."""
    found = _calling() if named == _YOURS else named
    if found not in SCRIPTS:
        said = (
            f"{option}: which shell this is cannot be seen"
            if named == _YOURS
            else f"{option} {named}: no such shell"
        )
        raise SendbatchError(said, hint=f"write {option} bash, zsh or fish")
    return found


def _calling() -> str:
    """The name of the process above, else of the user's own shell."""
    names = [os.environ.get("SHELL", "")]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        names.insert(0, Path(f"/proc/{os.getppid()}/comm").read_text("utf-8").strip())
    bases = [os.path.basename(name).lstrip("-") for name in names]
    return next((base for base in bases if base in SCRIPTS), "")


def _place(shell: str) -> Path:
    """Where the shell looks for it, or where it is told to."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "bash":
        own = os.environ.get("BASH_COMPLETION_USER_DIR")
        return (Path(own) if own else data / "bash-completion") / "completions/sendbatch"
    if shell == "zsh":
        return home / ".zfunc/_sendbatch"
    return config / "fish/completions/sendbatch.fish"


def _write(file: Path, script: str) -> None:
    """Raises SendbatchError where something of the user's stands there, or it cannot be written."""
    try:
        if os.path.lexists(file) and (file.is_symlink() or not _is_ours(file)):
            hint = "put it away, or use what --show-completion shows"
            raise SendbatchError(
                f"{file}: something else stands there; nothing was written", hint=hint
            )
        named_folder(file.parent)
        with replacing(file, durable=False) as out:
            out.write(script.encode())
    except OSError as error:
        raise SendbatchError(f"{file}: cannot be written: {error.strerror or error}") from None


def _is_ours(file: Path) -> bool:
    with file.open("rb") as there:
        return OURS.encode() in there.read(_BEGINNING)


def _then(shell: str, file: Path) -> str:
    """What is left to do, which nobody does for the user."""
    if shell == "fish":
        return "fish finds it by itself"
    if shell == "zsh":
        return (
            "where ~/.zshrc does not have these lines yet, put them at its end, and open a new shell:\n"
            "  fpath=(~/.zfunc $fpath)\n"
            "  autoload -Uz compinit && compinit"
        )
    return (
        "a new bash finds it by itself where the package bash-completion is installed;\n"
        "where it is not, put this line into ~/.bashrc:\n"
        f"  source {shell_line(str(file))}"
    )
