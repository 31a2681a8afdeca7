"""A mark before the lens, found in the image and in what the network saw: the same place.

The scene is white with one dark disc. Nothing here asks the code under test where the disc is.
"""

import cv2
import numpy as np
import pytest
from helpers.simulated import Bench

from picosam_ros.roi import Roi

SENSOR = 4056, 3040
SCENE = 2028, 1520
BINNED, FULL = (2028, 1520), (4056, 3040)
NETWORK = 96
RADIUS = 40  # of the disc, in pixels of the sensor

# Where an ROI lies between the image's borders: 0 is its left or top, 1 its right or bottom.
PLACES = [(across, down) for down in (0, 0.5, 1) for across in (0, 0.5, 1)]


class Marked:
    """A camera before a scene with one mark."""

    def __init__(self, monkeypatch, size, mode):
        self.inputs = []
        settings = {
            'scene': lambda _: self.scene,
            'network': self.remember,
            'input_size': (NETWORK, NETWORK),
        }
        self.move_mark(2028, 1520)
        self.bench = Bench(
            monkeypatch,
            size=size,
            mode=mode,
            settings=settings,
            roi_settle_frames=0,
            rate=10 if mode == FULL else 30,
        )
        self.bench.open()

    def move_mark(self, x, y):
        """Put it at a pixel of the sensor."""
        self.scene = np.full((SCENE[1], SCENE[0], 3), 255, np.uint8)
        scale = SCENE[0] / SENSOR[0]
        centre = [round(((value + 0.5) * scale - 0.5) * 64) for value in (x, y)]
        cv2.circle(self.scene, centre, round(RADIUS * scale * 64), (0, 0, 0), -1, cv2.LINE_AA, 6)

    def remember(self, pixels):
        self.inputs.append(pixels)
        return np.zeros(pixels.shape[:2], np.float32)

    def look(self, roi):
        """Place an ROI and give a frame of it, with what the network saw of that frame."""
        ticket = self.bench.camera.look_at(roi)
        for _ in range(5):
            self.inputs.clear()
            frame = self.bench.step()
            if frame.sensor_output and frame.sensor_output.ticket == ticket:
                # What came last is of a later frame; with this mark and this ROI they are alike.
                return frame, self.inputs[-1]
        raise AssertionError(frame.no_output)


@pytest.fixture(
    params=[
        ((640, 480), BINNED),
        ((1280, 720), BINNED),
        ((640, 480), FULL),
        ((1280, 720), FULL),
        ((480, 640), BINNED),
    ],
    ids=lambda given: '{}x{} of {}x{}'.format(*given[0], *given[1]),
)
def marked(request, monkeypatch):
    marked = Marked(monkeypatch, *request.param)
    yield marked
    marked.bench.camera.close()


def centre_of_mark(pixels):
    """Give the mean column and row of what is dark."""
    darkness = 255 - pixels[..., 1].astype(float)
    total = darkness.sum()
    assert total > 255 * 4
    columns, rows = np.arange(pixels.shape[1]), np.arange(pixels.shape[0])
    return darkness.sum(0) @ columns / total, darkness.sum(1) @ rows / total


def visible(size):
    """Give the part of the sensor that an image of this size shows, to two pixels: edges."""
    width, height = SENSOR
    aspect = size[0] / size[1]
    w, h = min(width, height * aspect), min(height, width / aspect)
    return (width - w) / 2, (height - h) / 2, w, h


@pytest.mark.parametrize('side', [64, 150, 400])
def test_the_mark_is_at_the_same_image_pixel_for_the_network_at_every_border(marked, side):
    frame = marked.bench.step()
    width, height = frame.width, frame.height
    left, top, shown, _ = visible((width, height))
    scale = shown / width
    for across, down in PLACES:
        roi = Roi(round(across * (width - side)), round(down * (height - side)), side, side)
        # Off the middle of the ROI: a mirrored or scaled mapping must not pass.
        x, y = roi.x + 0.35 * side, roi.y + 0.7 * side
        marked.move_mark(left + x * scale, top + y * scale)
        frame, seen = marked.look(roi)
        in_image = centre_of_mark(frame.pixels)
        assert in_image == pytest.approx((x, y), abs=1.5)
        to_network = frame.sensor_output.roi.affine_to(NETWORK, NETWORK)
        by_network = to_network.inverse()(*centre_of_mark(seen))
        assert by_network == pytest.approx(in_image, abs=1)


def test_an_roi_over_the_border_shows_the_network_what_its_mask_is_pasted_on(marked):
    frame = marked.bench.step()
    width, height = frame.width, frame.height
    left, top, shown, _ = visible((width, height))
    scale = shown / width
    side = 120
    for across, down in PLACES:
        centre = across * (width - 1), down * (height - 1)
        # A little inside of the image, so that all of the mark is seen.
        x, y = (20 + share * (length - 40) for share, length in ((across, width), (down, height)))
        marked.move_mark(left + x * scale, top + y * scale)
        frame, seen = marked.look(Roi.square(*centre, side))
        by_network = frame.sensor_output.roi.affine_to(NETWORK, NETWORK).inverse()(
            *centre_of_mark(seen)
        )
        assert by_network == pytest.approx(centre_of_mark(frame.pixels), abs=1)


def test_an_image_of_another_aspect_ratio_shows_another_part_of_the_sensor(monkeypatch):
    crops = set()
    for size in ((640, 480), (1280, 720), (480, 640)):
        marked = Marked(monkeypatch, size, BINNED)
        marked.bench.step()
        request = marked.bench.cameras[-1].capture_request(wait=1)
        crop = request.get_metadata()['ScalerCrop']
        request.release()
        assert crop == pytest.approx(visible(size), abs=4)
        crops.add(crop)
        marked.bench.camera.close()
    assert len(crops) == 3
