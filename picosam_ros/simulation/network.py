"""What runs in the simulated sensor, and its output as it travels in the metadata of a frame.

CnnOutputTensorInfo is a struct of libcamera's (`CnnOutputTensorInfo` in its IMX500 helper): a name
of 64 bytes, the number of tensors, sixteen descriptions (number of values, number of dimensions,
sixteen sizes of two bytes) and a frame counter; little-endian, padded to a multiple of four.

The counter (raspberrypi/libcamera#303) is a byte that the sensor writes into the headers of what it
sends with a frame, of the input tensor and of the output tensor alike. Here it is that of the frame
that brings the tensor, also where the network saw an earlier one: libcamera takes the two headers
of one frame together if they count the same, even if only one of them has a tensor, and picamera2's
example of injected tensors waits for the count of the frame that brings the answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.host import HostEngine
from picosam_ros.frame import Frame, Logits, Pixels
from picosam_ros.prompt import Prompt
from picosam_ros.simulation.settings import NetworkFunction, Settings

MAX_TENSORS = MAX_DIMENSIONS = 16
HEADER = struct.Struct('<64sI')
DESCRIPTION = struct.Struct(f'<II{MAX_DIMENSIONS}H')
# Without the frame counter, and with it.
UNCOUNTED_INFO_SIZE = HEADER.size + MAX_TENSORS * DESCRIPTION.size
INFO_SIZE = UNCOUNTED_INFO_SIZE + 4

INT8_SCALE = 1 / 8

Metadata = dict[str, Any]


class SensorNetwork(Protocol):
    """Computes logits from the pixels of the ROI."""

    def open(self) -> None:
        """Load it. Raises ModelError or EngineError; a second call does nothing."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        """Return h×w float32 logits of the pixels that `sample` returns: h×w×3 uint8 RGB."""


class FunctionNetwork:
    """A function in the network's place."""

    def __init__(self, function: NetworkFunction) -> None:
        self._function = function

    def open(self) -> None:
        """Return at once: there is nothing to load."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        return self._function(sample())


class RecordedNetwork:
    """Recorded logits, one after another; no pixels are sampled, and nothing is computed."""

    def __init__(self, recorded: Sequence[Logits]) -> None:
        self._next = cycle(recorded)

    def open(self) -> None:
        """Return at once: there is nothing to load."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        del sample
        return next(self._next)


class EngineNetwork:
    """The package's ONNX network: the engine gets the pixels of the ROI as a whole image."""

    def __init__(self, model: str, threads: int) -> None:
        self._engine = HostEngine(model=model, threads=threads)
        self._whole: Prompt | None = None

    def open(self) -> None:
        self._engine.open()

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        frame = Frame(sample())
        if self._whole is None:
            centre = (frame.width - 1) / 2, (frame.height - 1) / 2
            self._whole = Prompt.from_point(*centre, roi_size=frame.width)
        # As the sensor sends it: with the specks that an engine takes off its masks.
        [mask] = self._engine.candidates(frame, self._whole)
        return mask.logits


def make_network(settings: Settings, model: str) -> SensorNetwork:
    """Make what the settings ask for, without loading it; else the model."""
    if settings.replay:
        return RecordedNetwork(settings.replay)
    if settings.network is not None:
        return FunctionNetwork(settings.network)
    return EngineNetwork(model, settings.threads)


def quantised(logits: Logits) -> Logits:
    """Round to what int8 with a scale of 1/8 can hold: −16 to 15.875 in steps of 1/8."""
    steps = np.clip(np.round(logits / INT8_SCALE), -128, 127)
    return np.asarray(steps * INT8_SCALE, np.float32)


def pack(logits: Logits, name: str, frame: int) -> Metadata:
    """Return CnnOutputTensor and CnnOutputTensorInfo of one mask that comes with this frame.

    The tensor has the shape (1, H, W) and travels in Fortran order, as Python's floats; the
    struct as whole numbers, one for each byte: so libcamera's Python bindings hand them out.
    """
    tensor = np.asarray(logits, np.float32)[np.newaxis]
    header = HEADER.pack(name.encode()[: 64 - 1], 1)
    sizes = tensor.shape + (0,) * (MAX_DIMENSIONS - tensor.ndim)
    description = DESCRIPTION.pack(tensor.size, tensor.ndim, *sizes)
    info = (header + description).ljust(INFO_SIZE - 4, b'\0') + struct.pack('<B3x', frame % 256)
    return {
        'CnnOutputTensor': tuple(tensor.ravel(order='F').tolist()),
        'CnnOutputTensorInfo': tuple(info),
    }


def shapes(info: Any) -> list[list[int]]:
    """Read the tensors' shapes from the struct.

    Raises:
        ValueError: it has another length.

    """
    data = bytes(info)
    if len(data) != INFO_SIZE:
        raise ValueError(f'tensor info length {len(data)} does not match expected size {INFO_SIZE}')
    _, count = HEADER.unpack_from(data)
    found = []
    for index in range(min(count, MAX_TENSORS)):
        _, dimensions, *sizes = DESCRIPTION.unpack_from(
            data, HEADER.size + index * DESCRIPTION.size
        )
        found.append(sizes[:dimensions])
    return found


def unpack(metadata: Metadata) -> list[npt.NDArray[np.float32]] | None:
    """Read the tensors, each a float32 array in Fortran order; None if there is none."""
    values = metadata.get('CnnOutputTensor')
    if not values:
        return None
    flat = np.fromiter(values, np.float32)
    info = metadata.get('CnnOutputTensorInfo')
    outputs, start = [], 0
    for shape in shapes(info) if info else []:
        end = start + int(np.prod(shape))
        outputs.append(flat[start:end].reshape(shape, order='F'))
        start = end
    return outputs
