"""How a sensor fails: at the start, in the stream, and in what it sends."""

from concurrent.futures import TimeoutError as FutureTimeoutError
from types import SimpleNamespace

import numpy as np
import pytest

from picosam_ros.simulation import Chip, device

IO_ERROR = '^Failed to start camera: Input/output error$'
SECOND_NS = 1_000_000_000


def with_tensors(found):
    return [truth.tensor is not None for _, truth in found]


def readable(imx500, metadata):
    try:
        return imx500.get_outputs(metadata) is not None
    except ValueError as error:
        assert str(error) == 'tensor info length 708 does not match expected size 712'  # noqa: PT017
        return False


@pytest.fixture
def idle(make_simulation, stream):
    """Open a sensor that is not started."""

    def make(faults, **settings):
        simulation = make_simulation(faults, **settings)
        simulation.IMX500('picosam2-96')
        camera = simulation.Picamera2()
        cameras.append(camera)
        return simulation, camera

    cameras = []
    yield make
    for camera in cameras:
        camera.close()


def test_the_first_starts_can_fail(idle, frames):
    _, camera = idle('failing_starts=2')
    for _ in range(2):
        with pytest.raises(RuntimeError, match=IO_ERROR):
            camera.start()
        assert not camera.started
    camera.start()
    assert with_tensors(frames(camera, 2)) == [True, True]


def test_the_starts_that_fail_are_counted_over_all_simulations_of_a_chip(idle):
    chip = Chip.create()
    for failing in (True, True, False):
        _, camera = idle('failing_starts=2', chip=chip)
        if failing:
            with pytest.raises(RuntimeError, match=IO_ERROR):
                camera.start()
        else:
            camera.start()


def test_a_start_that_fails_leaves_what_the_sensor_sees_closed(idle):
    calls = []
    scene = SimpleNamespace(
        read=None, open=lambda: calls.append('open'), close=lambda: calls.append('close')
    )
    _, camera = idle('failing_starts=1', scene=scene)
    with pytest.raises(RuntimeError, match=IO_ERROR):
        camera.start()
    assert calls == ['open', 'close']


def test_after_a_timeout_frames_cease_and_starts_fail_for_a_while(idle, frames):
    chip = Chip.create()
    simulation, camera = idle('timeout_at=4,timeout_s=20', chip=chip)
    camera.start()
    assert [truth.frame for _, truth in frames(camera, 4)] == [0, 1, 2, 3]
    with pytest.raises(FutureTimeoutError):
        camera.capture_request(wait=10)
    camera.close()

    _, another = idle('', chip=chip, clock=simulation.clock)
    for one in (simulation.Picamera2(), another):
        with pytest.raises(RuntimeError, match=IO_ERROR):
            one.start()
        one.close()
    assert len(simulation.Picamera2.global_camera_info()) == 1
    simulation.IMX500('picosam2-96')

    simulation.clock.sleep_until(simulation.clock.now_ns() + 10 * SECOND_NS)
    with simulation.Picamera2() as again:
        again.start()
        found = frames(again, 3)
    assert [truth.frame for _, truth in found] == [5, 6, 7]
    assert with_tensors(found) == [True] * 3


@pytest.mark.parametrize(('speed', 'seconds'), [(1, 20), (10, 2)])
def test_the_seconds_of_a_timeout_are_nominal(make_simulation, speed, seconds):
    chip = Chip.create()
    simulation = make_simulation('timeout_at=0,timeout_s=20', chip=chip, speed=speed)
    assert simulation._device.expose(7) is None
    assert chip.failing_until_ns == 7 + seconds * SECOND_NS


def test_a_timeout_can_last_for_ever(idle, frames):
    simulation, camera = idle('timeout_at=1,timeout_s=inf')
    camera.start()
    frames(camera, 1)
    camera.stop()
    simulation.clock.sleep_until(simulation.clock.now_ns() + 10**6 * SECOND_NS)
    with pytest.raises(RuntimeError, match=IO_ERROR):
        camera.start()


def test_the_first_starts_can_give_images_only(idle, frames):
    _, camera = idle('lost_starts=2,failing_starts=1')
    with pytest.raises(RuntimeError, match=IO_ERROR):
        camera.start()
    camera.start()
    found = frames(camera, 4)
    assert with_tensors(found) == [False] * 4
    assert not [key for metadata, _ in found for key in metadata if key.startswith('Cnn')]
    camera.stop()
    camera.start()
    assert with_tensors(frames(camera, 2)) == [True, True]


def test_a_start_without_the_network_uploads_nothing(idle):
    chip = Chip.create()
    simulation, camera = idle('lost_starts=1,start_s=60', chip=chip)
    before_ns = simulation.clock.now_ns()
    camera.start()
    assert simulation.clock.now_ns() == before_ns
    assert (chip.upload_begin_ns, chip.network, chip.cached) == (0, 0, 0)


@pytest.mark.parametrize('after', [0, 3])
def test_each_stream_can_lose_its_network(idle, frames, after):
    _, camera = idle(f'lose_network_after={after}')
    for _ in range(2):
        camera.start()
        assert with_tensors(frames(camera, 6)) == [True] * after + [False] * (6 - after)
        camera.stop()


def test_a_tensor_whose_struct_has_another_length_cannot_be_read(make_simulation, stream, frames):
    def read(faults):
        imx500, camera = stream(make_simulation(faults))
        found = frames(camera, 60)
        assert all(with_tensors(found))
        return [readable(imx500, metadata) for metadata, _ in found]

    assert read('unreadable=1') == [False] * 60
    assert read('') == [True] * 60
    assert 15 < sum(read('unreadable=0.5')) < 45
    assert read('unreadable=0.5,seed=1') != read('unreadable=0.5') == read('unreadable=0.5')


@pytest.mark.parametrize('late', [0, 2])
def test_the_struct_counts_the_frame_that_delivers_a_tensor(make_simulation, stream, frames, late):
    _, camera = stream(make_simulation(f'late={late}'))
    found = frames(camera, 6)[late:]
    counts = [metadata['CnnOutputTensorInfo'][708] for metadata, _ in found]
    assert counts == [truth.frame for _, truth in found]
    assert [truth.frame - truth.tensor.frame for _, truth in found] == [late] * (6 - late)


def test_logits_are_those_that_eight_bits_hold(make_simulation, stream, frames):
    ramp = np.linspace(-20, 20, 96 * 96, dtype=np.float32).reshape(96, 96)
    imx500, camera = stream(make_simulation(network=lambda _: ramp))
    [(metadata, _)] = frames(camera, 1)
    levels = np.unique(imx500.get_outputs(metadata)[0])
    np.testing.assert_array_equal(levels, np.arange(-128, 128) / 8)


def test_a_sensor_that_is_opened_again_keeps_the_network_that_it_has(make_simulation, monkeypatch):
    # A second copy beside the first left a hole of 6 MB in the heap with each loss of the device.
    made = []
    make = device.make_network
    monkeypatch.setattr(
        device, 'make_network', lambda settings, model: made.append(model) or make(settings, model)
    )
    simulation = make_simulation(network=None)
    for _ in range(3):
        simulation.IMX500('picosam2-96')
        camera = simulation.Picamera2()
        camera.start()
        camera.close()
    simulation.IMX500('picosam-lite-96')
    assert made == ['picosam2-96', 'picosam-lite-96']
