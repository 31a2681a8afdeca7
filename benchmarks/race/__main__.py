"""`python -m benchmarks.race`: every engine and its peers, on equal work, in turns."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.race import stand_in
from benchmarks.race.compare import worse
from benchmarks.race.contenders import (
    BARE,
    Entrant,
    Files,
    entrants,
)
from benchmarks.race.picture import draw
from benchmarks.race.results import Results
from benchmarks.race.run import race
from benchmarks.race.table import table, verdict
from benchmarks.race.workloads import (
    AGAIN,
    FIRST,
    HEATS,
    PROMPTS,
    SIZES,
)
from picosam_ros.commands.media import write_image

ROUNDS, QUICK_ROUNDS = 60, 5
TOLERANCE = 0.15


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 if something got worse than in the race that it is compared with."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if bool(asked.encoder) != bool(asked.decoder):
        parser.error('give both files of EdgeSAM, --encoder and --decoder, or none')
    before = Results.read(asked.compare) if asked.compare else None
    with tempfile.TemporaryDirectory() as folder:
        files = _files(asked, Path(folder))
        field = _field(parser, entrants(files), asked.only)
        if any(files.title in entrant.name for entrant in field) and not asked.encoder:
            stand_in.write(Path(folder))
        heats = (FIRST, AGAIN, *PROMPTS[3::2], SIZES[-1]) if asked.quick else HEATS
        rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
        results = race(field, heats, files, threads=asked.threads, rounds=rounds)
    _tell(results)
    if asked.json:
        results.write(asked.json)
    if asked.png:
        write_image(asked.png, draw(results))
        print(f'picture in {asked.png}')
    return _compared(results, before, asked) if before else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.race', description=__doc__)
    parser.add_argument(
        '--only', metavar='NAME', action='append', default=[], help='who runs; may be repeated'
    )
    parser.add_argument('--quick', action='store_true', help=f'{QUICK_ROUNDS} rounds, fewer heats')
    parser.add_argument('--rounds', metavar='N', type=int, help=f'of each heat (default: {ROUNDS})')
    parser.add_argument(
        '--threads', metavar='N', type=int, default=1, help='of one inference (default: 1)'
    )
    parser.add_argument('--encoder', metavar='FILE', help='of EdgeSAM; without, a stand-in runs')
    parser.add_argument('--decoder', metavar='FILE', help='of EdgeSAM')
    parser.add_argument('--json', metavar='FILE', type=Path, help='write everything there')
    parser.add_argument('--png', metavar='FILE', type=Path, help='draw everything there')
    parser.add_argument(
        '--compare', metavar='FILE', type=Path, help='an earlier --json: tell what got worse'
    )
    parser.add_argument(
        '--tolerance',
        metavar='SHARE',
        type=float,
        default=TOLERANCE,
        help=f'that a ratio may have grown (default: {TOLERANCE})',
    )
    return parser


def _files(asked: argparse.Namespace, folder: Path) -> Files:
    if asked.encoder:
        return Files(asked.encoder, asked.decoder, 'edgesam')
    encoder, decoder = (str(folder / name) for name in stand_in.NAMES)
    return Files(encoder, decoder, 'edgesam stand-in')


def _field(
    parser: argparse.ArgumentParser, known: dict[str, Entrant], only: Sequence[str]
) -> list[Entrant]:
    for name in only:
        if name not in known:
            parser.error(f'{name!r} was given; here run {", ".join(known)}')
    return [entrant for name, entrant in known.items() if not only or name in (*only, BARE)]


def _tell(results: Results) -> None:
    for name, value in results.machine.items():
        print(f'  {name}: {value}')
    print(f'  threads of one inference: {results.threads}\n')
    if machine.busy():
        print('The machine is busy with something else: preliminary figures.\n', file=sys.stderr)
    print(f'{table(results)}\n')
    print(verdict(results).to_text())


def _compared(results: Results, before: Results, asked: argparse.Namespace) -> int:
    left_out = () if asked.only else before.finishes.keys() - results.finishes.keys()
    sentences = [f'{name}: did not run' for name in sorted(left_out)]
    sentences += worse(results, before, asked.tolerance)
    for sentence in sentences:
        print(f'worse: {sentence}')
    if not sentences:
        print(f'nothing got worse than in {asked.compare} by more than {asked.tolerance:.0%}')
    return int(bool(sentences))


if __name__ == '__main__':
    sys.exit(main())
