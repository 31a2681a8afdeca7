"""What is kept of the last seconds, and for how long."""

import numpy as np
import pytest
from helpers.viewer_server import make_frame

from picosam_ros.bags.messages import LATENCY, PROMPT
from picosam_ros.frame import Frame
from picosam_ros.prompt import Point
from picosam_ros.viewer import recorder as recorder_module
from picosam_ros.viewer.frames import Level as ImageLevel
from picosam_ros.viewer.frames import image_of, pack, to_jpeg
from picosam_ros.viewer.recorder import PAUSE_S, SECONDS, Recorder, Topics
from picosam_ros.viewer.requests import PromptRequest
from picosam_ros.wire.images import decode
from picosam_ros.wire.messages import read_compressed_image

IMAGES, MASKS = '/lens/image_raw/compressed', '/camera/masks'
WIDTH, HEIGHT = 64, 48


def stamp(number):
    """Return that of make_frame."""
    return 1000 + number


class Recorded:
    """A recorder whose clock the test moves on."""

    def __init__(self):
        self.now = 0.0
        self.recorder = Recorder(Topics('/lens/image_raw'), clock=lambda: self.now)
        self.recorder.start()

    def image(self, number, side=WIDTH, quality=80):
        """Let a browser have a frame."""
        pixels = np.full((HEIGHT, WIDTH, 3), number % 200, np.uint8)
        frame = make_frame(number, width=WIDTH, height=HEIGHT, frame_id='lens')
        message = pack(frame.header, to_jpeg(pixels, ImageLevel(side, quality)))
        self.recorder.add_image(frame, image_of(message), whole=side >= WIDTH)

    def masks(self, number):
        """Let the masks of a frame come: it has none."""
        frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), stamp_ns=stamp(number))
        self.recorder.add_masks(frame, ())

    def prompt(self, number):
        self.recorder.add_prompt(
            PromptRequest(1, 1, (Point(1.0, 2.0),), None, refine=False, stamp_ns=stamp(number))
        )

    def kept(self, topic):
        return [each for each in self.recorder.messages() if each.topic == topic]

    def images(self):
        return [read_compressed_image(each.serialise()) for each in self.kept(IMAGES)]

    def stamps(self):
        return [image.stamp_ns for image in self.images()]


@pytest.fixture
def recorded():
    return Recorded()


def test_the_last_seconds_are_kept_and_nothing_older(recorded):
    for number in range(100):
        recorded.now = float(number)
        recorded.masks(number)
        recorded.image(number)
    wanted = list(range(99 - int(SECONDS), 100))
    assert recorded.stamps() == [stamp(number) for number in wanted]
    assert len(recorded.kept(MASKS)) == len(wanted)
    times = [each.at_ns for each in recorded.recorder.messages()]
    assert times == sorted(times)


def test_no_more_bytes_are_kept_than_allowed(recorded, monkeypatch):
    monkeypatch.setattr(recorder_module, 'MAX_BYTES', 10_000)
    for number in range(100):
        recorded.image(number)
        recorded.prompt(number)
        assert sum(each.size for each in recorded.recorder.messages()) <= 10_000
    assert recorded.stamps()[-1] == stamp(99)
    recorded.recorder.add('/large', LATENCY, 0, bytes(20_000))
    assert recorded.recorder.messages() == []
    recorded.image(100)
    assert recorded.stamps() == [stamp(100)]


def test_what_was_seen_until_the_page_was_frozen_is_kept_with_what_comes_of_it(recorded):
    recorded.masks(5)
    recorded.image(5)
    recorded.now = PAUSE_S + 2 * SECONDS
    recorded.masks(6)
    recorded.prompt(5)
    recorded.masks(5)
    assert [each.topic for each in recorded.recorder.messages()] == [
        MASKS,
        IMAGES,
        '/prompt',
        MASKS,
    ]
    recorded.image(7)
    assert recorded.stamps() == [stamp(7)]


def test_of_an_image_that_browsers_have_in_several_sizes_the_largest_is_kept_at_full_size(recorded):
    recorded.image(1, side=32)
    [small] = recorded.images()
    recorded.image(1)
    recorded.image(1, side=16)
    recorded.image(0)
    [large] = recorded.images()
    assert bytes(small.data) != bytes(large.data)
    for image in (small, large):
        assert decode(image).shape == (HEIGHT, WIDTH, 3)
        assert (image.stamp_ns, image.frame_id) == (stamp(1), 'lens')
        assert image.format == 'rgb8; jpeg compressed bgr8'


def test_nothing_is_kept_while_no_browser_is_connected(recorded):
    recorded.image(1)
    recorded.recorder.stop()
    assert recorded.recorder.messages() == []
    recorded.image(2)
    recorded.prompt(2)
    assert recorded.recorder.messages() == []
    recorded.recorder.start()
    recorded.prompt(2)
    assert [each.kind for each in recorded.recorder.messages()] == [PROMPT]


def test_nothing_is_kept_where_nothing_can_be_written():
    recorder = Recorder(Topics(), needs='pip install rosbags')
    recorder.start()
    recorder.add_removal(3)
    assert recorder.messages() == []
