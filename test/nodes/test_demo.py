"""The demo where something is missing; in the browser it is tested beside the page."""

import os
import subprocess
import sys
from pathlib import Path

from helpers.harness import PATIENCE

DEMO = Path(sys.prefix) / 'lib' / 'picosam_ros' / 'demo'


def test_a_camera_that_cannot_open_is_one_sentence_and_exit_code_1(tmp_path):
    environment = {
        **os.environ,
        'BROWSER': 'none',
        # Its names are fixed, so its domain is its own.
        'ROS_DOMAIN_ID': str(int(os.environ.get('ROS_DOMAIN_ID', '0')) + 101),
    }
    done = subprocess.run(
        [DEMO, '--source', tmp_path / 'nowhere', '--output', tmp_path / 'pictures'],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert 'nowhere is not a folder' in done.stderr
    assert 'Traceback' not in done.stderr
    assert (
        done.stderr.splitlines()[-1]
        == 'no mask was received; see the output of the camera node above'
    )
    assert not (tmp_path / 'pictures').exists()
