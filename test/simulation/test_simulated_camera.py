"""Configuration, requests and their buffers, and time."""

import threading
import time
from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np
import pytest
from helpers.patient import PATIENCE

from picosam_ros.cameras import make_camera
from picosam_ros.errors import CameraError
from picosam_ros.simulation import Settings, Simulation, SteadyClock
from picosam_ros.simulation.scene import sample

PERIOD_NS = 33_333_000
RED = (200, 30, 10)


def realtime(make_simulation, faults='', **settings):
    return make_simulation(faults, **{'clock': SteadyClock(), 'speed': 20.0} | settings)


@pytest.mark.parametrize(
    ('name', 'pixel'),
    [
        ('RGB888', (10, 30, 200)),
        ('BGR888', (200, 30, 10)),
        ('XRGB8888', (10, 30, 200, 255)),
        ('XBGR8888', (200, 30, 10, 255)),
    ],
)
def test_a_red_square_has_the_formats_order_in_memory(make_simulation, stream, name, pixel):
    _, camera = stream(
        make_simulation(scene=np.full((30, 40, 3), RED, np.uint8)),
        main={'format': name, 'size': (320, 240)},
    )
    request = camera.capture_request(wait=1)
    array = request.make_array('main')
    request.release()
    assert array.shape == (240, 320, len(pixel))
    assert (array == pixel).all()


def test_the_picture_shows_the_scaler_crop(make_simulation, stream):
    scene = np.random.default_rng(4).integers(0, 256, (480, 640, 3), np.uint8)
    crop = (1000, 500, 1000, 750)
    _, camera = stream(
        make_simulation(scene=scene), main={'format': 'BGR888'}, controls={'ScalerCrop': crop}
    )
    request = camera.capture_request(wait=1)
    assert request.get_metadata()['ScalerCrop'] == crop
    expected = sample(scene, request.request.crop, 640, 480)
    np.testing.assert_array_equal(request.make_array('main'), expected)
    assert (request.request.crop.x, request.request.crop.width) == (1000, 1000)


@pytest.mark.parametrize(
    ('size', 'crop'),
    [
        ((640, 480), (2, 0, 4052, 3040)),
        ((2028, 1520), (0, 0, 4056, 3040)),
        ((1280, 720), (0, 380, 4056, 2280)),
        ((480, 640), (888, 0, 2280, 3040)),
    ],
)
def test_the_crop_has_the_pictures_aspect_ratio(make_simulation, stream, frames, size, crop):
    """(2, 0, 4052, 3040) is what real cameras with this sensor tell at 640×480."""
    _, camera = stream(make_simulation(), main={'size': size})
    assert frames(camera, 1)[0][0]['ScalerCrop'] == crop


@pytest.mark.parametrize(
    ('wanted', 'raw', 'frame_us'),
    [
        ({}, (2028, 1520), 33_333),
        ({'sensor': {'output_size': (4056, 3040)}}, (4056, 3040), 100_000),
        ({'raw': {'size': (4056, 3040)}}, (4056, 3040), 100_000),
        ({'controls': {'FrameRate': 10}}, (2028, 1520), 100_000),
        ({'controls': {'FrameRate': 60}}, (2028, 1520), 33_333),
    ],
)
def test_the_mode_sets_the_rate(make_simulation, stream, frames, wanted, raw, frame_us):
    _, camera = stream(make_simulation(), **wanted)
    assert camera.camera_configuration()['raw']['size'] == raw
    assert camera.camera_configuration()['sensor'] == {'bit_depth': 10, 'output_size': raw}
    (first, one), (_, two) = frames(camera, 2)
    assert first['FrameDuration'] == frame_us
    assert two.exposed_ns - one.exposed_ns == frame_us * 1000


def test_a_configuration_tells_what_the_camera_took(make_simulation, stream):
    _, camera = stream(
        make_simulation(), main={'size': (641, 481), 'format': 'RGB888'}, buffer_count=6
    )
    configuration = camera.camera_configuration()
    assert configuration['main']['size'] == (640, 480)
    assert configuration['main']['stride'] == 1920
    assert configuration['main']['framesize'] == 921_600
    assert configuration['buffer_count'] == 6


def test_what_cannot_be_configured_is_refused(make_simulation, stream):
    _, camera = stream(make_simulation())
    with pytest.raises(RuntimeError, match='must be stopped'):
        camera.configure()
    camera.stop()
    with pytest.raises(ValueError, match="Bad key 'sise'"):
        camera.create_preview_configuration(main={'sise': (640, 480)})
    for options, message in (
        ({'main': {'format': 'YUV420'}}, 'Bad format YUV420'),
        ({'sensor': {'fps': 5}}, "Unexpected keys {'fps'}"),
        ({'controls': {'Zoom': 2}}, 'Zoom is not advertised'),
    ):
        with pytest.raises(RuntimeError, match=message):
            camera.configure(camera.create_preview_configuration(**options))


def test_controls_go_with_the_next_buffer_that_is_released(make_simulation, stream, frames):
    _, camera = stream(make_simulation(), buffer_count=4, queue=False)
    camera.set_controls({'ExposureTime': 5000, 'ScalerCrop': (9000, 0, 400, 300)})
    exposures = [metadata['ExposureTime'] for metadata, _ in frames(camera, 6)]
    assert exposures == [10_000] * 4 + [5000] * 2
    [(metadata, _)] = frames(camera, 1)
    assert metadata['ScalerCrop'] == (3656, 0, 400, 300), 'moved inside'
    with pytest.raises(RuntimeError, match='not advertised'):
        camera.set_controls({'Zoom': 2})


def test_a_frame_is_stamped_at_its_exposure_and_arrives_when_it_is_read_out(
    make_simulation, stream, frames
):
    before_ns = time.monotonic_ns()
    simulation = make_simulation()
    begin_ns = simulation.clock.now_ns()
    _, camera = stream(simulation)
    (metadata, truth), (later, _) = frames(camera, 2)
    assert metadata['SensorTimestamp'] == truth.exposed_ns + 10_000_000
    assert truth.exposed_ns == begin_ns
    assert later['SensorTimestamp'] - metadata['SensorTimestamp'] == PERIOD_NS
    assert later['FrameWallClock'] - metadata['FrameWallClock'] == PERIOD_NS
    wall_ns = time.time_ns() - time.monotonic_ns() + metadata['SensorTimestamp']
    # Either pair of clocks was read in turn.
    took_ns = time.monotonic_ns() - before_ns
    assert metadata['FrameWallClock'] == pytest.approx(wall_ns, abs=took_ns, rel=0)
    assert truth.complete_ns - truth.exposed_ns == 10_000_000 + PERIOD_NS + 5_000_000
    assert simulation.clock.now_ns() == truth.complete_ns + PERIOD_NS


def test_without_a_release_the_frames_end_and_with_it_they_go_on(make_simulation, stream, frames):
    simulation = make_simulation()
    _, camera = stream(simulation, buffer_count=3, queue=False)
    held = [camera.capture_request(wait=1) for _ in range(3)]
    assert simulation.held == 3
    with pytest.raises(FutureTimeoutError):
        camera.capture_request(wait=10)
    held.pop().release()
    [(_, truth)] = frames(camera, 1)
    assert truth.frame > 300, 'the sensor ran on meanwhile'


def test_the_camera_keeps_the_newest_request_for_who_asks_next(make_simulation, stream):
    for queue, kept in ((True, 1), (False, 0)):
        simulation = make_simulation()
        _, camera = stream(simulation, queue=queue)
        simulation.step(5)
        assert simulation.held == kept
        camera.close()


def test_what_would_wait_for_ever_is_told_on_a_stepped_clock(make_simulation, stream):
    _, camera = stream(make_simulation('stop_after=0'))
    with pytest.raises(RuntimeError, match='wait for ever'):
        camera.capture_request()


def test_releasing_and_acquiring_follow_the_count(make_simulation, stream):
    _, camera = stream(make_simulation())
    request = camera.capture_request(wait=1)
    request.acquire()
    request.release()
    assert request.get_metadata()
    request.release()
    with pytest.raises(RuntimeError, match='negative'):
        request.release()
    released = camera.capture_request(wait=1)
    released.release()
    with pytest.raises(RuntimeError, match='ref_count 0'):
        released.acquire()


def test_a_released_request_has_nothing_left(make_simulation, stream):
    _, camera = stream(make_simulation())
    request = camera.capture_request(wait=1)
    with pytest.raises(RuntimeError, match="'lores' is not defined"):
        request.make_array('lores')
    request.release()
    with pytest.raises(RuntimeError, match="'main' is not defined"):
        request.make_array('main')
    with pytest.raises(AssertionError):
        request.get_metadata()


def test_a_request_that_outlives_the_stream_can_be_read_and_released(
    make_simulation, stream, frames
):
    simulation = make_simulation()
    _, camera = stream(simulation, queue=False)
    request = camera.capture_request(wait=1)
    camera.stop()
    assert request.make_array('main').shape == (480, 640, 4)
    camera.start()
    camera.set_controls({'ExposureTime': 5000})
    request.release()
    assert frames(camera, 6)[-1][0]['ExposureTime'] == 5000, 'it takes no controls with it'
    assert simulation.held == 0


def test_the_callback_sees_every_frame_before_it_can_be_captured(make_simulation, stream, frames):
    seen = []
    _, camera = stream(make_simulation())
    camera.pre_callback = lambda request: seen.append(request.truth.frame)
    captured = [truth.frame for _, truth in frames(camera, 4)]
    assert seen == captured


def test_a_camera_is_open_once_at_a_time(make_simulation):
    simulation = make_simulation()
    [listed] = simulation.Picamera2.global_camera_info()
    assert listed['Model'] == 'imx500'
    with (
        simulation.Picamera2(listed['Num']) as camera,
        pytest.raises(RuntimeError, match='did not complete'),
    ):
        simulation.Picamera2(0)
    camera.close()
    simulation.Picamera2(0).close()


def test_every_simulation_is_a_sensor_of_its_own(make_simulation, stream):
    first = make_simulation()
    stream(first)
    make_simulation().Picamera2(0).close()
    assert make_simulation().Picamera2.global_camera_info()


def test_nothing_can_be_stepped_before_a_camera_is_open(make_simulation):
    with pytest.raises(RuntimeError, match='no camera is open'):
        make_simulation().step()


def test_in_real_time_frames_come_by_themselves(make_simulation, stream):
    arrived, done = [], threading.Event()

    def callback(request):
        arrived.append((time.monotonic_ns(), request.truth))
        if len(arrived) == 40:
            done.set()

    simulation = realtime(make_simulation)
    _, camera = stream(simulation)
    camera.pre_callback = callback
    assert done.wait(PATIENCE)
    camera.stop()
    frames = [truth.frame for _, truth in arrived]
    assert frames == sorted(set(frames))
    assert all(at_ns >= truth.complete_ns for at_ns, truth in arrived)
    took_s = (arrived[-1][1].exposed_ns - arrived[0][1].exposed_ns) / 1e9
    assert took_s >= (len(arrived) - 1) / 30 / 20 * 0.99


def test_in_real_time_a_wait_ends_in_time_and_a_stop_ends_the_stream(make_simulation, stream):
    _, camera = stream(realtime(make_simulation, 'stop_after=1'))
    camera.capture_request(wait=PATIENCE).release()
    begin = time.monotonic()
    with pytest.raises(FutureTimeoutError):
        camera.capture_request(wait=0.05)
    assert 0.05 <= time.monotonic() - begin < PATIENCE
    camera.stop()
    assert not camera.started


def test_a_host_camera_that_fails_is_told_to_who_waits(make_simulation, stream):
    def broken(frame):
        raise CameraError('the film tore')

    for simulation in (make_simulation(scene=broken), realtime(make_simulation, scene=broken)):
        _, camera = stream(simulation)
        with pytest.raises(CameraError, match='the film tore'):
            camera.capture_request(wait=PATIENCE)


def test_photographs_and_the_packages_network_give_frames_with_tensors(stream):
    pytest.importorskip('skimage')
    imx500, camera = stream(Simulation(Settings(make_camera('photos'))), main={'format': 'RGB888'})
    request = camera.capture_request(wait=PATIENCE)
    array, metadata = request.make_array('main'), request.get_metadata()
    picture, roi = request.request.image, request.truth.tensor.roi
    request.release()
    camera.stop()  # the network serves one thread at a time
    assert array.std() > 10
    [output] = imx500.get_outputs(metadata)
    assert output.shape == (1, 96, 96)
    logits = camera.device.network.infer(lambda: sample(picture, roi, 96, 96))
    np.testing.assert_allclose(output[0], np.clip(logits, -16, 15.875), atol=1 / 16 + 1e-6)


def test_a_request_that_was_not_waited_for_to_the_end_is_not_held(make_simulation, stream, frames):
    simulation = make_simulation()
    _, camera = stream(simulation, queue=False)
    with pytest.raises(FutureTimeoutError):
        camera.capture_request(wait=0.001)
    assert frames(camera, 1)[0][1].frame == 0
    assert simulation.held == 0
