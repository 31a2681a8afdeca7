"""The command `picosam`: its subcommands, and what happens when one of them fails.

Exit codes: 0 success, 1 an error, printed as one sentence, 2 a wrong command line, 130 interrupted
by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from picosam_ros import __version__
from picosam_ros.commands import (
    bag,
    bench,
    completion,
    doctor,
    evaluate,
    label,
    latency,
    prompt,
    review,
    segment,
    sensor_check,
    track,
    view,
    watch,
)
from picosam_ros.commands.outputs import check_arguments
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import PicosamError
from picosam_ros.registry import nearest
from picosam_ros.standard_streams import (
    discard_errors,
    discard_output,
    open_output_stream,
    output_fault,
)

COMMANDS = {
    'segment': segment,
    'track': track,
    'view': view,
    'bag': bag,
    'label': label,
    'review': review,
    'eval': evaluate,
    'bench': bench,
    'latency': latency,
    'prompt': prompt,
    'watch': watch,
    'doctor': doctor,
    'sensor-check': sensor_check,
    'completion': completion,
}

# OpenCV and FFmpeg print faults of files, which are told in our own words.
_QUIET = {'OPENCV_LOG_LEVEL': 'SILENT', 'OPENCV_FFMPEG_LOGLEVEL': '-8'}

# Options whose value may begin with a minus sign.
_COORDINATES = ('--point', '--negative', '--box')

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
    given = sys.argv[1:] if argv is None else argv
    try:
        open_output_stream()
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        return _run(_with_coordinates(given))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`).
        discard_output()
        return 1
    except Exception as error:
        if '--debug' in given:
            raise
        return _fail(_sentence(output_fault() or error))


def _run(given: Sequence[str]) -> int:
    try:
        arguments = make_parser().parse_args(given)
        check_arguments(arguments)
        exit_code: int = arguments.run(arguments)
    finally:
        # Now, and not while Python exits, where an error could not be told. Of the help, too.
        sys.stdout.flush()
    return exit_code


def _fail(sentence: str) -> int:
    try:
        print(f'{paint("picosam:", "red", sys.stderr)} {_printable(sentence)}', file=sys.stderr)
        sys.stderr.flush()
    except OSError:  # nobody can be told but by the exit code
        discard_errors()
    return 1


class Parser(argparse.ArgumentParser):
    """A parser that names what a mistyped word is nearest to.

    It tells when its help cannot be written; argparse takes that for success.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is not known here: the parser of the whole would not know the nearest."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            words = ' '.join(unknown)
            near = nearest(unknown[0].partition('=')[0], options)
            self.error(f'unrecognized arguments: {words}{near}; {self.prog} --help lists them')
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """End with a usage error."""
        if wrong := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            message += nearest(wrong[1], re.findall(r'[\w.-]+', wrong[2]))
        super().error(message)

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with every subcommand."""
    parser = Parser(
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
        if joined and joined[-1] in _COORDINATES and re.match(r'-[\d.]', argument):
            joined[-1] += f'={argument}'
        else:
            joined.append(argument)
    return joined


def _sentence(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f'{error}; run "picosam doctor" for the command that fixes it'
    if isinstance(error, PicosamError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        # What our own code writes has a name; a stream has none.
        what = error.filename or 'standard output, or another stream, cannot be written'
        return f'{what}: {error.strerror.lower()}'
    if isinstance(error, MemoryError) or 'Insufficient memory' in str(error):  # OpenCV's
        return 'there is not enough memory for this; give a smaller image or file'
    words = str(error).strip().split('\n', 1)[0]
    return f'internal error: {type(error).__name__}: {words}; {REPORT}'


def _printable(sentence: str) -> str:
    """Escape what would break the line or steer the terminal: names of files may hold anything."""
    return ''.join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in sentence)


if __name__ == '__main__':
    raise SystemExit(main())
