"""`python -m benchmarks.attack`: attack the nodes and commands, and print what held.

All of it stays on this machine, on ROS domains of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import machine
from benchmarks.attack import contained, page
from benchmarks.attack.result import Result
from benchmarks.attack.table import ATTACKS, BY_NAME, Attack


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 if something did not hold."""
    options = _parser().parse_args(arguments)
    described = machine.describe()
    print('\n'.join(f'  {name}: {value}' for name, value in described.items()) + '\n')
    results = []
    for attack in [BY_NAME[name] for name in options.only] or ATTACKS:
        result = attacked(attack, options.scale, options.seed)
        results.append(result)
        print(result.to_text(), flush=True)
    print(_summary(results))
    if options.json:
        _write(options.json, described, options, results)
    if options.markdown:
        page.write(options.markdown, results, described)
    return 0 if all(result.ok for result in results) else 1


def attacked(attack: Attack, scale: float, seed: int) -> Result:
    """Carry out one attack."""
    count = attack.scaled(scale)
    return Result(attack, count, tuple(contained.run(attack, count, seed)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.attack',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='exit code 0: all held; 1: something did not',
    )
    parser.add_argument(
        '--only',
        action='append',
        default=[],
        choices=tuple(BY_NAME),
        help='one attack; may be given repeatedly',
    )
    parser.add_argument(
        '--scale', type=_scale, default=1.0, help='of how often: 0.1 is a quick pass (default: 1)'
    )
    parser.add_argument('--seed', type=int, default=0, help='of all chance (default: 0)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the facts there, too')
    parser.add_argument(
        '--markdown',
        type=Path,
        metavar='PAGE',
        help=f'write the table into a page, between the marks {page.BEGIN} and {page.END}',
    )
    return parser


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale <= 100:
        raise argparse.ArgumentTypeError(f'{text} was given; allowed is above 0, up to 100')
    return scale


def _summary(results: list[Result]) -> str:
    failed = [result.attack.name for result in results if not result.ok]
    held = f'{len(results) - len(failed)} of {len(results)} attacks held'
    return f'{held}; did not hold: {", ".join(failed)}' if failed else held


def _write(
    path: Path, described: dict[str, str], options: argparse.Namespace, results: list[Result]
) -> None:
    everything = {
        'machine': described,
        'scale': options.scale,
        'seed': options.seed,
        'attacks': {result.attack.name: result.to_json() for result in results},
    }
    path.write_text(json.dumps(everything, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main())
