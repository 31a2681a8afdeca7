"""Holds the simulation against picamera2's own source.

It runs where picamera2 is installed, or where PICAMERA2_SOURCE names a checkout of
https://github.com/raspberrypi/picamera2. No sensor is needed.
"""

import ast
import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.fake_libcamera import Sensor, load
from helpers.fake_libcamera.rpk import write_rpk
from helpers.picamera2_source import source_folder
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.roi import Roi
from picosam_ros.simulation import Settings, Simulation, SteppedClock
from picosam_ros.simulation.picamera2 import Picamera2
from picosam_ros.simulation.queue import CompletedRequest

NUMBERS = st.integers(-500, 5000)
SIDES = st.integers(0, 5000)
SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=4)

WIDTH, HEIGHT = 640, 480
MODE = (2028, 1520)
CROP = (2, 0, 4052, 3040)

# In pixels of the image: picamera2 cuts an edge and a side to whole ones, 2; before that to whole
# pixels of the mode, 0.64; and we round to whole pixels of the sensor, 0.16.
EDGE = 2.8


@pytest.fixture(scope='module')
def source():
    return source_folder() / 'picamera2'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('machine')


@pytest.fixture(scope='module')
def library(source, folder):
    return load(source.parent, folder)


@pytest.fixture(scope='module')
def sensor(library):
    """What is below picamera2's IMX500: its driver takes every ROI unless `refuses` is set."""
    sensor = Sensor(scene=None, network=None)
    library.plug(sensor)
    return sensor


@pytest.fixture(scope='module')
def real(library, sensor, folder):
    """picamera2's IMX500."""
    return library.IMX500(write_rpk(folder / 'network.rpk'))


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


@given(shapes=st.lists(SHAPES, min_size=1, max_size=16), seed=st.integers(0, 2**32 - 1))
def test_both_read_any_tensors(library, real, ours, shapes, seed):
    """Tensors of all shapes, as networks with several outputs give them."""
    info = library.imx500.CnnOutputTensorInfoExported(network_name=b'any', num_tensors=len(shapes))
    for index, shape in enumerate(shapes):
        info.info[index].num_dimensions = len(shape)
        info.info[index].size[: len(shape)] = shape
    count = sum(int(np.prod(shape)) for shape in shapes)
    values = np.random.default_rng(seed).normal(0, 9, count).astype(np.float32)
    metadata = {'CnnOutputTensor': tuple(values.tolist()), 'CnnOutputTensorInfo': bytes(info)}
    assert [output.shape for output in ours.get_outputs(metadata)] == [tuple(s) for s in shapes]
    for own, theirs in zip(ours.get_outputs(metadata), real.get_outputs(metadata), strict=True):
        assert own.dtype == theirs.dtype
        assert own.strides == theirs.strides
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


@given(
    x=st.floats(0, WIDTH - 8),
    y=st.floats(0, HEIGHT - 8),
    width=st.floats(8, WIDTH),
    height=st.floats(8, HEIGHT),
)
def test_picamera2_draws_an_roi_where_the_image_has_it(real, x, y, width, height):
    """To within EDGE."""
    wanted = Roi(x, y, min(width, WIDTH - x), min(height, HEIGHT - y))
    on_sensor = wanted.through(Roi(*CROP).affine_to(WIDTH, HEIGHT).inverse()).rounded()
    real.set_inference_roi_abs(tuple(int(value) for value in vars(on_sensor).values()))
    drawn = Roi(*real.get_roi_scaled(request_of(CROP)))
    assert max(np.abs(np.subtract(edges(wanted), edges(drawn)))) < EDGE


def request_of(crop):
    """Return what `get_roi_scaled` asks of a request."""
    configuration = {'main': {'size': (WIDTH, HEIGHT)}, 'raw': {'size': MODE}}
    picam2 = SimpleNamespace(camera_configuration=lambda: configuration)
    return SimpleNamespace(picam2=picam2, get_metadata=lambda: {'ScalerCrop': crop})


def edges(roi):
    return roi.x, roi.y, roi.x + roi.width, roi.y + roi.height


def test_both_only_print_that_the_driver_refused_an_roi(real, sensor, capsys):
    faults = Simulation(Settings(None)).IMX500('picosam2-96')
    for imx500 in (real, faults):
        imx500.set_inference_roi_abs((8, 8, 800, 800))
    sensor.refuses = True
    faults._device.write_roi = _refuse
    printed = []
    for imx500 in (real, faults):
        imx500.set_inference_roi_abs((9, 9, 900, 900))
        printed.append(capsys.readouterr().out)
        assert imx500.config['roi'].to_tuple() == (8, 8, 800, 800)
    sensor.refuses = False
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
