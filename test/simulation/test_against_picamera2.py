"""Holds the simulation against picamera2's own source.

It runs where picamera2 is installed, or where PICAMERA2_SOURCE names a checkout of
https://github.com/raspberrypi/picamera2. No sensor is needed.
"""

import ast
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import libcamera_stub
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.simulation import Settings, Simulation, SteppedClock
from picosam_ros.simulation.picamera2 import Picamera2
from picosam_ros.simulation.queue import CompletedRequest

NUMBERS = st.integers(-500, 5000)
SIDES = st.integers(0, 5000)


def source_folder():
    """Return the folder of picamera2's modules, or skip."""
    if 'PICAMERA2_SOURCE' in os.environ:
        return Path(os.environ['PICAMERA2_SOURCE']) / 'picamera2'
    spec = importlib.util.find_spec('picamera2')
    if spec is None or not spec.submodule_search_locations:
        pytest.skip('picamera2 is not installed, and PICAMERA2_SOURCE names no checkout of it')
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope='module')
def source():
    return source_folder()


@pytest.fixture(scope='module')
def real_module(source):
    """Run imx500.py, with stubs for what it imports and what is not installed."""
    path = source / 'devices' / 'imx500' / 'imx500.py'
    spec = importlib.util.spec_from_file_location('real_imx500', path)
    module = importlib.util.module_from_spec(spec)
    stubs = {
        name: stub
        for name, stub in libcamera_stub.modules().items()
        if name == 'picamera2' or importlib.util.find_spec(name.partition('.')[0]) is None
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, stub in stubs.items():
            patch.setitem(sys.modules, name, stub)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def driver(real_module):
    """The kernel's part: takes every ROI unless `refuses` is set."""
    kernel = SimpleNamespace(refuses=False)

    def ioctl(*_):
        if kernel.refuses:
            raise OSError(121, 'Remote I/O error')

    real_module.fcntl = SimpleNamespace(ioctl=ioctl)
    return kernel


@pytest.fixture(scope='module')
def real(real_module, driver):
    """picamera2's IMX500, as it is after its constructor found a sensor."""
    imx500 = real_module.IMX500.__new__(real_module.IMX500)
    imx500.device_fd = None
    imx500._IMX500__cfg = {'input_tensor_size': (96, 96)}
    imx500.set_inference_roi_abs((0, 0, 4056, 3040))
    return imx500


@pytest.fixture(scope='module')
def simulation():
    ramp = np.arange(96 * 96, dtype=np.float32).reshape(96, 96) / 999 - 4
    black = np.zeros((30, 40, 3), np.uint8)
    return Simulation(Settings(clock=SteppedClock(), scene=black, network=lambda _: ramp))


@pytest.fixture(scope='module')
def ours(simulation):
    return simulation.IMX500('picosam2-96')


@pytest.fixture(scope='module')
def metadata(simulation, ours):
    """The metadata of one simulated frame."""
    with simulation.Picamera2(ours.camera_num) as camera:
        camera.start()
        request = camera.capture_request()
        metadata = request.get_metadata()
        request.release()
        return metadata


def test_both_read_the_same_tensors_from_the_same_metadata(real, ours, metadata):
    [theirs] = real.get_outputs(metadata)
    [own] = ours.get_outputs(metadata)
    assert own.shape == theirs.shape == (1, 96, 96)
    assert own.dtype == theirs.dtype
    assert own.strides == theirs.strides
    np.testing.assert_array_equal(own, theirs)


def test_both_read_several_tensors(real_module, real, ours):
    """Two tensors of different shapes, as networks with two outputs give them."""
    info = real_module.CnnOutputTensorInfoExported(network_name=b'two', num_tensors=2)
    for index, shape in enumerate(((2, 3, 4), (5,))):
        info.info[index].num_dimensions = len(shape)
        info.info[index].size[: len(shape)] = shape
    two = {'CnnOutputTensor': tuple(range(29)), 'CnnOutputTensorInfo': bytes(info)}
    assert [output.shape for output in ours.get_outputs(two)] == [(2, 3, 4), (5,)]
    for own, theirs in zip(ours.get_outputs(two), real.get_outputs(two), strict=True):
        np.testing.assert_array_equal(own, theirs)


def test_both_know_the_same_times(real, ours, metadata):
    assert ours.get_kpi_info(metadata) == real.get_kpi_info(metadata) == (14.3, 0.4)


def test_both_know_nothing_of_a_frame_without_a_tensor(real, ours):
    for imx500 in (real, ours):
        assert imx500.get_outputs({}) is None
        assert imx500.get_kpi_info({}) is None


def test_both_refuse_a_struct_of_another_length(real, ours, metadata):
    short = metadata | {'CnnOutputTensorInfo': metadata['CnnOutputTensorInfo'][:-1]}
    for imx500 in (real, ours):
        with pytest.raises(ValueError, match='711 does not match expected size 712'):
            imx500.get_outputs(short)


@given(x=NUMBERS, y=NUMBERS, width=SIDES, height=SIDES)
def test_both_clip_an_roi_alike(real, ours, x, y, width, height):
    for imx500 in (real, ours):
        imx500.set_inference_roi_abs((x, y, width, height))
    assert ours.config['roi'].to_tuple() == real.config['roi'].to_tuple()


def test_both_only_print_that_the_driver_refused_an_roi(real, driver, metadata, capsys):
    faults = Simulation(Settings(None)).IMX500('picosam2-96')
    for imx500 in (real, faults):
        imx500.set_inference_roi_abs((8, 8, 800, 800))
    driver.refuses = True
    faults._device.write_roi = _refuse
    printed = []
    for imx500 in (real, faults):
        imx500.set_inference_roi_abs((9, 9, 900, 900))
        printed.append(capsys.readouterr().out)
        assert imx500.config['roi'].to_tuple() == (8, 8, 800, 800)
    driver.refuses = False
    assert printed[0] == printed[1] != ''


def _refuse(_):
    raise OSError(121, 'Remote I/O error')


def methods_of(path, name):
    """Give the public methods of a class in a file, and the names of their arguments."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        node.name: [argument.arg for argument in node.args.args]
        for node in found.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith('_')
    }


@pytest.mark.parametrize(
    ('own', 'file', 'beyond'),
    [
        (Picamera2, 'picamera2.py', {'held', 'step'}),
        (CompletedRequest, 'request.py', {'truth'}),
        (Simulation(Settings(None)).IMX500.__base__, 'devices/imx500/imx500.py', set()),
    ],
    ids=['Picamera2', 'CompletedRequest', 'IMX500'],
)
def test_what_can_be_called_can_be_called_with_picamera2_too(source, own, file, beyond):
    theirs = methods_of(source / file, own.__name__)
    mine = {
        name: member
        for name, member in inspect.getmembers(own)
        if not name.startswith('_') and name not in beyond
    }
    assert mine
    for name, member in mine.items():
        assert name in theirs, name
        if inspect.isfunction(member):
            known = [argument for argument in theirs[name] if argument != 'self']
            names = [name for name in inspect.signature(member).parameters if name != 'self']
            assert names == [argument for argument in known if argument in names], member
