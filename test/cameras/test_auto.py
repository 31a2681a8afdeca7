from types import SimpleNamespace

import pytest

from picosam_ros.cameras import CAMERAS, auto, make_camera
from picosam_ros.cameras.auto import choose
from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.v4l2 import V4l2Camera
from picosam_ros.errors import CameraError

COMMON = {'source': '', 'rate': 30.0, 'frame_id': 'eye'}
PI = '/base/axi/pcie@120000/rp1/i2c@88000/'


def backend(*cameras):
    listed = [
        {'Model': model, 'Id': f'{place}{model}@1a', 'Num': number}
        for number, (model, place) in enumerate(cameras)
    ]
    return SimpleNamespace(Picamera2=SimpleNamespace(global_camera_info=lambda: listed))


@pytest.fixture
def usb(monkeypatch):
    monkeypatch.setattr(auto, 'devices', lambda source: ['/dev/video0'])


@pytest.fixture
def no_usb(monkeypatch):
    def none(source):
        raise CameraError('there is no /dev/video*')

    monkeypatch.setattr(auto, 'devices', none)


def test_an_imx500_comes_first(usb):
    found = choose(
        sensor_network='n.rpk', backend=backend(('imx708', PI), ('imx500', PI)), **COMMON
    )
    assert type(found) is Imx500Camera


def test_an_imx500_without_its_network_is_a_pi_camera_like_others(usb):
    assert type(choose(backend=backend(('imx500', PI)), **COMMON)) is PicameraCamera


def test_a_pi_camera_comes_before_a_usb_camera(usb):
    assert type(choose(backend=backend(('imx708', PI)), **COMMON)) is PicameraCamera


@pytest.mark.parametrize('cameras', [[], [('C920', '/base/scb/pcie/usb@0/')]])
def test_a_usb_camera_comes_next_also_where_libcamera_lists_it(cameras, usb):
    assert type(choose(backend=backend(*cameras), **COMMON)) is V4l2Camera


def test_without_picamera2_it_is_a_usb_camera(usb):
    assert type(choose(**COMMON)) is V4l2Camera


def test_without_any_camera_it_says_what_was_tried(no_usb):
    with pytest.raises(CameraError) as caught:
        choose(backend=backend(), **COMMON)
    assert str(caught.value) == (
        'no camera was found. Raspberry Pi cameras: libcamera lists none; check the cable, then '
        'reboot. USB cameras: there is no /dev/video*'
    )


def test_a_simulated_one_needs_no_search(no_usb):
    assert type(make_camera('auto', simulate=True, roi_settle_frames=2)) is Imx500Camera


def test_a_camera_takes_the_options_that_it_lists():
    options = {'sensor_network': 'n.rpk', 'roi_settle_frames': 5, 'simulate': False, 'faults': ''}
    assert set(CAMERAS.options_of('imx500')) == {*COMMON, *options}
    assert make_camera('imx500', **options)._history._settle_frames == 5
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
