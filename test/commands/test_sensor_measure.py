import math
from types import SimpleNamespace

import numpy as np
import pytest

from picosam_ros.cameras import base as clocks
from picosam_ros.cameras.picamera import captured_frame, imx500
from picosam_ros.commands.sensor_measure import Probe, measure
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.simulation import Faults, Settings, Simulation, SteppedClock

SIZE = 160, 120


def checkered(_):
    """Give every place another pattern; the scene is still."""
    return np.random.default_rng(1).integers(0, 2, (6, 8, 3), np.uint8) * 255


def red(pixels):
    return (pixels[..., 0].astype(np.float32) - 128) / 16


class Stepped(Probe):
    """Time passes while it reads, and only then."""

    def __init__(self, monkeypatch, faults='', **settings):
        clock = SteppedClock()
        self.simulation = Simulation(
            Settings(
                **{'scene': checkered, 'network': red, 'input_size': (24, 24)} | settings,
                clock=clock,
                faults=Faults.parse(faults),
            )
        )
        stepped = SimpleNamespace(
            monotonic_ns=clock.now_ns,
            time_ns=clock.wall_ns,
            clock_gettime_ns=lambda _: clock.now_ns(),
            CLOCK_BOOTTIME=7,
        )
        for module in (imx500, captured_frame, clocks):
            monkeypatch.setattr(module, 'time', stepped)
        super().__init__(
            source='',
            sensor_network=SENSOR_MODEL,
            rate=30,
            frame_id='',
            size=SIZE,
            backend=self.simulation,
        )

    def read(self, timeout):
        self.simulation.step()
        return super().read(timeout)


@pytest.fixture
def check(monkeypatch):
    """Measure a simulated sensor without waiting."""

    def check(faults='', changes=16, **settings):
        probe = Stepped(monkeypatch, faults, **settings)
        probe.open()
        report = measure(probe, changes=changes, size=SIZE, report_state=print)
        probe.close()
        return report

    return check


@pytest.mark.parametrize('lag', range(5))
@pytest.mark.parametrize('faults', ['', 'missing=0.3', 'tensor_every=2'])
def test_the_lag_of_the_roi_is_found(check, lag, faults):
    report = check(f'roi_lag={lag},{faults}')
    assert report.roi_settle_frames == lag
    assert report.clear_changes > 8


@pytest.mark.parametrize('every', [5, 8, 11])
def test_a_sensor_that_computes_few_frames_is_read_until_a_change_shows(check, every):
    report = check(f'roi_lag=2,tensor_every={every}')
    assert report.clear_changes > 8
    # What lies between two outputs is not known: the longest time counts.
    assert 2 <= report.roi_settle_frames <= 2 + every


@pytest.mark.parametrize('isp_ms', [1.0, 20.0, 40.0, 70.0])
def test_the_lag_is_the_same_however_long_frames_are_on_their_way(check, isp_ms):
    assert check('roi_lag=2', isp_ms=isp_ms).roi_settle_frames == 2


def test_a_tensor_that_is_late_counts_as_lag(check):
    assert check('roi_lag=1,late=1').roi_settle_frames == 2


def test_rate_share_and_times_are_those_of_the_sensor(check):
    report = check('missing=0.25')
    assert report.rate == pytest.approx(30, abs=0.01)
    assert report.tensor_share == pytest.approx(0.75, abs=0.08)
    assert (report.dnn_ms.p50, report.dsp_ms.p50) == (14.3, 0.4)
    assert report.frames > 16 * 11
    assert report.wall_clock
    assert report.clock_offset_ms == pytest.approx(0, abs=0.01)


def test_a_scene_that_looks_the_same_everywhere_gives_no_lag(check):
    report = check(scene=np.full((30, 40, 3), 200, np.uint8))
    assert (report.clear_changes, report.roi_settle_frames) == (0, None)
    assert report.tensor_share == 1


def test_refused_rois_are_counted_and_the_others_still_count(check):
    report = check('roi_lag=2,refuse_roi=0.4')
    assert 0 < report.refused_rois < 16
    assert 'refused the ROI' in report.refusal
    assert report.roi_settle_frames == 2


def test_a_driver_that_refuses_all_is_reported_and_not_guessed_about(check):
    report = check('refuse_roi=1')
    assert (report.refused_rois, report.roi_settle_frames) == (16, None)
    assert report.rate > 0


def test_without_a_tensor_there_are_no_times(check):
    report = check('missing=1')
    assert report.tensor_share == 0
    assert report.dnn_ms is report.dsp_ms is report.roi_settle_frames is None
    # What never comes is not waited for.
    assert report.frames < 16 * 14
    assert not math.isnan(report.age_ms.p50)
