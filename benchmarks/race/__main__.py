"""`python -m benchmarks.race`: every engine and its peers, on equal work, in turns."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.race import stand_in
from benchmarks.race.chart import draw
from benchmarks.race.compare import worse
from benchmarks.race.contenders import (
    BARE,
    Contender,
    Files,
    contenders,
)
from benchmarks.race.results import Results
from benchmarks.race.run import race
from benchmarks.race.table import table, verdict
from benchmarks.race.workloads import (
    AGAIN,
    FIRST,
    PROMPTS,
    SIZES,
    WORKLOADS,
)
from picosam_ros.commands.media import write_image

ROUNDS, QUICK_ROUNDS = 60, 5
TOLERANCE = 0.15


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 if something got worse than in the race that it is compared with."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.encoder) != bool(options.decoder):
        parser.error('give both files of EdgeSAM, --encoder and --decoder, or none')
    before = Results.read(options.compare) if options.compare else None
    with tempfile.TemporaryDirectory() as folder:
        files = _files(options, Path(folder))
        field = _field(parser, contenders(files), options.only)
        if any(files.title in contender.name for contender in field) and not options.encoder:
            stand_in.write(Path(folder))
        workloads = (FIRST, AGAIN, *PROMPTS[3::2], SIZES[-1]) if options.quick else WORKLOADS
        rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
        results = race(field, workloads, files, threads=options.threads, rounds=rounds)
    _print_results(results)
    if options.json:
        results.write(options.json)
    if options.png:
        write_image(options.png, draw(results))
        print(f'chart in {options.png}')
    return _compared(results, before, options) if before else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.race', description=__doc__)
    parser.add_argument(
        '--only',
        metavar='NAME',
        action='append',
        default=[],
        help='contender to run; may be repeated',
    )
    parser.add_argument(
        '--quick', action='store_true', help=f'{QUICK_ROUNDS} rounds, fewer workloads'
    )
    parser.add_argument(
        '--rounds', metavar='N', type=int, help=f'of each workload (default: {ROUNDS})'
    )
    parser.add_argument(
        '--threads', metavar='N', type=int, default=1, help='of one inference (default: 1)'
    )
    parser.add_argument('--encoder', metavar='FILE', help='of EdgeSAM; without, a stand-in runs')
    parser.add_argument('--decoder', metavar='FILE', help='of EdgeSAM')
    parser.add_argument('--json', metavar='FILE', type=Path, help='write the results there')
    parser.add_argument('--png', metavar='FILE', type=Path, help='draw a chart there')
    parser.add_argument(
        '--compare', metavar='FILE', type=Path, help='an earlier --json: print what got worse'
    )
    parser.add_argument(
        '--tolerance',
        metavar='SHARE',
        type=float,
        default=TOLERANCE,
        help=f'that a ratio may have grown (default: {TOLERANCE})',
    )
    return parser


def _files(options: argparse.Namespace, folder: Path) -> Files:
    if options.encoder:
        return Files(options.encoder, options.decoder, 'edgesam')
    encoder, decoder = (str(folder / name) for name in stand_in.NAMES)
    return Files(encoder, decoder, 'edgesam stand-in')


def _field(
    parser: argparse.ArgumentParser, known: dict[str, Contender], only: Sequence[str]
) -> list[Contender]:
    for name in only:
        if name not in known:
            parser.error(f'{name!r} was given; known are {", ".join(known)}')
    return [contender for name, contender in known.items() if not only or name in (*only, BARE)]


def _print_results(results: Results) -> None:
    for name, value in results.machine.items():
        print(f'  {name}: {value}')
    print(f'  threads of one inference: {results.threads}\n')
    if machine.busy():
        print('The machine is busy with something else: preliminary figures.\n', file=sys.stderr)
    print(f'{table(results)}\n')
    print(verdict(results).to_text())


def _compared(results: Results, before: Results, options: argparse.Namespace) -> int:
    left_out = () if options.only else before.contenders.keys() - results.contenders.keys()
    sentences = [f'{name}: did not run' for name in sorted(left_out)]
    sentences += worse(results, before, options.tolerance)
    for sentence in sentences:
        print(f'worse: {sentence}')
    if not sentences:
        print(f'nothing got worse than in {options.compare} by more than {options.tolerance:.0%}')
    return int(bool(sentences))


if __name__ == '__main__':
    sys.exit(main())
