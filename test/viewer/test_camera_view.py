"""A camera and an engine that fail behind the page."""

import numpy as np
import pytest
from helpers.patient import until
from helpers.scripted import ScriptedCamera, ScriptedEngine
from helpers.socket_page import SocketPage

from picosam_ros.cameras.show import Choice, Show
from picosam_ros.errors import CameraError, EndOfStream, EngineError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompts import recent_frames
from picosam_ros.roi import Roi
from picosam_ros.viewer import assembler
from picosam_ros.viewer.camera_view import CameraView

PATIENCE = 30.0


class ShowingCamera(ScriptedCamera):
    def __init__(self):
        super().__init__()
        self.show = Show()


class Scripted:
    """A view of a scripted camera and engine, and one page.

    The test moves it on: frames are put into the camera's script, and each run of the engine needs
    a release of its gate.
    """

    def __init__(self):
        self.camera, self.engine = ShowingCamera(), ScriptedEngine()
        self.view = CameraView(self.camera, self.engine, port=0)
        self.view.open()
        self.page = SocketPage(self.view.server.link)
        self.wait_for(lambda page: page.texts['hello'] and self.view._streaming.is_set())
        self._stamp = 0

    def wait_for(self, found):
        with self.page.changed:
            assert self.page.changed.wait_for(lambda: found(self.page), PATIENCE)
            return found(self.page)

    def frame(self):
        """Let the camera give a frame and the engine answer it."""
        self._stamp += 1
        pixels = np.zeros((48, 64, 3), np.uint8)
        self.camera.script.put(Frame(pixels, stamp_ns=self._stamp, frame_id='lens'))
        self.engine.gate.release()
        assert self.engine.begun.acquire(timeout=PATIENCE)

    def component(self, name):
        """Report, and return the newest state of a component."""
        seen = len(self.page.texts['diagnostics'])
        self.view.report()
        components = self.wait_for(lambda page: page.texts['diagnostics'][seen:])[-1]['components']
        return next(one for one in components if one['name'] == f'scripted: {name}')

    def close(self):
        self.engine.gate.release(1000)
        self.page.__exit__()
        self.view.close()


@pytest.fixture
def scripted(monkeypatch):
    # Frames and masks come as the test has them come, however long a busy machine takes for that.
    monkeypatch.setattr(assembler, 'TIMEOUT_S', 3600.0)
    monkeypatch.setattr(recent_frames, 'LOOK_S', 3600.0)
    scripted = Scripted()
    yield scripted
    scripted.close()


def test_an_engine_that_fails_is_told_and_goes_on_with_the_next_frame(scripted, caplog):
    scripted.engine.faults = [EngineError('out of memory'), EngineError('out of memory')]
    scripted.frame()
    scripted.frame()
    until(lambda: scripted.view._failures == 2)
    failed = scripted.component('segmentation')
    assert (failed['level'], failed['message']) == (2, 'out of memory')
    # The first answered one is shown before its answer; from then on images wait for theirs.
    scripted.frame()
    until(lambda: not scripted.view._fault)
    scripted.frame()
    scripted.wait_for(lambda page: [each for each in page.frames if each['segmented']])
    assert caplog.messages.count('out of memory') == 1
    fine = scripted.component('segmentation')
    assert fine['message'].startswith('no prompt')
    assert fine['values']['refused (failure)'] == '2'


def test_a_film_that_has_ended_is_told_and_the_page_stays(scripted):
    scripted.frame()
    scripted.camera.script.put(EndOfStream('film.mp4 has ended'))
    scripted.view._sources._camera._thread.join(PATIENCE)
    camera = scripted.component('camera')
    assert (camera['level'], camera['message']) == (0, 'film.mp4 has ended')
    scripted.page.send('point', tag=1, x=1e5, y=5)
    answer = scripted.wait_for(lambda page: page.texts['answer'])[0]
    assert answer['state'] == 'refused'


def test_a_camera_that_failed_is_an_error_on_the_page(scripted):
    scripted.camera.script.put(CameraError('unplugged', retry_s=1e6))
    until(lambda: 'close' in scripted.camera.calls)
    camera = scripted.component('camera')
    assert (camera['level'], camera['message']) == (2, 'unplugged; next try in 1e+06 s')


def test_a_prompt_before_the_first_image_is_refused_with_what_to_do(scripted):
    scripted.page.send('point', tag=1, x=5, y=5)
    answer = scripted.wait_for(lambda page: page.texts['answer'])[0]
    assert (answer['tag'], answer['state']) == (1, 'refused')
    assert 'no image has arrived yet' in answer['reason']


def test_without_a_browser_no_frames_are_kept_for_one(scripted):
    scripted.page.__exit__()
    until(lambda: not scripted.view._streaming.is_set())
    scripted.frame()
    scripted.frame()
    assert scripted.view._assembler.frames == 0


def test_a_click_into_an_image_that_is_still_shown_is_answered_on_that_one(scripted):
    scripted.frame()
    clicked = scripted.wait_for(lambda page: page.frames)[-1]['stamp']
    kept = scripted.view._recent._looked_at
    for _ in range(20):
        scripted.frame()
        scripted.view.keep(int(clicked))
    assert int(clicked) in kept
    scripted.page.send('point', tag=1, x=5, y=5, stamp=clicked)
    answer = scripted.wait_for(lambda page: page.texts['answer'])[0]
    assert (answer['state'], answer['reason']) == ('accepted', '')
    made_for = scripted.view._segmenter.prompts._made_for
    assert [frame.stamp_ns for frame in made_for.values()] == [int(clicked)]


def test_the_show_stops_at_the_first_click_and_the_page_goes_on(scripted):
    assert scripted.wait_for(lambda page: page.texts['scenes'])[-1]['several']
    scripted.frame()
    assert scripted.camera.show.choice == Choice()
    scripted.page.send('point', tag=1, x=5, y=5, stamp='1')
    answer = scripted.wait_for(lambda page: page.texts['answer'])[0]
    assert answer['state'] == 'accepted'
    assert scripted.camera.show.choice == Choice(wanted=True, stamp_ns=1)
    scripted.page.send('clear')
    until(lambda: not scripted.camera.show.choice.wanted)
    scripted.page.send('next_scene')
    until(lambda: scripted.camera.show.choice == Choice(stamp_ns=1, steps=1))


def squares(frame, prompts):
    """Return for each prompt a square around its point."""
    for prompt in prompts:
        roi = Roi.square(*prompt.centre, 4)
        yield Mask(prompt, np.ones((4, 4), np.float32), roi, frame.width, frame.height, 'none', 1.0)


def asked(scripted, tag, stamp):
    """Ask for a mask of a point, and return what came."""
    scripted.page.send('preview', tag=tag, stamp=stamp, prompts=[{'points': [{'x': 5, 'y': 6}]}])

    def answered(page):
        return [each for each in page.texts['preview'] if each['tag'] == tag]

    return scripted.wait_for(answered)[0]


def test_masks_without_an_object_are_of_the_engine_and_the_image_of_the_stamp(scripted):
    scripted.frame()
    scripted.frame()
    clicked = scripted.wait_for(lambda page: page.frames)[0]['stamp']
    scripted.engine.answer = squares
    scripted.engine.gate.release()
    shown = asked(scripted, 1, clicked)
    assert (shown['stamp'], shown['reason']) == (clicked, '')
    [mask] = shown['masks']
    assert mask['object'] == 1
    assert not scripted.view._segmenter.prompts.active


def test_all_things_are_looked_for_and_the_camera_s_images_go_on_meanwhile(scripted):
    scripted.frame()
    stamp = scripted.wait_for(lambda page: page.frames)[-1]['stamp']
    found = []

    def propose(frame, prompt):
        found.append(frame.stamp_ns)
        roi = Roi.square(*prompt.centre, 24)
        inside = np.pad(np.full((16, 16), 9.0, np.float32), 4, constant_values=-9.0)
        return (Mask(prompt, inside, roi, frame.width, frame.height, 'none', 1.0),)

    scripted.engine.propose = propose
    scripted.page.send('preview', tag=1, stamp=stamp, everything=True, budget=2)
    scripted.frame()
    told = scripted.wait_for(lambda page: page.texts['preview'])[0]
    assert (told['tag'], told['stamp'], told['reason']) == (1, stamp, '')
    assert 0 < told['asked'] <= told['planned']
    assert len(told['masks']) > 1
    assert all(mask['outline'] for mask in told['masks'])
    assert set(found) == {int(stamp)}
    assert not scripted.view._segmenter.prompts.active


def test_why_there_is_no_mask_is_told(scripted):
    assert 'no image has arrived yet' in asked(scripted, 1, '0')['reason']
    scripted.frame()
    assert 'is not kept' in asked(scripted, 2, '99')['reason']
    scripted.engine.faults = [RuntimeError('a fault')]
    scripted.engine.gate.release()
    assert 'a fault' in asked(scripted, 3, '1')['reason']
