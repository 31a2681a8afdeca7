"""Network files that nobody here knows are loaded and run in a child process first.

A graph may run for ever, or end the process: the runtimes interrupt neither. The child is
`python -m picosam_ros.engines.trial`; a file that passed is known by its SHA-256 from then on.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from picosam_ros.engines import make_engine
from picosam_ros.engines.base import Engine
from picosam_ros.errors import EngineError, ModelError, PicosamError
from picosam_ros.models import Model
from picosam_ros.models.onnx_file import data_files
from picosam_ros.python_process import run_python

# The networks that ship are loaded and warm within two seconds of one core; a board that is ten
# times as slow, and a file that takes six times as long, are still in time.
LIMIT_S = 120.0

# How soon a call of `interrupt` is heard.
POLL_S = 0.1


def try_out(
    name: str,
    options: Mapping[str, Any],
    models: Sequence[Model],
    interrupted: Callable[[], bool],
) -> None:
    """Let a child process load and warm up an engine, unless its files passed before.

    Args:
        name: of the engine.
        options: of make_engine.
        models: its files.
        interrupted: whether to give up.

    Raises:
        ModelError: the files cannot be used, take longer than LIMIT_S, or ended the child.
        EngineError: the runtime is not installed, there is no process, or it was interrupted.

    """
    passed = _record_of(name, options, models)
    if passed.exists():
        return
    files = ' and '.join(str(model.path) for model in models)
    try:
        child = run_python(
            __name__, [json.dumps([name, dict(options)])], stdout=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise EngineError(f'no process could be started to try {files} ({error})') from error
    try:
        printed = _printed(child, files, interrupted)
    finally:
        child.kill()
        child.wait()
    _raise_what(printed, child.returncode, files)
    # Where nothing can be written, each start tries the files.
    with suppress(OSError):
        passed.parent.mkdir(parents=True, exist_ok=True)
        passed.touch()


def _printed(child: subprocess.Popen[str], files: str, interrupted: Callable[[], bool]) -> str:
    deadline = time.monotonic() + LIMIT_S
    while True:
        if interrupted():
            raise EngineError(f'opening was interrupted while {files} was tried')
        try:
            return child.communicate(timeout=POLL_S)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise ModelError(
                    f'model file {files} was not loaded and run within {LIMIT_S:g} s, which it '
                    'must be: its graph may hold a loop without an end; export it again, without '
                    'loops'
                ) from None


def _raise_what(printed: str, code: int, files: str) -> None:
    """Raise what the child printed, or what its end tells."""
    try:
        kind, text = json.loads(printed)
    except ValueError as error:
        how = f'signal {-code}' if code < 0 else f'exit code {code}'
        raise ModelError(
            f'model file {files} ended the process that tried it ({how}); copy or export it again'
        ) from error
    if kind:
        raise (EngineError if kind == EngineError.__name__ else ModelError)(text)


def _record_of(name: str, options: Mapping[str, Any], models: Sequence[Model]) -> Path:
    """Return the file that exists if these files passed in this version of the runtime.

    An empty one: it is there or not, whoever writes it at the same time.
    """
    runtime = options['runtime']
    known = [name, runtime, _version_of(runtime), *(model.digest for model in models)]
    known += [Model(file.name, file).digest for model in models for file in data_files(model.path)]
    return _cache_folder() / 'networks' / hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return 'unknown'


def _cache_folder() -> Path:
    """Return the user's, by the XDG specification, which ignores a path that is not absolute."""
    given = Path(os.environ.get('XDG_CACHE_HOME', ''))
    return (given if given.is_absolute() else Path('~/.cache').expanduser()) / 'picosam_ros'


def main(arguments: list[str]) -> int:
    """Make an engine, load it, and print the kind and the sentence of its error."""
    printing = os.dup(1)
    os.dup2(2, 1)  # runtimes print, too
    name, options = json.loads(arguments[0])
    answer = ['', '']
    try:
        engine: Engine = make_engine(name, **options)
        engine.load()
    except PicosamError as error:
        answer = [type(error).__name__, str(error)]
    os.write(printing, json.dumps(answer).encode())
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
