import math
import os
from dataclasses import replace

import pytest
import yaml
from helpers.calibrated import CALIBRATION

from picosam_ros.errors import CalibrationError
from picosam_ros.spatial.calibration import read_calibration, write_calibration

# As camera_calibration's cameracalibrator writes it.
WRITTEN = """image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [521.5, 0., 318.2, 0., 522.1, 241.7, 0., 0., 1.]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.3, 0.1, 0.001, -0.0005, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1., 0., 0., 0., 1., 0., 0., 0., 1.]
projection_matrix:
  rows: 3
  cols: 4
  data: [480., 0., 317., 0., 0., 500., 243., 0., 0., 0., 1., 0.]
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'front.yaml'
    path.write_text(WRITTEN)
    return path


def refused(path, text):
    path.write_text(text)
    with pytest.raises(CalibrationError) as refusal:
        read_calibration(path)
    assert repr(str(path)) in str(refusal.value)
    assert 'leave camera_info_url empty' in str(refusal.value)
    return str(refusal.value)


def test_the_file_of_camera_calibration_is_read(path):
    assert read_calibration(path) == CALIBRATION


def test_what_is_written_is_read_again_and_has_the_shapes_of_the_format(tmp_path):
    path = tmp_path / 'new' / 'front.yaml'
    write_calibration(CALIBRATION, path)
    assert read_calibration(path) == CALIBRATION
    assert list(path.parent.iterdir()) == [path]
    content = yaml.safe_load(path.read_text())
    assert {
        key: (value['rows'], value['cols'], len(value['data']))
        for key, value in content.items()
        if isinstance(value, dict)
    } == {
        'camera_matrix': (3, 3, 9),
        'distortion_coefficients': (1, 5, 5),
        'rectification_matrix': (3, 3, 9),
        'projection_matrix': (3, 4, 12),
    }


@pytest.mark.parametrize(
    ('model', 'count'),
    [
        *(('plumb_bob', count) for count in (0, 4, 5)),
        *(('rational_polynomial', count) for count in (8, 12, 14)),
        ('equidistant', 4),
        ('', 5),
    ],
)
def test_the_coefficients_of_every_model_are_kept(tmp_path, model, count):
    calibration = replace(CALIBRATION, distortion_model=model, d=(0.1,) * count)
    write_calibration(calibration, tmp_path / 'it.yaml')
    assert read_calibration(tmp_path / 'it.yaml') == calibration


def test_a_file_that_does_not_exist_is_told_by_name(tmp_path):
    with pytest.raises(CalibrationError, match=r"none\.yaml' is no camera calibration: .*no such"):
        read_calibration(tmp_path / 'none.yaml')


@pytest.mark.parametrize('text', ['', 'a: [', '- 1\n- 2', 'just words', '\0'])
def test_what_is_no_mapping_is_refused(path, text):
    refused(path, text)


def test_bytes_that_are_no_text_are_refused(path):
    path.write_bytes(b'\xff\xfe\x00\x80')
    with pytest.raises(CalibrationError, match='is no camera calibration'):
        read_calibration(path)


@pytest.mark.parametrize('name', ['!!int ""', '!!bool x', '!!timestamp x', '2024-02-30', '=', '*a'])
def test_a_value_that_is_none_is_refused_with_its_line(path, name):
    written = WRITTEN.replace('camera_name: ', f'camera_name: {name} #')
    assert written != WRITTEN
    assert 'line ' in refused(path, written)


@pytest.mark.parametrize('key', ['image_width', 'camera_matrix', 'distortion_model'])
def test_what_is_missing_is_named(path, key):
    content = yaml.safe_load(WRITTEN)
    del content[key]
    assert f'it lacks {key}' in refused(path, yaml.safe_dump(content))


@pytest.mark.parametrize(
    ('old', 'new', 'told'),
    [
        ('318.2, ', '', 'camera_matrix has 8 numbers, not 9'),
        ('521.5', '.nan', 'camera_matrix has a number that is not finite'),
        ('-0.3', '.inf', 'distortion_coefficients has a number that is not finite'),
        ('521.5', '0.', 'the focal lengths are 0 and 522.1; both must be above 0'),
        ('image_width: 640', 'image_width: 0', 'its size is 0×480; allowed are 1 to 65535 pixels'),
        ('318.2', 'wide', 'the data of a matrix is no list of numbers'),
        ('318.2', '1' + 400 * '0', 'the data of a matrix is no list of numbers'),
        *(
            ('image_height: 480', f'image_height: {side}', 'a side of the image is')
            for side in ('[1]', '480.5', '.nan', '.inf', 'true')
        ),
        ('image_width: 640', 'image_width: 100000', 'its size is 100000×480; allowed are'),
        ('plumb_bob', 'fish', "distortion model 'fish' was given; known are plumb_bob"),
        ('plumb_bob', 'equidistant', "5 distortion coefficients were given; 'equidistant' takes 4"),
        ('-0.3, 0.1, ', '', "3 distortion coefficients were given; 'plumb_bob' takes 4 or 5"),
        ('  cols: 4\n  data: [480.', '  cols: 4\n  dato: [480.', "no list of numbers ('data')"),
    ],
)
def test_a_value_that_cannot_be_is_named(path, old, new, told):
    assert old in WRITTEN
    assert told in refused(path, WRITTEN.replace(old, new))


def test_pictures_of_another_size_are_refused_with_both_sizes():
    CALIBRATION.check_size(640, 480)
    with pytest.raises(CalibrationError, match='is for 640×480 and the camera gives 320×240'):
        CALIBRATION.check_size(320, 240)


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(CalibrationError, match=r'cannot be written to .*set camera_info_url'):
        write_calibration(CALIBRATION, tmp_path / 'file' / 'front.yaml')


def test_a_model_that_nobody_knows_is_refused_without_coefficients_too():
    with pytest.raises(CalibrationError, match="'fish' was given; known are plumb_bob"):
        replace(CALIBRATION, distortion_model='fish', d=())


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'front.yaml')
    with pytest.raises(CalibrationError, match='it is a folder, a pipe or a device'):
        read_calibration(tmp_path / 'front.yaml')


def test_a_file_that_is_no_calibration_by_its_size_is_not_read(tmp_path):
    path = tmp_path / 'front.yaml'
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(CalibrationError, match='it has more than 262144 bytes'):
        read_calibration(path)


def test_numbers_are_checked_however_they_come():
    with pytest.raises(CalibrationError, match='projection_matrix'):
        replace(CALIBRATION, p=(math.nan,) * 12)
