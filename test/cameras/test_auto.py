import pytest

from picosam_ros.cameras import CAMERAS, auto, make_camera
from picosam_ros.cameras.auto import choose
from picosam_ros.cameras.process import models
from picosam_ros.cameras.process.camera import Imx500Process, PicameraProcess
from picosam_ros.cameras.v4l2 import V4l2Camera
from picosam_ros.errors import CameraError

COMMON = {'source': '', 'rate': 30.0, 'frame_id': 'eye'}
PI = '/base/axi/pcie@120000/rp1/i2c@88000/'


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Let a picamera2 be found, in this process and in a child, that lists cameras."""
    monkeypatch.setattr(models, 'LIST_S', 600.0)

    def lists(*cameras):
        listed = [
            {'Model': model, 'Id': f'{place}{model}@1a', 'Num': number}
            for number, (model, place) in enumerate(cameras)
        ]
        package = tmp_path / 'picamera2'
        package.mkdir()
        (package / '__init__.py').write_text(
            'print("as the real one prints")\n'
            'class Picamera2:\n'
            f'    global_camera_info = staticmethod(lambda: {listed!r})\n'
        )
        (package / 'devices.py').write_text('IMX500 = None\n')
        monkeypatch.syspath_prepend(str(tmp_path))

    return lists


@pytest.fixture
def usb(monkeypatch):
    monkeypatch.setattr(auto, 'devices', lambda source: ['/dev/video0'])


@pytest.fixture
def no_usb(monkeypatch):
    def none(source):
        raise CameraError('there is no /dev/video*')

    monkeypatch.setattr(auto, 'devices', none)


def test_an_imx500_comes_first(usb, lists):
    lists(('imx708', PI), ('imx500', PI))
    assert type(choose(sensor_network='n.rpk', **COMMON)) is Imx500Process


def test_an_imx500_without_its_network_is_a_pi_camera_like_others(usb, lists):
    lists(('imx500', PI))
    assert type(choose(**COMMON)) is PicameraProcess


def test_a_pi_camera_comes_before_a_usb_camera(usb, lists):
    lists(('imx708', PI))
    assert type(choose(**COMMON)) is PicameraProcess


@pytest.mark.parametrize('cameras', [[], [('C920', '/base/scb/pcie/usb@0/')]])
def test_a_usb_camera_comes_next_also_where_libcamera_lists_it(cameras, usb, lists):
    lists(*cameras)
    assert type(choose(**COMMON)) is V4l2Camera


def test_without_picamera2_it_is_a_usb_camera(usb):
    assert type(choose(**COMMON)) is V4l2Camera


def test_without_any_camera_it_says_what_was_tried(no_usb, lists):
    lists()
    with pytest.raises(CameraError) as caught:
        choose(**COMMON)
    assert str(caught.value) == (
        'no camera was found. Raspberry Pi cameras: libcamera lists none; check the cable, then '
        'reboot. USB cameras: there is no /dev/video*'
    )


def test_a_picamera2_that_does_not_work_is_told(no_usb, lists, tmp_path):
    lists(('imx500', PI))
    (tmp_path / 'picamera2' / '__init__.py').write_text('raise OSError("no libcamera.so")')
    with pytest.raises(CameraError, match=r'no libcamera\.so\. USB cameras'):
        choose(**COMMON)


def test_a_simulated_one_needs_no_search(no_usb):
    assert type(make_camera('auto', simulate=True, roi_settle_frames=2)) is Imx500Process


def test_a_camera_takes_the_options_that_it_lists():
    options = {'sensor_network': 'n.rpk', 'roi_settle_frames': 5, 'simulate': False, 'faults': ''}
    assert set(CAMERAS.options_of('imx500')) == {*COMMON, *options}
    assert make_camera('imx500', **options).name == 'imx500'
    for name in CAMERAS.keys() - {'auto', 'imx500'}:
        assert make_camera(name, source='7').name == name


@pytest.mark.parametrize('name', CAMERAS.keys() - {'auto', 'imx500'})
def test_an_option_of_other_cameras_is_refused_with_those_that_have_it(name):
    with pytest.raises(
        CameraError, match=r'no option simulate \(of auto, imx500\); it takes source'
    ):
        make_camera(name, simulate=True)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(CameraError, match=f'allowed are {", ".join(CAMERAS)}'):
        make_camera('webcam')
