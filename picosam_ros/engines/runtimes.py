"""Runtimes of network files: ONNX Runtime, or OpenVINO where it is installed."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.work_limit import NotFinite
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.models.onnx_file import data_files, properties_of
from picosam_ros.registry import nearest

Array = npt.NDArray[Any]

DEFAULT_RUNTIME = 'onnxruntime'

# What ONNX Runtime says of a file that is too new: the number given, and the largest allowed.
TOO_NEW = {
    'IR version': re.compile(r'IR version: (\d+), max supported IR version: (\d+)'),
    'opset': re.compile(r'Opset (\d+) is under development.* till opset (\d+)'),
}

MAX_THREADS = 4


@dataclass(frozen=True)
class Port:
    """An input or an output of a network.

    Attributes:
        name: in the file.
        dtype: as NumPy calls it, for example uint8.
        shape: a side that is free is a text.

    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f'{self.name} {self.dtype} {"×".join(map(str, self.shape)) or "scalar"}'


class LoadedNetwork(Protocol):
    """A loaded network; used by one thread at a time.

    Args:
        path: an .onnx file.
        threads: of one run.

    Attributes:
        title: of the runtime.
        inputs, outputs: in the file's order.
        properties: of the file, key to value (ONNX's metadata_props).

    """

    title: ClassVar[str]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    properties: dict[str, str]

    def __init__(self, path: Path, threads: int) -> None: ...

    def run(self, feed: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        """Return new arrays of the wanted outputs for one value of every input."""


class OnnxRuntimeNetwork:
    """A network in ONNX Runtime, on the CPU, with threads that do not spin while they wait."""

    title: ClassVar[str] = 'ONNX Runtime'

    def __init__(self, path: Path, threads: int) -> None:
        onnxruntime = _imported('onnxruntime', self.title)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # Waiting threads that spin double the time on a busy machine (onnxruntime#8313).
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )
        _return_freed_memory()
        self.inputs = tuple(map(_onnx_port, self.session.get_inputs()))
        self.outputs = tuple(map(_onnx_port, self.session.get_outputs()))
        self.properties = properties_of(path)
        # The first run plans the memory of the others and takes twice as much: release that.
        self._first: Any = onnxruntime.RunOptions()
        self._first.add_run_config_entry('memory.enable_memory_arena_shrinkage', 'cpu:0')

    def run(self, feed: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        options, self._first = self._first, None
        results: list[Array] = self.session.run(wanted, feed, options)
        return results


def _return_freed_memory() -> None:
    """Give the system back what loading took and freed: half of what it takes, where libc can."""
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if trim is not None:
        trim(0)


class OpenVinoNetwork:
    """A network in OpenVINO, on the CPU, in bfloat16 where the processor has it."""

    title: ClassVar[str] = 'OpenVINO'
    SETTINGS: ClassVar[dict[str, Any]] = {
        'PERFORMANCE_HINT': 'LATENCY',
        'NUM_STREAMS': '1',
        # On a robot the cores have other work: let the system place the threads.
        'ENABLE_CPU_PINNING': False,
    }

    def __init__(self, path: Path, threads: int) -> None:
        openvino = import_openvino()
        core = openvino.Core()
        model = core.read_model(path)
        self.inputs = tuple(map(_openvino_port, model.inputs))
        self.outputs = tuple(map(_openvino_port, model.outputs))
        self.properties = properties_of(path)
        settings = {**self.SETTINGS, 'INFERENCE_NUM_THREADS': threads}
        self._model = core.compile_model(_with_batch_of_one(model), 'CPU', settings)

    def run(self, feed: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        results = self._model(dict(feed), share_inputs=True)
        return [results[name] for name in wanted]


# Name to class; the name is that of the Python package.
RUNTIMES: dict[str, type[LoadedNetwork]] = {
    'onnxruntime': OnnxRuntimeNetwork,
    'openvino': OpenVinoNetwork,
}


def check_runtime(name: str) -> None:
    """Raise EngineError unless RUNTIMES has this name."""
    if name not in RUNTIMES:
        given = f'runtime {name!r} was given{nearest(name, RUNTIMES)}'
        raise EngineError(f'{given}; allowed are {", ".join(RUNTIMES)}')


def threads_of(given: int) -> int:
    """Return how many threads a run takes; 0 stands for half of the cores, at most MAX_THREADS.

    Raises:
        EngineError: a negative number, or none.

    """
    if not isinstance(given, int) or given < 0:
        raise EngineError(
            f'threads {given!r} was given; allowed are 1 and more, or 0 for half of the cores'
        )
    return given or max(1, min(MAX_THREADS, (os.cpu_count() or 2) // 2))


def load(path: Path, threads: int, runtime: str = DEFAULT_RUNTIME) -> LoadedNetwork:
    """Load a network file.

    Args:
        path: an .onnx file.
        threads: of one run.
        runtime: one of RUNTIMES.

    Raises:
        EngineError: the runtime is unknown or not installed.
        ModelError: it cannot load the file, or a file with its weights is not there.

    """
    check_runtime(runtime)
    missing = next((file for file in data_files(path) if not file.is_file()), None)
    if missing is not None:
        raise ModelError(
            f'file {missing} does not exist, which holds weights of {path}; copy {missing.name} '
            'there, or export the network with its weights inside'
        )
    try:
        return RUNTIMES[runtime](path, threads)
    except EngineError:
        raise
    except Exception as error:  # the runtimes' own exceptions share no other base class
        title = RUNTIMES[runtime].title
        raise ModelError(
            f'model file {path} cannot be loaded by {title}; {_cause_of(error)}'
        ) from error


def _cause_of(error: Exception) -> str:
    """Return what is wrong with a file, and what to do, after a runtime's own words."""
    said = first_line(error)
    for what, pattern in TOO_NEW.items():
        if found := pattern.search(said):
            given, most = found.groups()
            return (
                f'it has the {what} {given}, and the largest allowed is {most}: export it with '
                'that one, or install a newer runtime'
            )
    return f'it may be truncated: copy or export it again ({said})'


def check_finite(outputs: Sequence[Array], names: Sequence[str]) -> None:
    """Raise NotFinite if a network returned NaN or infinity in one of its outputs."""
    for values, name in zip(outputs, names, strict=True):
        if values.dtype.kind == 'f' and not np.isfinite(values).all():
            raise NotFinite(
                f'the network returned NaN or infinity in its output {name!r}, from which no mask '
                'follows; export it again, in float32, or use another one'
            )


def import_openvino() -> Any:
    """Return the package, silenced. Raises EngineError if it cannot be imported."""
    # Its import would report to Google Analytics, by this package; without it, it does not.
    # Nothing here uses the internet.
    sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]
    return _imported('openvino', OpenVinoNetwork.title)


def _imported(package: str, title: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise EngineError(
            f'runtime {package!r} needs {title}, which cannot be imported ({error}); '
            f'install it with: pip install {package}'
        ) from error


def _onnx_port(port: Any) -> Port:
    kind = port.type.removeprefix('tensor(').removesuffix(')')
    names = {'float': 'float32', 'double': 'float64'}
    shape = tuple(side if isinstance(side, int) else str(side or '?') for side in port.shape)
    return Port(port.name, names.get(kind, kind), shape)


def _openvino_port(port: Any) -> Port:
    shape = tuple(side.get_length() if side.is_static else '?' for side in port.get_partial_shape())
    return Port(port.get_any_name(), np.dtype(port.get_element_type().to_dtype()).name, shape)


def _with_batch_of_one(model: Any) -> Any:
    """Fix a free batch size to 1: engines run one image; OpenVINO plans a fixed shape better."""
    shapes = {port.get_any_name(): port.get_partial_shape() for port in model.inputs}
    for shape in shapes.values():
        if len(shape) == 4 and shape[0].is_dynamic:
            shape[0] = 1
    model.reshape(shapes)
    return model


def first_line(error: Exception) -> str:
    """Return what a runtime says, without its stack."""
    return str(error).strip().split('\n', 1)[0]
