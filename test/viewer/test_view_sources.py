"""A camera, and pictures in its place, behind the page of `picosam view`."""

import numpy as np
import pytest
from helpers.patient import until
from helpers.scripted import ScriptedCamera, ScriptedEngine
from helpers.socket_page import SocketPage

from picosam_ros.cameras.show import Choice, Show
from picosam_ros.errors import EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.viewer.camera_view import CameraView

PATIENCE = 30.0
PICTURE = np.full((30, 40, 3), 90, np.uint8)


class ShowingCamera(ScriptedCamera):
    def __init__(self):
        super().__init__()
        self.show = Show()


class Viewed:
    """A view with a page; its engine answers at once."""

    def __init__(self, camera):
        engine = ScriptedEngine()
        engine.gate.release(100_000)
        self.camera = camera
        self.view = CameraView(camera, engine, port=0)
        self.view.open()
        self.page = SocketPage(self.view.server.link)
        self.told('hello')

    def wait_for(self, found):
        with self.page.changed:
            assert self.page.changed.wait_for(lambda: found(self.page), PATIENCE)
            return found(self.page)

    def told(self, kind, condition=lambda message: True):
        """Wait for a message of a kind."""
        return self.wait_for(
            lambda page: next((each for each in page.texts[kind] if condition(each)), None)
        )

    def frame_of(self, width):
        """Wait for a segmented frame of a width, newer than those that are there."""
        seen = len(self.page.frames)
        return self.wait_for(
            lambda page: next(
                (
                    each
                    for each in page.frames[seen:]
                    if each['width'] == width and each['segmented']
                ),
                None,
            )
        )

    def state(self):
        """Report, and return the state of the camera."""
        seen = len(self.page.texts['diagnostics'])
        self.view.report()
        told = self.wait_for(lambda page: page.texts['diagnostics'][seen:])[-1]['components']
        return next(each for each in told if each['name'].endswith(': camera'))

    def close(self):
        self.page.__exit__()
        self.view.close()


@pytest.fixture
def viewed():
    running = []

    def start(camera):
        running.append(Viewed(camera))
        return running[-1]

    yield start
    for each in running:
        each.close()


def give(camera, stamp):
    camera.script.put(Frame(np.zeros((48, 64, 3), np.uint8), stamp_ns=stamp, frame_id='lens'))


def test_without_a_camera_a_picture_is_shown_again_and_again_and_takes_prompts(viewed):
    one = viewed(None)
    assert one.told('picture')['camera'] is False
    assert one.state()['message'] == 'no camera: the page takes pictures'
    one.page.send('point', tag=1, x=5, y=5)
    assert 'no image has arrived yet' in one.told('answer')['reason']
    one.view.show_picture(PICTURE, 'cup.png')
    first, later = one.frame_of(40), one.frame_of(40)
    assert int(later['stamp']) > int(first['stamp'])
    assert one.told('picture', lambda each: each['name'] == 'cup.png')
    one.page.send('point', tag=2, x=5, y=5, stamp=later['stamp'])
    answer = one.told('answer', lambda each: each['tag'] == 2)
    assert (answer['state'], answer['reason']) == ('accepted', '')
    state = one.state()
    assert (state['level'], state['message']) == (0, 'cup.png is shown')
    assert (state['values']['size'], state['values']['images']) == ('40x30', 'cup.png')
    # There is nothing else to show.
    one.page.send('show_camera')
    one.frame_of(40)


def test_the_objects_of_before_are_lost_and_late_clicks_into_it_refused(viewed):
    one = viewed(ShowingCamera())
    give(one.camera, 10)
    one.wait_for(lambda page: page.frames)
    until(lambda: one.view._segmenter.prompts._size)
    one.page.send('point', tag=1, x=5, y=5, stamp='10')
    one.told('answer', lambda each: each['tag'] == 1 and each['state'] == 'accepted')
    one.view.show_picture(PICTURE, '')
    lost = one.told('answer', lambda each: each['state'] == 'lost')
    assert lost['reason'] == 'the picture changed'
    one.frame_of(40)
    one.page.send('point', tag=2, x=5, y=5, stamp='10')
    refused = one.told('answer', lambda each: each['tag'] == 2)
    assert refused['state'] == 'refused'
    assert 'the picture changed; click into the one that is shown now' in refused['reason']


def test_the_camera_goes_on_behind_a_picture_and_is_shown_again(viewed):
    one = viewed(ShowingCamera())
    assert one.told('scenes', lambda each: each['several'])
    give(one.camera, 10)
    one.wait_for(lambda page: page.frames)
    one.view.show_picture(PICTURE, 'cup.png')
    shown = one.frame_of(40)
    assert one.told('scenes', lambda each: not each['several'])
    give(one.camera, 20)
    until(one.camera.script.empty)
    one.frame_of(40)
    # A click into the picture is none into the camera's scenes.
    one.page.send('point', tag=1, x=5, y=5, stamp=shown['stamp'])
    one.told('answer', lambda each: each['tag'] == 1)
    assert one.camera.show.choice == Choice(wanted=True)
    one.page.send('show_camera')
    one.told('answer', lambda each: each['state'] == 'lost')
    for stamp in range(30, 60):
        give(one.camera, stamp)
    assert '20' not in {each['stamp'] for each in one.page.frames}
    one.wait_for(lambda page: page.frames[-1]['width'] == 64)
    assert one.state()['values']['camera'] == 'scripted'


def test_a_picture_is_shown_after_a_film_has_ended_and_another_one_after_it(viewed):
    one = viewed(ScriptedCamera())
    give(one.camera, 10)
    one.camera.script.put(EndOfStream('film.mp4 has ended'))
    until(lambda: one.state()['message'] == 'film.mp4 has ended')
    one.view.show_picture(PICTURE, 'one.png')
    one.frame_of(40)
    one.view.show_picture(PICTURE[:, :20].copy(), 'two.png')
    one.frame_of(20)
    one.page.send('show_camera')
    assert until(lambda: one.state()['message'] == 'film.mp4 has ended')


def test_a_prompt_does_not_wait_for_the_next_frame_of_a_picture(viewed, monkeypatch):
    monkeypatch.setattr('picosam_ros.cameras.still._LEAST_S', 3600.0)
    monkeypatch.setattr('picosam_ros.cameras.still._MOST_S', 3600.0)
    one = viewed(None)
    one.view.show_picture(PICTURE, 'cup.png')
    stamp = one.wait_for(lambda page: page.frames)[-1]['stamp']
    until(lambda: one.view._segmenter.prompts._size)
    one.page.send('point', tag=1, x=5, y=5, stamp=stamp)
    one.told('answer', lambda each: each['tag'] == 1)
    one.wait_for(lambda page: page.frames[-1]['stamp'] != stamp)


def test_no_picture_is_shown_once_the_view_is_closed(viewed):
    one = viewed(None)
    one.page.__exit__()
    one.view.close()
    one.view.show_picture(PICTURE, 'late.png')
    assert one.view._sources.picture is None
