"""`picosam completion`: what lets a shell complete the command's words."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from picosam_ros.commands.fixes import install
from picosam_ros.errors import PicosamError

HELP = 'completion of these commands in your shell'
DESCRIPTION = """\
Print the script that completes picosam's commands, options and names in a shell.

to have it in every new shell:
  bash  picosam completion bash > ~/.local/share/bash-completion/completions/picosam
  zsh   picosam completion zsh > ~/.zfunc/_picosam     (~/.zfunc in $fpath)
  fish  picosam completion fish > ~/.config/fish/completions/picosam.fish"""
EXAMPLE = 'picosam completion bash'
SHELLS = ('bash', 'zsh', 'fish')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('shell', choices=SHELLS, help='whose script')


def run(arguments: argparse.Namespace) -> int:
    """Print the script.

    Raises:
        PicosamError: shtab, which writes it, is not installed.

    """
    try:
        import shtab
    except ImportError as error:
        raise PicosamError(
            f'shtab, which writes the script, cannot be imported ({error}); '
            f'install it with: {install("shtab", "python3-shtab")}'
        ) from error
    from picosam_ros.engines import ENGINES
    from picosam_ros.engines.runtimes import RUNTIMES
    from picosam_ros.models import shipped_models

    names = {'engine': [*ENGINES], 'model': [*shipped_models()], 'runtime': [*RUNTIMES]}
    for action in _actions(arguments.parser):
        _teach(action, shtab.FILE, names)
    script: str = shtab.complete(arguments.parser, arguments.shell)
    if arguments.json:
        print(json.dumps({'shell': arguments.shell, 'script': script}))
    else:
        print(script)
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what the command and its subcommands take."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for subparser in action.choices.values():
                yield from _actions(subparser)


def _teach(action: argparse.Action, files: object, names: dict[str, list[str]]) -> None:
    """Add what argparse does not know: which arguments are files, and which names there are."""
    if action.type is Path or action.metavar == 'FILE':
        action.complete = files  # type: ignore[attr-defined]
    elif action.dest in names:
        action.choices = names[action.dest]
