import math
import time

import numpy as np
import pytest
from helpers.simulated import Bench, scene, seen_by

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.picamera.imx500 import SensorRecord
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.errors import CameraError
from picosam_ros.roi import Roi

MIDDLE = Roi(270, 190, 100, 100)
LEFT = Roi(10, 30, 120, 120)


@pytest.fixture
def bench(monkeypatch):
    bench = Bench(monkeypatch)
    bench.open()
    yield bench
    bench.camera.close()


def settled(bench, roi):
    """Place an ROI and give the first frame that tells what is there."""
    ticket = bench.camera.look_at(roi)
    for _ in range(10):
        frame = bench.step()
        if frame.sensor_output and frame.sensor_output.ticket == ticket:
            return frame
    raise AssertionError(frame.no_output)


def near(a, b, tolerance):
    pairs = zip((a.x, a.y, a.width, a.height), (b.x, b.y, b.width, b.height), strict=True)
    return all(abs(one - other) <= tolerance for one, other in pairs)


def test_a_frame_carries_picture_header_and_times(bench):
    frame = bench.step()
    assert frame.pixels.shape == (480, 640, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.frame_id == 'eye'
    assert frame.exposure_ms == 10
    truth = bench.requests[-1].truth
    offset_ns = bench.clock.wall_ns() - bench.clock.now_ns()
    assert frame.stamp_ns == pytest.approx(truth.exposed_ns + offset_ns, abs=1e6)


def test_red_is_the_first_channel(bench):
    frame = bench.step()
    assert np.all(np.diff(frame.pixels[240, ::40, 0].astype(int)) > 0)
    assert np.all(np.diff(frame.pixels[::40, 320, 1].astype(int)) > 0)


def test_a_frame_is_not_older_than_its_arrival(bench):
    before = time.time_ns()
    frame = bench.step()
    assert before <= frame.received_ns <= time.time_ns()


def test_before_an_roi_is_placed_a_frame_says_so(bench):
    frame = bench.step()
    assert frame.sensor_output is None
    assert frame.no_output == 'no ROI had been placed when this frame was captured'


def test_the_logits_are_of_the_roi_that_the_inference_names(bench):
    for roi in (MIDDLE, LEFT, Roi(500, 300, 60, 90)):
        inference = settled(bench, roi).sensor_output
        assert inference.logits.shape == (24, 24)
        assert inference.logits.dtype == np.float32
        assert inference.logits.flags.c_contiguous
        assert near(inference.roi, roi, 0.2)
        assert near(seen_by(inference), Roi(*(6.34 * v for v in vars(roi).values())), 60)
        assert (inference.dnn_ms, inference.dsp_ms) == (14.3, 0.4)


def test_the_roi_is_told_to_a_fraction_of_a_pixel(bench):
    inference = settled(bench, MIDDLE).sensor_output
    placed = Roi(*bench.camera._imx500.config['roi'].to_tuple())
    expected = placed.through(Roi(2, 0, 4052, 3040).affine_to(640, 480))
    assert near(inference.roi, expected, 1e-9)


def test_a_digital_zoom_changes_what_an_roi_in_the_image_means(bench):
    bench.cameras[-1].set_controls({'ScalerCrop': (1014, 760, 2028, 1520)})
    for _ in range(12):
        bench.step()
    inference = settled(bench, MIDDLE).sensor_output
    assert near(inference.roi, MIDDLE, 0.4)
    assert near(seen_by(inference), Roi(1014 + 270 * 3.17, 760 + 190 * 3.17, 317, 317), 40)


def test_an_roi_over_the_border_is_moved_inside_and_the_inference_tells(bench):
    inference = settled(bench, Roi(-30, 400, 100, 100)).sensor_output
    assert near(inference.roi, Roi(0, 380, 100, 100), 0.4)
    assert near(seen_by(inference), Roi(0, 3040 - 634, 634, 634), 60)


@pytest.mark.parametrize('faults', ['', 'roi_lag=1', 'roi_lag=2', 'roi_lag=3', 'missing=0.3'])
def test_no_answer_is_ever_given_to_the_wrong_place_or_picture(monkeypatch, faults):
    bench = Bench(monkeypatch, faults)
    bench.open()
    random = np.random.default_rng(5)
    wanted, answers = {}, 0
    for _ in range(120):
        if random.random() < 0.15:
            roi = Roi(*map(int, random.integers(0, 300, 2)), 150, 150)
            wanted[bench.camera.look_at(roi)] = roi
        frame = bench.step()
        if frame.sensor_output is None:
            assert frame.no_output
            continue
        answers += 1
        roi = wanted[frame.sensor_output.ticket]
        assert near(frame.sensor_output.roi, roi, 0.2)
        assert near(seen_by(frame.sensor_output), Roi(*(6.34 * v for v in vars(roi).values())), 60)
        assert frame.sensor_output.logits[5, 5] == frame.pixels[0, 0, 2]
    assert answers > 10
    bench.camera.close()
    assert bench.held() == 0


def test_too_few_frames_to_settle_give_wrong_answers_so_the_test_above_can_fail(monkeypatch):
    bench = Bench(monkeypatch, 'roi_lag=3', roi_settle_frames=0)
    bench.open()
    settled(bench, MIDDLE)
    frame = settled(bench, LEFT)
    assert not near(seen_by(frame.sensor_output), Roi(*(6.34 * v for v in vars(LEFT).values())), 60)
    bench.camera.close()


def test_a_tensor_after_frames_without_one_counts_only_if_the_roi_was_the_same(monkeypatch):
    bench = Bench(monkeypatch, 'tensor_every=4', roi_settle_frames=3)
    bench.open()
    bench.camera.look_at(MIDDLE)
    reasons = [bench.step().no_output for _ in range(24)]
    assert 'no tensor came with this frame' in reasons
    assert any(reason.startswith('late tensor') for reason in reasons)
    assert reasons[12::4] == ['', '', ''] or '' in reasons[12:]
    told = bench.camera.description
    assert told['frames without a mask (no tensor)'] == '18'
    assert int(told['frames without a mask (late tensor)']) >= 1
    bench.camera.close()


def test_an_unreadable_tensor_is_told_with_its_frame(monkeypatch):
    bench = Bench(monkeypatch)
    bench.open()

    def unreadable(*_):
        raise ValueError('tensor info length 708 does not match')

    monkeypatch.setattr(bench.simulation.IMX500, 'get_outputs', unreadable)
    frames = [bench.step() for _ in range(70)]
    assert 'length 708 does not match' in frames[-1].no_output
    assert 'picosam doctor' in frames[-1].no_output
    assert bench.camera.description['frames without a mask (unreadable tensor)'] == '70'
    bench.camera.close()


def test_a_sensor_that_lost_its_network_is_told_and_opened_again(monkeypatch):
    bench = Bench(monkeypatch, 'missing=1')
    for patience in (60, 600):
        bench.open()
        for _ in range(patience - 1):
            bench.step()
        with pytest.raises(CameraError, match='lost its network') as caught:
            bench.step()
        assert caught.value.retry_s >= 8
        bench.camera.close()
    assert bench.camera.description['lost networks'] == '2'


def test_while_it_waits_longer_the_lost_network_is_a_warning(monkeypatch):
    bench = Bench(monkeypatch, 'missing=1', record=SensorRecord(patience=100))
    bench.open()
    for _ in range(59):
        bench.step()
    assert bench.camera.warning == ''
    bench.step()
    assert 'no tensor for 60 frames; it is opened again after 40 more' in bench.camera.warning
    bench.camera.close()


def test_an_roi_is_not_wider_than_the_driver_takes(bench):
    bench.camera.look_at(Roi(0, 0, 640, 480))
    x, y, width, height = bench.camera._imx500.config['roi'].to_tuple()
    assert (x, y, width, height) == (12, 0, 4032, 3040)


@pytest.mark.parametrize(
    ('mode', 'rate', 'said'),
    [
        (None, 60, 'mode 2028x1520 of this camera gives 1 to 30 frames'),
        ((4056, 3040), 30, 'mode 4056x3040 of this camera gives 1 to 10 frames'),
        (None, 0.5, 'gives 1 to 30'),
    ],
)
def test_a_rate_that_the_mode_cannot_give_is_refused(monkeypatch, mode, rate, said):
    bench = Bench(monkeypatch, mode=mode, rate=rate)
    with pytest.raises(CameraError, match=said):
        bench.open()


def test_a_refused_roi_is_an_error_counted_and_changes_nothing(monkeypatch):
    bench = Bench(monkeypatch, 'refuse_roi=1')
    bench.open()
    for count in (1, 2):
        with pytest.raises(CameraError, match='refused the ROI'):
            bench.camera.look_at(LEFT)
        assert bench.camera.description['refused ROIs'] == str(count)
    assert 'refused the ROI' in bench.camera.description['last refused ROI']
    assert bench.step().no_output == 'no ROI had been placed when this frame was captured'
    bench.camera.close()


def test_a_refused_roi_leaves_the_one_before(bench):
    ticket = bench.camera.look_at(MIDDLE)
    bench.camera._imx500.set_inference_roi_abs = lambda roi: None
    with pytest.raises(CameraError, match='and keeps'):
        bench.camera.look_at(LEFT)
    tickets = [
        frame.sensor_output.ticket for _ in range(8) if (frame := bench.step()).sensor_output
    ]
    assert set(tickets) == {ticket}


def test_after_a_reopening_the_last_roi_is_there_under_its_ticket(bench):
    bench.step()
    ticket = bench.camera.look_at(LEFT)
    bench.camera.close()
    bench.open()
    frames = [bench.step() for _ in range(8)]
    inference = frames[-1].sensor_output
    assert inference.ticket == ticket
    assert near(inference.roi, LEFT, 0.2)
    assert near(seen_by(inference), Roi(*(6.34 * v for v in vars(LEFT).values())), 60)
    assert bench.camera.look_at(MIDDLE) == ticket + 1


def test_a_closed_camera_places_nothing(bench):
    bench.camera.close()
    with pytest.raises(CameraError, match='closed'):
        bench.camera.look_at(LEFT)


def test_an_error_while_a_frame_is_read_releases_it_and_is_told(bench, monkeypatch):
    bench.step()

    def fail(self, name):
        raise RuntimeError('no memory')

    monkeypatch.setattr(type(bench.requests[0]), 'make_array', fail)
    with pytest.raises(CameraError, match='no memory'):
        bench.step()
    bench.camera.close()
    assert bench.held() == 0


def test_a_reader_that_is_late_gets_the_newest_frame_and_holds_none(bench):
    for _ in range(40):
        bench.cameras[-1].capture_request(wait=1.0).release()
    assert bench.held() == 1
    assert bench.camera.read(timeout=10).pixels[0, 0, 2] == scene(39)[0, 0, 2]
    assert bench.held() == 0


def test_closing_releases_what_nobody_read(bench):
    bench.cameras[-1].capture_request(wait=1.0).release()
    assert bench.held() == 1
    bench.camera.close()
    assert bench.held() == 0


def test_a_network_without_masks_is_told(monkeypatch):
    bench = Bench(monkeypatch)
    bench.open()
    bench.camera.look_at(MIDDLE)
    monkeypatch.setattr(
        bench.simulation.IMX500, 'get_outputs', lambda *_: [np.zeros((1, 4)), np.zeros(3)]
    )
    frames = [bench.step() for _ in range(6)]
    assert frames[-1].no_output == (
        'the network returns tensors of (1, 4), (3,); a mask is a single one of 1×H×W'
    )
    bench.camera.close()


def test_without_its_times_an_inference_has_none(monkeypatch, bench):
    monkeypatch.setattr(bench.simulation.IMX500, 'get_kpi_info', staticmethod(lambda _: None))
    assert math.isnan(settled(bench, MIDDLE).sensor_output.dnn_ms)


def test_without_a_network_it_is_refused_with_the_commands_that_make_one():
    camera = make_camera('imx500')
    with pytest.raises(CameraError, match=r'imxconv-pt.*imx500-package'):
        camera.open()


def test_it_says_that_it_can_be_told_where_to_look():
    camera = make_camera('imx500', simulate=True)
    assert isinstance(camera, RoiPlacer)


def test_faults_that_there_are_not_are_refused():
    with pytest.raises(CameraError, match="fault 'sneeze' was given"):
        make_camera('imx500', simulate=True, faults='sneeze=1')


def test_faults_of_the_network_are_told(monkeypatch):
    camera = make_camera('imx500', simulate=True, sensor_network='/gone/network.rpk')
    with pytest.raises(CameraError, match=r'Firmware file .*network.rpk does not exist'):
        camera.open()
