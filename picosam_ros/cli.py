"""The command `picosam`: its subcommands, and what happens when one of them fails.

Exit codes: 0 success, 1 an error, printed as one sentence, 2 a wrong command line, 130 interrupted
by Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence

from picosam_ros import __version__
from picosam_ros.commands import (
    bag,
    bench,
    completion,
    doctor,
    evaluate,
    latency,
    segment,
    sensor_check,
    track,
    view,
)
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import PicosamError

COMMANDS = {
    'segment': segment,
    'track': track,
    'view': view,
    'bag': bag,
    'eval': evaluate,
    'bench': bench,
    'latency': latency,
    'doctor': doctor,
    'sensor-check': sensor_check,
    'completion': completion,
}

REPORT = 'run it again with --debug and report the traceback'

EXAMPLES = '\n'.join(f'  {command.EXAMPLE}' for command in COMMANDS.values())
EPILOG = f"""\
examples:
{EXAMPLES}

exit codes: 0 success, 1 an error (--debug prints its traceback), 2 a wrong command line, 130
interrupted by Ctrl-C. NO_COLOR=1 turns colours off.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    _replace_unencodable_characters()
    arguments = make_parser().parse_args(_with_coordinates(sys.argv[1:] if argv is None else argv))
    try:
        exit_code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`| head`); without this, Python raises once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except (PicosamError, ImportError) as error:
        if arguments.debug:
            raise
        return _fail(_sentence(error))
    except Exception as error:
        if arguments.debug:
            raise
        words = str(error).strip().split('\n', 1)[0]
        return _fail(f'internal error: {type(error).__name__}: {words}; {REPORT}')
    return exit_code


def _fail(sentence: str) -> int:
    print(f'{paint("picosam:", "red", sys.stderr)} {sentence}', file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with every subcommand."""
    parser = argparse.ArgumentParser(
        prog='picosam',
        description='Segment the object that a point or a box marks.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=f'picosam {__version__}')
    subparsers = parser.add_subparsers(title='commands', metavar='COMMAND', required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.HELP,
            description=command.DESCRIPTION,
            epilog=f'example:\n  {command.EXAMPLE}',
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.add_argument('--json', action='store_true', help='print JSON')
        subparser.add_argument(
            '--debug', action='store_true', help='print the traceback of an error'
        )
        # The whole parser, too: `completion` describes it.
        subparser.set_defaults(run=command.run, parser=parser)
    return parser


def _with_coordinates(argv: Sequence[str]) -> list[str]:
    """Join coordinates to their option: argparse takes `-5,-5,40,40` for an option of its own."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] in ('--point', '--box') and re.match(r'-[\d.]', argument):
            joined[-1] += f'={argument}'
        else:
            joined.append(argument)
    return joined


def _sentence(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f'{error}; run "picosam doctor" for the command that fixes it'
    return str(error)


def _replace_unencodable_characters() -> None:
    """Print a question mark for a character that the terminal cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='replace')


if __name__ == '__main__':
    raise SystemExit(main())
