"""`picosam view` as a user runs it, where no ROS can be imported, and a page's WebSocket."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.photo_clicks import folder_of
from helpers.socket_page import SocketPage

from picosam_ros.cameras import auto
from picosam_ros.commands import view as command
from picosam_ros.errors import CameraError

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
# None in sys.modules makes an import of that name fail.
NO_ROS = """
import sys
sys.modules.update(dict.fromkeys((
    'rclpy', 'sensor_msgs', 'std_msgs', 'diagnostic_msgs', 'picosam_ros.msg', 'picosam_ros.srv',
    'ament_index_python',
)))
"""
CENTRE, RADIUS = (320, 240), 60


@pytest.fixture
def environment(tmp_path):
    """Return the environment of a program that finds no ROS."""
    folder = tmp_path / 'site'
    folder.mkdir()
    (folder / 'sitecustomize.py').write_text(NO_ROS)
    return {**os.environ, 'PYTHONPATH': f'{folder}:{ROOT}', 'COVERAGE_PROCESS_START': ''}


@pytest.fixture
def disc(tmp_path):
    """Return the path of a film of a red disc that stands still."""
    bgr = np.full((480, 640, 3), 40, np.uint8)
    cv2.circle(bgr, CENTRE, RADIUS, (0, 0, 255), -1)
    path = str(tmp_path / 'disc.avi')
    film = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'MJPG'), 10.0, (640, 480))
    for _ in range(20):
        film.write(bgr)
    film.release()
    return path


class Viewed:
    """A running command, and the page that it serves.

    Attributes:
        process: of the command.
        link: that it printed.

    """

    def __init__(self, process, link):
        self.process = process
        self.link = link
        self._page = None

    @property
    def page(self):
        """Connect at first use."""
        if self._page is None:
            self._page = SocketPage(self.link)
        return self._page

    def wait_for(self, found):
        """Wait until a page has what is wanted; the page's thread brings it."""
        page = self.page
        with page.changed:
            assert page.changed.wait_for(lambda: found(page), PATIENCE)
            return found(page)

    def segmented_frame(self):
        """Wait for a frame that the engine has seen: from then on prompts are taken."""
        return self.wait_for(
            lambda page: next((frame for frame in page.frames if frame['segmented']), None)
        )

    def mask_of(self, number):
        """Wait for a mask of an object that is on the image, on a frame after the present one."""
        seen = len(self.page.frames)

        def found(page):
            return next(
                (
                    mask
                    for frame in page.frames[seen:]
                    for mask in frame['masks']
                    if mask['object'] == number and mask['outline']
                ),
                None,
            )

        return self.wait_for(found)

    def answer(self, tag):
        return self.wait_for(
            lambda page: next((one for one in page.texts['answer'] if one['tag'] == tag), None)
        )

    def component(self, name, condition=lambda component: True):
        def found(page):
            components = page.texts['diagnostics'][-1:]
            return next(
                (
                    one
                    for each in components
                    for one in each['components']
                    if one['name'].endswith(f': {name}') and condition(one)
                ),
                None,
            )

        return self.wait_for(found)

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code and what was printed on standard error."""
        self.process.send_signal(number)
        _, printed = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, printed


@pytest.fixture
def view(environment):
    """Return a function that runs the command with arguments; it is ended with the test."""
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, '-m', 'picosam_ros', 'view', '--port', '0', '--json', *arguments],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return Viewed(process, json.loads(line)['url'])

    yield start
    for process in running:
        process.kill()
        process.communicate()


def extent(outline):
    """Return left, top, right and bottom of all contours of a mask."""
    points = np.concatenate([np.reshape(curve, (-1, 2)) for curve in outline])
    return (*points.min(axis=0), *points.max(axis=0))


def test_what_is_clicked_refined_and_removed_on_the_page_is_answered_without_ros(
    view, disc, tiny_network
):
    viewed = view('--camera', 'video', '--source', disc, '--model', tiny_network())
    frame = viewed.segmented_frame()
    x, y = CENTRE
    viewed.page.send('point', tag=1, x=x, y=y, stamp=frame['stamp'])
    answer = viewed.answer(1)
    assert (answer['state'], answer['object']) == ('accepted', 1)
    left, top, right, bottom = extent(viewed.mask_of(1)['outline'])
    disc_box = (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
    assert (left, top, right, bottom) == pytest.approx(disc_box, abs=8)

    viewed.page.send('point', tag=2, x=x + 5, y=y, object=1, refine=True)
    assert viewed.answer(2)['generation'] > answer['generation']
    viewed.page.send('point', tag=3, x=x, y=y, object=9, refine=True)
    assert 'object 9 is not segmented' in viewed.answer(3)['reason']
    viewed.page.send('point', tag=4, x=9999, y=y)
    assert viewed.answer(4)['state'] == 'refused'

    # On a busy machine an earlier click may have been told of, too.
    told = len(viewed.page.texts['notice'])
    viewed.page.send('point', tag=7, x=x, y=y, stamp='1')
    assert viewed.answer(7)['state'] == 'accepted'
    newest = 'Answered on the newest image, not on the one that was clicked: '
    assert viewed.wait_for(
        lambda page: any(each['text'].startswith(newest) for each in page.texts['notice'][told:])
    )

    viewed.page.send('box', tag=5, x0=x - 80, y0=y - 80, x1=x + 80, y1=y + 80)
    assert viewed.answer(5)['state'] == 'accepted'
    viewed.page.send('remove', tag=6, object=1)
    assert viewed.answer(6)['reason'] == 'removed'
    viewed.page.send('clear')
    assert viewed.wait_for(
        lambda page: [each for each in page.texts['notice'] if each['text'] == '2 objects cleared']
    )
    assert viewed.end(signal.SIGINT)[0] == 0


def test_the_page_shows_the_state_of_camera_and_engine_and_the_latency(view, disc, tiny_network):
    viewed = view('--camera', 'video', '--source', disc, '--model', tiny_network())
    camera = viewed.component('camera', lambda one: one['message'] == 'frames flow')
    assert camera['level'] == 0
    assert int(camera['values']['frames']) > 0
    engine = viewed.component('segmentation')
    assert engine['values']['model'] == 'tiny.onnx'
    assert engine['message'] == 'no prompt: click on an object in the image'
    viewed.segmented_frame()
    viewed.page.send('point', tag=1, x=320, y=240)
    viewed.component('segmentation', lambda one: one['message'] == '1 objects')
    statistics = viewed.wait_for(
        lambda page: next((one for one in page.texts['statistics'] if one['stages']), None)
    )
    assert statistics['stages']['total'] > 0


def test_the_network_in_a_simulated_sensor_answers_a_click(view, tmp_path):
    viewed = view('--simulate', '--source', folder_of('coffee', tmp_path))
    viewed.segmented_frame()
    viewed.page.send('point', tag=1, x=320, y=240)
    assert viewed.answer(1)['state'] in ('accepted', 'clamped')
    mask = viewed.wait_for(
        lambda page: next(
            (
                mask
                for frame in page.frames
                for mask in frame['masks']
                if mask['engine'] == 'in_sensor'
            ),
            None,
        )
    )
    assert mask['object'] == 1
    code, printed = viewed.end()
    # A busy machine lets the camera's frames wait, and that is told.
    waits = "camera 'imx500': (frames stopped|no frame comes): |the stream stopped: no frame for "
    assert (code, [line for line in printed.splitlines() if not re.match(waits, line)]) == (0, [])


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_the_upload_of_a_network_is_told_on_the_page_and_can_be_ended(view, number):
    viewed = view('--simulate', '--faults', 'start_s=3600')
    camera = viewed.component('camera', lambda one: 'uploading firmware' in one['message'])
    assert camera['level'] == 1
    assert viewed.end(number)[0] == 0


def test_a_device_that_fails_and_returns_is_told_and_shown_again(view):
    viewed = view('--simulate', '--faults', 'timeout_at=5,timeout_s=0.5')
    camera = viewed.component('camera', lambda one: int(one['values']['reopened']) > 0)
    assert int(camera['values']['faults']) > 0
    seen = len(viewed.page.frames)
    viewed.wait_for(lambda page: len(page.frames) > seen + 3)
    code, printed = viewed.end()
    assert code == 0
    assert 'next try in 0.5 s' in printed


@contextmanager
def occupied_port():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        yield taken.getsockname()[1]


def test_a_port_that_is_in_use_is_told_and_the_next_free_one_taken(view):
    with occupied_port() as port:
        viewed = view('--simulate', '--faults', 'start_s=3600', '--port', str(port))
        code, printed = viewed.end()
    assert code == 0
    assert f'port {port} is in use' in printed
    assert f':{port}/' not in viewed.link


def test_an_address_that_others_can_reach_needs_the_token_that_is_printed(view):
    viewed = view('--simulate', '--faults', 'start_s=3600', '--address', '0.0.0.0')
    address, _, token = viewed.link.partition('?token=')
    assert len(token) > 20
    with pytest.raises(urllib.error.HTTPError, match='401'):
        urllib.request.urlopen(address, timeout=PATIENCE)
    # The token becomes a cookie.
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(viewed.link, timeout=PATIENCE) as page:
        assert b'picosam' in page.read()


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (('--camera', 'imx50'), "camera 'imx50' was given (did you mean 'imx500'?)"),
        (('--camera', 'video', '--source', 'none.mp4'), 'none.mp4'),
        (('--camera', 'v4l2', '--simulate'), "camera 'v4l2' has no option simulate"),
        (('--simulate', '--faults', 'nothing=1'), "fault 'nothing' was given"),
        (('--simulate', '--engine', 'hos'), "engine 'hos' was given (did you mean 'host'?)"),
        (('--simulate', '--model', 'none.onnx'), 'none.onnx'),
        (('--simulate', '--address', '192.0.2.1'), "address '192.0.2.1', port "),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(environment, arguments, sentence):
    done = run(environment, *arguments)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('picosam: ')
    assert sentence in done.stderr
    assert done.stderr.count('\n') == 1


def test_a_port_that_is_none_is_a_wrong_command_line(environment):
    done = run(environment, '--port', '70000')
    assert done.returncode == 2
    assert "'70000' was given; allowed are 0 to 65535" in done.stderr


def test_without_aiohttp_the_command_that_installs_it_is_told(environment, tmp_path):
    site = tmp_path / 'site' / 'sitecustomize.py'
    site.write_text(NO_ROS + "sys.modules['aiohttp'] = None\n")
    done = run(environment, '--simulate')
    assert done.returncode == 1
    assert 'aiohttp, which serves the page, is not installed; install it with: ' in done.stderr
    assert done.stderr.count('\n') == 1


def run(environment, *arguments):
    return subprocess.run(
        [sys.executable, '-m', 'picosam_ros', 'view', *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture
def no_devices(monkeypatch):
    """Let no camera be connected."""

    def none(source):
        raise CameraError('there is no /dev/video*')

    monkeypatch.setattr(auto, 'devices', none)
    picamera = SimpleNamespace(models=list)
    monkeypatch.setattr(auto, 'CAMERAS', SimpleNamespace(factory=lambda name: picamera))


def test_without_any_camera_the_page_takes_pictures(no_devices, capsys):
    assert made_by() is None
    # All that was tried: one of them may be what the user wanted.
    [tried, instead] = capsys.readouterr().err.splitlines()
    assert tried.startswith('no camera was found. Raspberry Pi cameras: libcamera lists none')
    assert tried.endswith('USB cameras: there is no /dev/video*')
    assert instead == 'the page takes pictures instead'


@pytest.mark.parametrize('arguments', [('--source', 'none.mp4'), ('--camera', 'imx50')])
def test_a_camera_that_was_asked_for_and_is_missing_is_an_error(no_devices, arguments):
    with pytest.raises(CameraError):
        made_by(*arguments)


def made_by(*arguments):
    """Return the camera of a command line."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command._make_camera(parser.parse_args(arguments))


def test_the_last_seconds_are_a_recording_of_images_masks_and_clicks_without_ros(
    view, disc, tiny_network, tmp_path
):
    pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')
    from helpers.recorded import read

    viewed = view('--camera', 'video', '--source', disc, '--model', tiny_network())
    frame = viewed.segmented_frame()
    viewed.page.send('point', tag=1, x=CENTRE[0], y=CENTRE[1], stamp=frame['stamp'])
    assert viewed.answer(1)['state'] == 'accepted'
    viewed.mask_of(1)
    # They are recorded when they are on their way to the page.
    viewed.mask_of(1)
    request = urllib.request.Request(f'{viewed.link}recording', method='POST')
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        path = tmp_path / 'last.mcap'
        path.write_bytes(answer.read())
    recorded = read(path)
    images = {stamp_ns(image): image for _, image in recorded['/image_raw/compressed']}
    pictures = [cv2.imdecode(image.data, cv2.IMREAD_COLOR) for image in images.values()]
    assert {picture.shape for picture in pictures} == {(480, 640, 3)}
    [[_, prompt]] = recorded['/prompt']
    assert (stamp_ns(prompt), prompt.points[0].x) == (int(frame['stamp']), CENTRE[0])
    found = [array for _, array in recorded['/camera/masks'] if array.masks]
    assert images.keys() & {stamp_ns(array) for array in found}
    for array in found:
        box = array.masks[0].box
        assert (box.x0, box.x1) == pytest.approx((CENTRE[0] - RADIUS, CENTRE[0] + RADIUS), abs=8)


def stamp_ns(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
