"""Networks that no segmenter can work with, or that never answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.attack.target import SETTINGS, Target, in_time
from benchmarks.report import Row
from benchmarks.rigs.client import ros
from benchmarks.rigs.node_process import NodeProcess
from picosam_ros.models import DEFAULT_MODEL, find_model

# A node that does not work after so long hangs. One that tries a network without an end needs
# longer to give it up, and hears SIGTERM meanwhile.
START_S = 20.0
WORK_S = 2.0
FLIPPED = 200
ENDLESS = 2**62


def cut_off(path: Path, whole: bytes, rng: random.Random) -> None:
    """End somewhere within."""
    path.write_bytes(whole[: rng.randrange(len(whole))])


def damaged(path: Path, whole: bytes, rng: random.Random) -> None:
    """Change bytes here and there."""
    content = bytearray(whole)
    for _ in range(FLIPPED):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def text(path: Path, whole: bytes, rng: random.Random) -> None:
    """Be no network at all."""
    path.write_text('<html>404</html>\n')


def empty(path: Path, whole: bytes, rng: random.Random) -> None:
    """Have no content."""
    path.write_bytes(b'')


def missing(path: Path, whole: bytes, rng: random.Random) -> None:
    """Do not exist."""


def without_data(path: Path, whole: bytes, rng: random.Random) -> None:
    """Keep the weights in a file beside it, which was not copied along."""
    model, data = onnx.load_from_string(whole), f'{path.name}.data'
    onnx.save(model, path, save_as_external_data=True, location=data, size_threshold=64)
    (path.parent / data).unlink()


def newer(path: Path, whole: bytes, rng: random.Random) -> None:
    """Have a format that this runtime does not know."""
    model = onnx.load_from_string(whole)
    model.ir_version = 99
    onnx.save(model, path)


def not_numbers(path: Path, whole: bytes, rng: random.Random) -> None:
    """Answer NaN."""
    model = onnx.load_from_string(whole)
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32:
            weight.CopyFrom(numpy_helper.from_array(np.full_like(values, np.nan), weight.name))
    onnx.save(model, path)


def endless(path: Path, whole: bytes, rng: random.Random) -> None:
    """Never answer: a loop around nothing stands before the answer."""
    model = onnx.load_from_string(whole)
    graph = model.graph
    output = graph.output[0]
    for node in graph.node:
        for index, name in enumerate(node.output):
            if name == output.name:
                node.output[index] = 'answer_before_the_loop'
    body = helper.make_graph(
        [
            helper.make_node('Identity', ['going'], ['goes_on']),
            helper.make_node('Sin', ['value'], ['next_value']),
        ],
        'body',
        [
            helper.make_tensor_value_info('round', TensorProto.INT64, []),
            helper.make_tensor_value_info('going', TensorProto.BOOL, []),
            helper.make_tensor_value_info('value', TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info('goes_on', TensorProto.BOOL, []),
            helper.make_tensor_value_info('next_value', TensorProto.FLOAT, None),
        ],
    )
    graph.initializer.append(helper.make_tensor('rounds', TensorProto.INT64, [], [ENDLESS]))
    graph.initializer.append(helper.make_tensor('always', TensorProto.BOOL, [], [True]))
    inputs = ['rounds', 'always', 'answer_before_the_loop']
    graph.node.append(helper.make_node('Loop', inputs, [output.name], body=body))
    onnx.save(model, path)


Write = Callable[[Path, bytes, random.Random], None]
KINDS: tuple[Write, ...] = (
    cut_off,
    endless,
    not_numbers,
    without_data,
    damaged,
    text,
    newer,
    empty,
    missing,
)


def run(count: int, seed: int) -> Iterator[Row]:
    """Start a segmenter with each of `count` networks, and end it."""
    rng = random.Random(seed)
    whole = find_model(DEFAULT_MODEL).path.read_bytes()
    wrong: dict[str, list[str]] = {'hangs': [], 'tracebacks': [], 'exit codes': [], 'late': []}
    slowest = 0.0
    with TemporaryDirectory() as folder, ros():
        for number, write in enumerate(islice(cycle(KINDS), count)):
            path = Path(folder) / f'{number}.onnx'
            write(path, whole, rng)
            with NodeProcess('segmenter', SETTINGS | {'model': str(path)}) as process:
                seconds, faults = _begun_and_ended(process, tried=write is endless)
            slowest = max(slowest, seconds)
            for fault in faults:
                wrong[fault].append(write.__name__)
    for fault, kinds in wrong.items():
        yield Row(fault, len(kinds), '', 0, ', '.join(sorted(set(kinds))))
    yield Row('longest from SIGTERM to the end', slowest, 's', None, f'{count} networks')


def _begun_and_ended(process: NodeProcess, *, tried: bool) -> tuple[float, list[str]]:
    """Return the seconds from SIGTERM to the end, and what was wrong.

    Args:
        process: a segmenter.
        tried: it may still be trying its network when it is told to end.

    """
    target, faults, seconds, code = Target(process), [], 0.0, None
    target.client.wait_for(target.images.get_subscription_count, START_S)
    if process.running:
        if not (tried or target.images.get_subscription_count()):
            faults.append('hangs')
        target.ask(1)
        target.client.serve(0.2)
        target.ask(1)  # now there was an image
        target.client.serve(WORK_S)
    target.client.close()
    if process.running:
        limit, ending = in_time(), process.end()
        code, seconds = ending.code, ending.seconds
        if code != 0:
            faults.append('exit codes')
        if seconds > limit:
            faults.append('late')
    elif process.wait(0) != 1:
        faults.append('exit codes')
    if process.tracebacks:
        faults.append('tracebacks')
    return seconds, faults
