"""Encodings that we do not convert: cv_bridge, in all the states in which robots have it."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from helpers.patient import until
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.ros import bridged_images
from picosam_ros.ros.messages import to_rgb
from picosam_ros.wire.images import ENCODINGS, RawImage
from picosam_ros.wire.value_range import ValueScale

NEEDS_CV_BRIDGE = pytest.mark.skipif(
    find_spec('cv_bridge') is None, reason='cv_bridge is not on PyPI: apt brings it with ROS'
)
BOOST = 'boost/cv_bridge_boost.py'
# It answers with what it is given.
ECHO = {
    '__init__.py': """
import numpy as np
class CvBridge:
    def imgmsg_to_cv2(self, message, encoding='passthrough'):
        if message.encoding == 'nonsense':
            raise RuntimeError('Unrecognized image encoding')
        if encoding == 'rgb8':
            return np.full((message.height, message.width, 3), [message.step, *message.data[:2]])
""",
    BOOST: """
import numpy as np
def cvtColorForDisplay(values, encoding, wanted, stretch):
    return np.full((2, 2, 3), [wanted == 'rgb8', stretch, encoding == '32FC1'])
""",
}


def image(encoding='32FC1', values=(1.0, 2.0, 3.0, 5.0), kind=np.float32, **changes):
    """Give an image of 2×2 numbers."""
    data = np.array(values, kind).view(np.uint8)
    fields = {'is_bigendian': False, 'step': data.size // 2, 'data': data, **changes}
    return RawImage(0, '', 2, 2, encoding, **fields)


def tried():
    """Wait for the process that tries cv_bridge."""
    until(lambda: bridged_images._trial.verdict() is not None)


def refusal(of):
    with pytest.raises(ImageError) as refused:
        to_rgb(of)
    return str(refused.value)


@pytest.fixture(autouse=True)
def trial(monkeypatch):
    monkeypatch.setattr(bridged_images, '_trial', bridged_images.Trial())


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that puts a cv_bridge of some files before all others."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / 'cv_bridge' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.syspath_prepend(tmp_path)

    def loaded():
        return [name for name in sys.modules if name.partition('.')[0] == 'cv_bridge']

    for name in loaded():
        monkeypatch.delitem(sys.modules, name)
    yield write
    for name in loaded():
        del sys.modules[name]


def test_without_cv_bridge_the_refusal_has_what_is_allowed_and_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    told = refusal(image())
    assert told.startswith("encoding '32FC1' was given; allowed are rgb8, bgr8")
    assert told.endswith('install cv_bridge: sudo apt install ros-$ROS_DISTRO-cv-bridge')


def test_no_image_waits_for_the_process_that_tries_cv_bridge(install, tmp_path):
    waiting = """
import pathlib, time
while pathlib.Path(__file__).with_name('wait').exists():
    time.sleep(0.01)
"""
    install({'__init__.py': waiting + ECHO['__init__.py'], BOOST: ECHO[BOOST], 'wait': ''})
    for _ in range(2):
        assert refusal(image()).endswith('images after it will be converted')
    (tmp_path / 'cv_bridge' / 'wait').unlink()
    tried()
    assert to_rgb(image()).tolist() == [[[1, 1, 1]] * 2] * 2


def test_a_cv_bridge_that_hangs_does_not_outlive_the_process(install, tmp_path):
    install({'__init__.py': 'import time\nwhile True:\n    time.sleep(1)'})
    program = (
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'from picosam_ros.ros import bridged_images\n'
        'print(bridged_images._trial.verdict())'
    )
    # Its standard error is that of the process that tries, too: it is read to the end of both. Left
    # alone, the second ends by its own limit, which begins later than this one.
    done = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        timeout=bridged_images._LIMIT_S,
    )
    assert done.stdout == 'None\n', done.stderr


def test_numbers_are_stretched_and_the_rest_becomes_rgb_as_cv_bridge_says(install):
    install(ECHO)
    tried()
    assert to_rgb(image()).tolist() == [[[1, 1, 1]] * 2] * 2
    rgb = to_rgb(image('nv24', [7, 8, 9], np.uint8, step=24))
    assert rgb.dtype == np.uint8
    assert rgb.tolist() == [[[24, 7, 8]] * 2] * 2


def test_what_cv_bridge_cannot_convert_is_refused_with_its_reason(install):
    install(ECHO)
    tried()
    assert refusal(image('nonsense')) == (
        "encoding 'nonsense' was given, which cv_bridge cannot convert: Unrecognized image encoding"
    )


@pytest.mark.parametrize(
    ('module', 'told'),
    [
        ('raise ImportError("numpy.core.multiarray\\nfailed to import")',
         'ImportError: numpy.core.multiarray failed to import'),
        ('import os; os.kill(os.getpid(), 11)', 'it ended its process with signal 11'),
        ('import os; os._exit(3)', 'exit code 3'),
        ('', 'ImportError: cannot import name'),
    ],
    ids=['raises', 'crashes', 'exits', 'is empty'],
)  # fmt: skip
def test_a_cv_bridge_that_does_not_work_here_is_told_and_ends_nothing(install, module, told):
    # As cv_bridge has it, which hides the error of its compiled half.
    tolerant = 'try:\n    import cv_bridge.boost.cv_bridge_boost\nexcept ImportError:\n    pass\n'
    install({'__init__.py': tolerant + ECHO['__init__.py'], BOOST: module})
    tried()
    sentence = refusal(image())
    assert f'does not work here: {told}' in sentence
    assert 'picosam doctor has the command that fixes it' in sentence


@NEEDS_CV_BRIDGE
@pytest.mark.parametrize(
    ('encoding', 'kind'),
    [('32FC1', 'f4'), ('64FC1', 'f8'), ('8SC1', 'i1'), ('16SC1', 'i2'), ('32SC1', 'i4')],
)
def test_numbers_of_any_kind_become_grey_from_the_least_to_the_greatest(encoding, kind):
    tried()
    rgb = to_rgb(image(encoding, (-10, 0, 10, 41), kind)).tolist()
    assert rgb == [[[0] * 3, [50] * 3], [[100] * 3, [255] * 3]]


@NEEDS_CV_BRIDGE
def test_unknown_depths_leave_the_known_ones_in_their_order():
    tried()
    grey = to_rgb(image(values=(np.nan, 1.0, np.inf, 3.0)))[..., 0].ravel()
    assert grey[1] == 0
    assert grey[3] == 255


@NEEDS_CV_BRIDGE
def test_what_the_installed_cv_bridge_does_not_know_is_refused():
    tried()
    assert 'which cv_bridge cannot convert' in refusal(image('nonsense'))
    assert 'in rows of 4 bytes' in refusal(image(step=4))
    assert 'which cv_bridge cannot convert' in refusal(image(step=16))


@NEEDS_CV_BRIDGE
@pytest.mark.parametrize(
    'encoding',
    [
        name
        for name in ENCODINGS
        if 'UC' not in name and name not in ('uyvy', 'yuyv', 'nv12', 'nv21')
    ],
)
def test_what_both_know_is_the_same_picture(encoding):
    """But for 16 bits, of which cv_bridge rounds and the range `full` takes the high byte."""
    from cv_bridge import CvBridge

    height, width = 4, 6
    layout = ENCODINGS[encoding]
    step = width * layout.channels * layout.depth
    data = np.random.default_rng(1).integers(0, 256, step * height * layout.rows // 2, np.uint8)
    message = Image(height=height, width=width, encoding=encoding, step=step, data=data.tobytes())
    theirs = CvBridge().imgmsg_to_cv2(message, 'rgb8')
    ours = to_rgb(RawImage(0, '', height, width, encoding, False, step, data), ValueScale('full'))
    assert np.abs(ours.astype(int) - theirs).max() <= (layout.depth > 1)
