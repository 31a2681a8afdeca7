"""`picosam completion`: a shell script that completes commands, options and names."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from picosam_ros.commands.fixes import (
    install_command,
)
from picosam_ros.errors import PicosamError

HELP = 'shell completion'
DESCRIPTION = """\
Print the script that completes picosam's commands, options and names in a shell.

to have it in every new shell:
  bash  picosam completion bash > ~/.local/share/bash-completion/completions/picosam
  zsh   picosam completion zsh > ~/.zfunc/_picosam     (~/.zfunc in $fpath)
  fish  picosam completion fish > ~/.config/fish/completions/picosam.fish"""
EXAMPLE = 'picosam completion bash'
SHELLS = ('bash', 'zsh', 'fish')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument('shell', choices=SHELLS, help='shell to print the script for')


def run(arguments: argparse.Namespace) -> int:
    """Print the script.

    Raises:
        PicosamError: shtab, which writes it, is not installed.

    """
    try:
        import shtab
    except ImportError as error:
        raise PicosamError(
            f'shtab, which generates the script, cannot be imported ({error}); '
            f'install it with: {install_command("shtab", "python3-shtab")}'
        ) from error
    from picosam_ros.engines import ENGINES
    from picosam_ros.engines.runtimes import RUNTIMES
    from picosam_ros.models import shipped_models

    names = {'engine': [*ENGINES], 'model': ['auto', *shipped_models()], 'runtime': [*RUNTIMES]}
    for action in _actions(arguments.parser):
        _set_completion(action, shtab.FILE, names)
    script: str = shtab.complete(arguments.parser, arguments.shell)
    if arguments.json:
        print(json.dumps({'shell': arguments.shell, 'script': script}))
    else:
        print(script)
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of the command and of its subcommands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for subparser in action.choices.values():
                yield from _actions(subparser)


def _set_completion(action: argparse.Action, files: object, names: dict[str, list[str]]) -> None:
    """Mark arguments that are files, and set the names that an argument can have."""
    if action.type is Path or action.metavar == 'FILE':
        action.complete = files  # type: ignore[attr-defined]
    elif action.dest in names:
        action.choices = names[action.dest]
