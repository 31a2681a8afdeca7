"""The demo where something is missing; in the browser it is tested beside the page."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from helpers.harness import PATIENCE
from helpers.installed import executable


def test_the_camera_is_started_before_what_takes_long_to_import():
    program = (
        'import sys, picosam_ros.nodes.demo as demo; sys.argv = ["demo"]; demo._arguments()\n'
        'print(sorted({"rclpy", "cv2", "numpy"} & sys.modules.keys()))'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == '[]\n', done.stderr


def test_the_page_is_served_without_what_only_the_camera_uses():
    pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
    program = (
        'import sys, picosam_ros.nodes.viewer\n'
        'heavy = {"PIL", "onnxruntime", "picosam_ros.engines", "picosam_ros.tracking.tracker", '
        '"picosam_ros.ros.prompt_sources", "picosam_ros.ros.segmentation.node"}\n'
        'print(sorted(heavy & sys.modules.keys()))'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == '[]\n', done.stderr


def test_a_camera_that_cannot_open_is_one_sentence_and_exit_code_1(tmp_path):
    environment = {
        **os.environ,
        'BROWSER': 'none',
        # Its names are fixed, so its domain is its own.
        'ROS_DOMAIN_ID': str(int(os.environ.get('ROS_DOMAIN_ID', '0')) + 101),
    }
    done = subprocess.run(
        [executable('demo'), '--source', tmp_path / 'nowhere', '--output', tmp_path / 'pictures'],
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )
    assert done.returncode == 1
    assert "nowhere' was given, and there is no such file" in done.stderr
    assert 'Traceback' not in done.stderr
    assert (
        done.stderr.splitlines()[-1]
        == 'no mask was received; see the output of the camera node above'
    )
    assert not (tmp_path / 'pictures').exists()


def test_a_page_that_cannot_be_served_is_one_sentence_and_exit_code_1(tmp_path):
    pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
    domain = str(int(os.environ.get('ROS_DOMAIN_ID', '0')) + 101)
    done = subprocess.run(
        # Of those that are for documents (RFC 5737): no machine has it.
        [executable('demo'), '--address', '192.0.2.1', '--output', tmp_path],
        env={**os.environ, 'BROWSER': 'none', 'ROS_DOMAIN_ID': domain},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )
    assert done.returncode == 1
    # Beside a sourced ROS OpenCV is an older one: its libpng tells of a photo's colour profile.
    profile = 'libpng warning: iCCP: known incorrect sRGB profile'
    [line] = (each for each in done.stderr.splitlines() if each != profile)
    assert "address '192.0.2.1', port 8080 cannot be bound" in line


def test_for_other_machines_the_link_with_the_token_is_printed_and_opens_the_page(tmp_path):
    pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')
    environment = {
        **os.environ,
        'BROWSER': 'none',
        'ROS_DOMAIN_ID': str(int(os.environ.get('ROS_DOMAIN_ID', '0')) + 101),
    }
    with subprocess.Popen(
        [executable('demo'), '--address', '0.0.0.0', '--output', tmp_path],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            link = re.compile(r'open (http://127\.0\.0\.1:\d+/)(\?token=\S+)')
            page, token = next(filter(None, map(link.search, demo.stderr))).groups()
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            with pytest.raises(urllib.error.HTTPError, match='401'):
                browser.open(page, timeout=PATIENCE)
            with browser.open(page + token, timeout=PATIENCE) as answer:
                assert answer.status == 200
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=4 * PATIENCE)
