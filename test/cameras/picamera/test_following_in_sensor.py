"""A bright disc moves before the simulated sensor: its ROI follows, and the host fills the gaps."""

import math
from collections import Counter

import cv2
import numpy as np
import pytest
from helpers.simulated import Bench

from picosam_ros import Prompt, Segmenter
from picosam_ros.engines.fallback import FallbackEngine
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.tracking.tracker import Tracker

WIDTH, HEIGHT, RADIUS = 640, 480, 30
FRAMES = 150

PATHS = {
    'rests': lambda n: (320, 240),
    'creeps': lambda n: (120 + 2 * n, 240),
    'walks': lambda n: (80 + 3.2 * n, 140 + n),
    'circles': lambda n: (320 + 180 * math.cos(n / 30), 240 + 120 * math.sin(n / 30)),
}


def scene(path):
    def show(number):
        pixels = np.full((HEIGHT, WIDTH, 3), (20, 40, 60), np.uint8)
        x, y = path(number)
        cv2.circle(pixels, (round(16 * x), round(16 * y)), 16 * RADIUS, (240, 60, 40), -1, 16, 4)
        return pixels

    return show


def red(pixels):
    return (pixels[..., 0].astype(np.float32) - 128) / 16


def centre_of_disc(frame):
    rows, columns = np.nonzero(frame.pixels[..., 0] > 128)
    return columns.mean(), rows.mean()


def followed(monkeypatch, path, network, faults='roi_lag=2', policy='fill_gaps'):
    """Click on the disc and step; give how many masks each engine made and how many frames none."""
    settings = {'scene': scene(path), 'network': red, 'input_size': (96, 96)}
    bench = Bench(monkeypatch, faults, settings=settings, roi_settle_frames=2)
    bench.open()
    sensor = InSensorEngine(sensor=bench.camera)
    made = Counter()
    with FallbackEngine(first=sensor, second=HostEngine(model=network), policy=policy) as engine:
        segmenter = Segmenter(engine, tracker=Tracker())
        frame = bench.step()
        segmenter.step(frame)
        x, y = centre_of_disc(frame)
        segmenter.prompts.put(Prompt.from_point(x, y, roi_size=4 * RADIUS))
        for _ in range(FRAMES):
            frame = bench.step()
            result = segmenter.step(frame)
            for mask in result.masks:
                assert mask.centroid == pytest.approx(centre_of_disc(frame), abs=2)
                assert mask.area == pytest.approx(math.pi * RADIUS**2, rel=0.1)
                made[mask.engine] += 1
            made['none'] += not result.masks
    bench.camera.close()
    return made


@pytest.mark.parametrize('path', PATHS.values(), ids=PATHS)
def test_a_moving_disc_has_a_mask_in_every_frame(monkeypatch, tiny_network, path):
    made = followed(monkeypatch, path, tiny_network())
    assert made['none'] == 0
    assert made['in_sensor'] > 10


def test_a_disc_that_rests_is_the_sensors_but_for_the_first_frames(monkeypatch, tiny_network):
    made = followed(monkeypatch, PATHS['rests'], tiny_network())
    assert made['host'] <= 6


def test_missing_tensors_are_filled_in_while_the_disc_moves(monkeypatch, tiny_network):
    made = followed(monkeypatch, PATHS['creeps'], tiny_network(), 'roi_lag=2,missing=0.5')
    assert made['none'] == 0
    assert made['host'] > made['in_sensor'] > 10


def test_the_sensor_alone_follows_what_moves_slowly(monkeypatch, tiny_network):
    made = followed(monkeypatch, PATHS['creeps'], tiny_network(), policy='sensor_only')
    assert made['host'] == 0
    assert made['in_sensor'] > FRAMES / 4
