"""Make a network that ships again: the stages of its recipe, one after the other.

`python -m training.recipe picosam-lite-96 --data DIR --out runs/lite` runs what
`recipes/picosam-lite-96.yaml` lists, up to `training.publish`. Stopped, it goes on when it is given
again. `--list` prints the commands, which can as well be typed.
"""

import argparse
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / 'recipes'
CONFIGS = Path(__file__).parent / 'configs'
# They go on with what is in their folder; what was stopped of the others begins in an empty one.
RESUMING = ('training.train', 'training.click', 'training.data.shards')
# In the folder of a run: which stages were begun, with which command, and which are done.
STATE = 'stages.yaml'


@dataclass(frozen=True)
class Stage:
    """One command of a recipe.

    Attributes:
        name: of the stage, and of its folder in that of the run.
        line: a module of `training` and its options. `{data}` stands for the photos, `{configs}`
            for training/configs, `{out}` for the stage's folder, `{NAME}` for that of an earlier
            one.

    """

    name: str
    line: str

    def command(self, data: Path, out: Path, earlier: list[str]) -> list[str]:
        """Return the arguments of `python -m`.

        Raises:
            ValueError: the line names something else than the above.

        """
        places = {name: out / name for name in earlier}
        places |= {'data': data, 'configs': CONFIGS, 'out': out / self.name}
        try:
            return [part.format_map(places) for part in shlex.split(self.line)]
        except KeyError as error:
            raise ValueError(
                f'stage {self.name} names {{{error.args[0]}}}: known are {", ".join(places)}'
            ) from None


def read(name: str) -> list[Stage]:
    """Read a recipe: one of the folder by its name, or a .yaml file.

    Raises:
        ValueError: there is no such recipe, or the file is none.

    """
    path = Path(name) if name.endswith('.yaml') else FOLDER / f'{name}.yaml'
    if not path.is_file():
        known = ', '.join(sorted(path.stem for path in FOLDER.glob('*.yaml')))
        raise ValueError(f'recipe {name} was given: known are {known}, or give a .yaml file')
    lines = yaml.safe_load(path.read_text())
    if not isinstance(lines, dict) or not all(isinstance(line, str) for line in lines.values()):
        raise ValueError(
            f'{path} is no recipe: each line must be `stage: training.module --option`'
        )
    return [Stage(stage, line) for stage, line in lines.items()]


def commands(stages: list[Stage], data: Path, out: Path) -> Iterator[tuple[Stage, list[str]]]:
    """Yield each stage with the arguments of its `python -m`."""
    for number, stage in enumerate(stages):
        yield stage, stage.command(data, out, [before.name for before in stages[:number]])


def run(stages: list[Stage], data: Path, out: Path) -> int:
    """Run the stages that are not done; return the exit code of the first that fails, or 0.

    Raises:
        ValueError: a stage was begun with another line.

    """
    planned, state = list(commands(stages, data, out)), _read_state(out)
    for stage in stages:
        begun = state.get(stage.name, {}).get('line', stage.line)
        if begun != stage.line:
            raise ValueError(
                f'{out / stage.name} was begun with another line, {begun!r}: give another --out, '
                f'or remove {out}'
            )
    for stage, command in planned:
        if state.get(stage.name, {}).get('done'):
            print(f'{stage.name}: done')
            continue
        if stage.name in state and command[0] not in RESUMING:
            shutil.rmtree(out / stage.name, ignore_errors=True)
        (out / stage.name).mkdir(parents=True, exist_ok=True)
        state[stage.name] = {'line': stage.line, 'done': False}
        _write_state(out, state)
        print(f'{stage.name}: {shown(command)}', flush=True)
        code = subprocess.run([sys.executable, '-m', *command], check=False).returncode
        if code:
            print(f'{stage.name} ended with {code}; the same command goes on there', flush=True)
            return code
        state[stage.name]['done'] = True
        _write_state(out, state)
    return 0


def shown(command: list[str]) -> str:
    """Return the command as one types it."""
    return f'python -m {shlex.join(command)}'


def _read_state(out: Path) -> dict[str, dict]:
    path = out / STATE
    return yaml.safe_load(path.read_text()) if path.is_file() else {}


def _write_state(out: Path, state: dict[str, dict]) -> None:
    partial = out / f'{STATE}.partial'
    partial.write_text(yaml.safe_dump(state, sort_keys=False))
    partial.replace(out / STATE)


def main() -> int:
    """Run a recipe, or print its commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('recipe', metavar='NAME', help='of recipes/, or a .yaml file')
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    parser.add_argument('--out', type=Path, required=True, help='one folder a stage is made there')
    parser.add_argument('--list', action='store_true', help='print the commands only')
    arguments = parser.parse_args()
    try:
        stages = read(arguments.recipe)
        if arguments.list:
            for _, command in commands(stages, arguments.data, arguments.out):
                print(shown(command))
            return 0
        return run(stages, arguments.data, arguments.out)
    except ValueError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print('stopped; the same command goes on')
        return 130


if __name__ == '__main__':
    # As Ctrl-C does: a stage that went on alone would write where the next start of it does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main())
