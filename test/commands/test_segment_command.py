import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import exported
from helpers.photo_clicks import click_on, pixels_of

from picosam_ros import Frame, Prompt, open_engine
from picosam_ros.cli import main
from picosam_ros.drawing.overlay import draw
from picosam_ros.engines import ENGINES
from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL

ROOT = Path(__file__).resolve().parents[2]
CENTRE = '69.5,49.5'


@pytest.fixture
def segment(picture, tiny_network):
    """Return a function that runs the command on the picture, one network pixel per pixel."""
    network = tiny_network()
    return lambda *more: main(
        ['segment', picture, '--model', network, '--roi-size', '96', *map(str, more)]
    )


def test_json_has_the_mask_in_numbers_and_the_time_of_every_stage(segment, picture, capsys):
    assert segment('--point', CENTRE, '--json') == 0
    report = json.loads(capsys.readouterr().out)
    timing = report.pop('timing')
    stages = {'preprocess', 'inference', 'decode', 'other'}
    assert set(timing) == {'load', 'total', *stages}
    assert all(value > 0 for value in timing.values())
    assert timing['total'] == pytest.approx(sum(timing[stage] for stage in stages), abs=0.01)
    assert report == {
        'image': picture,
        'width': 120,
        'height': 100,
        'engine': 'host',
        'model': 'tiny.onnx',
        'score': 1.0,
        'area': 40 * 30,
        'box': [50, 35, 89, 64],
        'centroid': [69.5, 49.5],
        'roi': {'x': 22, 'y': 2, 'width': 96, 'height': 96},
        'note': '',
    }


def test_sixteen_bits_are_scaled_as_told_or_as_asked_for(segment, picture, capsys):
    cv2.imwrite(picture, cv2.imread(picture).astype(np.uint16) << 4)
    for more, area, told in (
        ((), 1200, 'images of 16 bits use the values 0,4095 of 0,65535'),
        (('--range', '0,4095'), 1200, ''),
        (('--range', 'full'), 0, ''),
    ):
        assert segment('--point', CENTRE, '--json', *more) == 0
        printed = capsys.readouterr()
        assert json.loads(printed.out)['area'] == area
        assert printed.err.count('\n') == bool(told)
        assert printed.err.startswith(told)


@pytest.mark.parametrize('given', ['5', '9,5', '0,70000', 'wide'])
def test_a_range_that_is_none_is_a_usage_error(segment, capsys, given):
    with pytest.raises(SystemExit) as end:
        segment('--point', CENTRE, '--range', given)
    assert end.value.code == 2
    assert f"value range '{given}' was given; allowed are auto, full" in capsys.readouterr().err


def test_the_readable_answer_has_box_area_score_and_milliseconds(segment, capsys):
    # The ROI reaches one row over the border, and the padding's red, 124, is close to the
    # network's threshold: 1200 / (1200 + 96) of the pixels are sure.
    assert segment('--point', '69.5,46.5') == 0
    printed = capsys.readouterr().out
    assert printed.startswith('box 50,35,89,64  area 1200 px (10.0%)  score 0.93  ')
    assert printed.endswith(' ms\n')


def test_the_mask_file_holds_0_and_255_as_the_library_finds_them(picture, tmp_path, capsys):
    path = tmp_path / 'mask.png'
    words = ['--point', '60,40', '--model', FAST_MODEL]
    assert main(['segment', picture, *words, '-o', str(path)]) == 0
    rgb = cv2.imread(picture)[..., ::-1]
    with open_engine(model=FAST_MODEL) as engine:
        [mask] = engine.segment(Frame.from_array(rgb), [Prompt.from_point(60, 40)])
    written = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert written.dtype == np.uint8
    np.testing.assert_array_equal(written, np.where(mask.to_image(), 255, 0))
    assert str(path) in capsys.readouterr().out


def test_the_overlay_is_the_picture_with_the_mask_drawn_in_the_right_colours(
    segment, picture, tiny_network, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        'picosam_ros.drawing.overlay.draw', lambda pixels, masks, **_: draw(pixels, masks)
    )
    path = tmp_path / 'overlay.png'
    assert segment('--point', CENTRE, '--overlay', path) == 0
    rgb = np.ascontiguousarray(cv2.imread(picture)[..., ::-1])
    with open_engine(model=tiny_network()) as engine:
        [mask] = engine.segment(Frame.from_array(rgb), [Prompt.from_point(69.5, 49.5, roi_size=96)])
    np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], draw(rgb, [mask]))


def test_several_points_are_one_prompt(segment, capsys):
    assert segment('--point', '52,32', '--point', '86,56,1', '--json') == 0
    roi = json.loads(capsys.readouterr().out)['roi']
    middle = roi['x'] + (roi['width'] - 1) / 2, roi['y'] + (roi['height'] - 1) / 2
    assert middle == pytest.approx((69, 44), abs=1)


@pytest.mark.parametrize('step', [1, -1])
def test_a_step_is_a_larger_or_a_smaller_object_at_the_point(tmp_path, capsys, step):
    path = tmp_path / 'coffee.png'
    cv2.imwrite(str(path), pixels_of('coffee')[..., ::-1])
    [point] = click_on('coffee/handle').points
    areas = []
    for size_step in (0, step):
        arguments = ['segment', str(path), '--point', f'{point.x},{point.y}', '--json']
        assert main([*arguments, '--model', DEFAULT_MODEL, '--size-step', str(size_step)]) == 0
        areas.append(json.loads(capsys.readouterr().out)['area'])
    assert np.sign(areas[1] - areas[0]) == step


def test_a_box_that_reaches_over_the_border_is_cut_and_that_is_reported(segment, capsys):
    assert segment('--box', '-10,-5,90,70', '--json') == 0
    note = json.loads(capsys.readouterr().out)['note']
    assert note == 'the box was cut at the border of the 120×100 image'
    assert segment('--box', '-10,-5,90,70') == 0
    assert note in capsys.readouterr().out


def test_a_terminal_that_cannot_show_a_character_shows_a_question_mark(picture):
    printed = subprocess.run(
        [sys.executable, '-m', 'picosam_ros', 'segment', picture, '--box', '-10,-5,90,70'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, 'PYTHONIOENCODING': 'ascii'},
        timeout=60,
    )
    assert printed.returncode == 0
    assert '120?100' in printed.stdout


def test_an_object_that_is_not_there_is_an_answer_and_no_error(tiny_network, tmp_path, capsys):
    black = tmp_path / 'black.png'
    cv2.imwrite(str(black), np.zeros((50, 50, 3), np.uint8))
    arguments = ['segment', str(black), '--point', '9,9', '--roi-size', '16']
    arguments += ['--model', tiny_network()]
    assert main([*arguments, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report['area'], report['box'], report['centroid']) == (0, None, None)
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith('nothing found')


def test_a_picture_is_read_upright_as_its_exif_data_tell(tmp_path, tiny_network, capsys):
    path = tmp_path / 'turned.jpg'
    _, encoded = cv2.imencode('.jpg', np.zeros((40, 80, 3), np.uint8))
    # One EXIF entry, little-endian: Orientation (0x0112) is 6, a quarter turn.
    entry = bytes.fromhex('0100 1201 0300 01000000 06000000 00000000')
    exif = b'Exif\0\0II*\0\x08\0\0\0' + entry
    segment = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    path.write_bytes(encoded[:2].tobytes() + segment + encoded[2:].tobytes())
    main(['segment', str(path), '--point', '9,70', '--model', tiny_network(), '--json'])
    report = json.loads(capsys.readouterr().out)
    assert (report['width'], report['height']) == (40, 80)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--point', '120,10'], 'point (120, 10) is outside of the image; allowed are x from 0'),
        (['--box', '130,10,140,20'], 'is outside of the 120×100 image'),
        (['--box', '9,9,8,9'], 'x1 must be at least x0'),
        (['--point', 'nan,3'], 'coordinates must be finite'),
        (['--point', '9,9,0'], 'no positive point and no box'),
        (['--point', '9,9', '--roi-size', '3'], 'an ROI of 3 pixels was given; allowed are 16'),
        (
            ['--point', '9,9', '--engine', 'gpu'],
            f"'gpu' was given; allowed are {', '.join(ENGINES)}",
        ),
        (
            ['--point', '9,9', '--model', 'yolo'],
            f"'yolo' was given; known names are {DEFAULT_MODEL}",
        ),
        (['--point', '9,9', '--model', 'no.onnx'], 'model file no.onnx does not exist'),
        (
            ['--point', '9,9', '-o', 'mask.jpg'],
            'is not of a lossless format; use one of the suffixes',
        ),
        (['--point', '9,9', '-o', 'no-folder/mask.png'], 'there is no folder no-folder'),
        (['--point', '9,9', '--overlay', 'drawn'], 'use the suffix .png or .jpg'),
        (['--point', '9,9', '--overlay', 'drawn.txt'], 'use the suffix .png or .jpg'),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    arguments, said, picture, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(['segment', picture, *arguments]) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert said in told.err
    assert told.err.count('\n') == 1


@pytest.mark.parametrize('content', [b'', b'this is text'])
def test_a_file_that_is_no_picture_is_refused(content, tmp_path, capsys):
    path = tmp_path / 'notes.jpg'
    path.write_bytes(content)
    assert main(['segment', str(path), '--point', '1,1']) == 1
    told = capsys.readouterr().err
    assert f'image {path} cannot be read: OpenCV cannot read it as an image' in told


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ([], 'give the object with --point X,Y or --box X0,Y0,X1,Y1'),
        (['--point', '7'], "'7' was given; the form is X,Y or X,Y,0 or X,Y,1, in pixels"),
        (['--point', 'x,y'], "'x,y' was given; the form is"),
        (['--point', '7,7,2'], 'the third number is 1 (on the object) or 0 (not on it)'),
        (['--box', '1,2,3'], "'1,2,3' was given; the form is X0,Y0,X1,Y1, in pixels"),
        (['--point', '7,7', '--size-step', 'x'], "argument --size-step: invalid int value: 'x'"),
    ],
)
def test_what_was_mistyped_is_a_usage_error(arguments, said, picture, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['segment', picture, *arguments])
    assert said in capsys.readouterr().err


def test_edgesam_takes_negative_points_and_tells_encoder_and_decoder_apart(
    picture, tmp_path, capsys
):
    pair = exported.write_pair(tmp_path)
    words = ['--engine', 'edgesam', '--encoder', pair.encoder, '--decoder', pair.decoder]
    points = ['--point', CENTRE, '--point', '20,90,0']
    assert main(['segment', picture, *words, *points, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['engine'] == 'edgesam'
    assert report['model'] == 'edgesam_encoder.onnx + edgesam_decoder.onnx'
    assert report['area'] > 0
    assert {'encode', 'inference'} <= set(report['timing'])


def test_a_runtime_that_is_unknown_is_an_error_with_the_known_ones(segment, capsys):
    assert segment('--point', CENTRE, '--runtime', 'abacus') == 1
    told = "runtime 'abacus' was given; allowed are onnxruntime, openvino"
    assert told in capsys.readouterr().err


def link(path, target):
    path.symlink_to(target)
    return path


def hard_link(path, target):
    path.hardlink_to(target)
    return path


WAYS = {
    'itself': lambda given, folder: given,
    'link': lambda given, folder: link(folder / 'link.png', given),
    'hard link': lambda given, folder: hard_link(folder / 'hard.png', given),
    'other words': lambda given, folder: given.parent / '..' / given.parent.name / given.name,
    'linked folder': lambda given, folder: link(folder / 'there', given.parent) / given.name,
}


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('option', ['-o', '--overlay'])
def test_the_picture_that_is_read_is_not_written_over(
    segment, picture, option, way, tmp_path, capsys
):
    given = Path(picture)
    before = given.read_bytes()
    assert segment('--point', CENTRE, option, WAYS[way](given, tmp_path)) == 1
    assert f'is the input {picture}; give the output another name' in capsys.readouterr().err
    assert given.read_bytes() == before


@pytest.mark.parametrize('there', [True, False])
def test_two_outputs_are_two_files(segment, tmp_path, capsys, monkeypatch, there):
    monkeypatch.chdir(tmp_path)
    Path('x').mkdir()
    if there:
        Path('a.png').write_bytes(b'before')
    same = tmp_path / 'x' / '..' / 'a.png'
    assert segment('--point', CENTRE, '-o', 'a.png', '--overlay', same) == 1
    assert 'a.png was given for two outputs' in capsys.readouterr().err
    assert not there or Path('a.png').read_bytes() == b'before'


def test_a_device_takes_any_number_of_outputs(segment, tmp_path):
    outputs = [link(tmp_path / name, '/dev/null') for name in ('a.png', 'b.png')]
    assert segment('--point', CENTRE, '-o', outputs[0], '--overlay', outputs[1]) == 0


@pytest.mark.parametrize(
    ('option', 'said'),
    [
        ('o.pgm', 'is of a format that holds no colour; use the suffix .png or .jpg'),
        ('o.webp', '.webp holds no image of 17000×40 pixels (at most 16383 a side)'),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_the_work(
    option, said, tmp_path, tiny_network, capfd, monkeypatch
):
    monkeypatch.setattr('picosam_ros.engines.make_engine', None)
    wide = tmp_path / 'wide.png'
    cv2.imwrite(str(wide), np.zeros((40, 17000, 3), np.uint8))
    outputs = ['-o', str(tmp_path / 'mask.png'), '--overlay', str(tmp_path / option)]
    assert main(['segment', str(wide), '--point', '9,9', *outputs]) == 1
    assert said in capfd.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ['wide.png']


def test_a_picture_that_is_too_large_for_opencv_is_refused(tmp_path, capsys):
    path = tmp_path / 'huge.pgm'
    path.write_bytes(b'P5 40000 40000 255\n')
    assert main(['segment', str(path), '--point', '1,1']) == 1
    assert 'it has more than 1073741824 pixels' in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_what_was_there(segment, tmp_path, capsys, monkeypatch):
    def refuse(*_):
        raise OSError(28, 'No space left on device')

    mask = tmp_path / 'mask.png'
    mask.write_bytes(b'before')
    there = sorted(tmp_path.iterdir())
    monkeypatch.setattr('picosam_ros.files.replace.PartFile.write', refuse)
    assert segment('--point', CENTRE, '-o', mask) == 1
    assert f'{mask} cannot be written: no space left on device' in capsys.readouterr().err
    assert mask.read_bytes() == b'before'
    assert sorted(tmp_path.iterdir()) == there


def test_a_file_that_is_replaced_keeps_its_permissions_and_a_link_its_target(segment, tmp_path):
    mask = tmp_path / 'mask.png'
    mask.write_bytes(b'before')
    mask.chmod(0o640)
    assert segment('--point', CENTRE, '-o', link(tmp_path / 'link.png', mask)) == 0
    assert (tmp_path / 'link.png').is_symlink()
    assert mask.read_bytes() != b'before'
    assert mask.stat().st_mode & 0o777 == 0o640


@pytest.fixture
def all_of(picture, tiny_network):
    """Return a function that looks for all things in the picture; the time never ends."""
    network = tiny_network()
    return lambda *more: main(
        ['segment', picture, '--everything', '--budget', '600', '--model', network, *map(str, more)]
    )


def test_everything_writes_labels_of_16_bits_coco_and_an_overlay(all_of, tmp_path, capsys):
    labels, coco, overlay = (tmp_path / name for name in ('labels.png', 'all.json', 'overlay.png'))
    assert all_of('-o', labels, '--coco', coco, '--overlay', overlay, '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert report['asked'] == report['planned'] > 50
    [found] = report['objects']
    assert found['id'] == 1
    written = cv2.imread(str(labels), cv2.IMREAD_UNCHANGED)
    assert (written.dtype, written.shape) == (np.uint16, (100, 120))
    truth = np.zeros((100, 120), bool)
    truth[35:65, 50:90] = True
    assert np.count_nonzero((written == 1) & truth) / np.count_nonzero((written == 1) | truth) > 0.9
    content = json.loads(coco.read_text())
    assert content['images'] == [{'id': 1, 'file_name': 'square.png', 'width': 120, 'height': 100}]
    [annotation] = content['annotations']
    assert np.array_equal(decode_rle(annotation['segmentation']).astype(bool), written == 1)
    assert annotation['area'] == found['area'] == np.count_nonzero(written)
    x, y, width, height = annotation['bbox']
    assert np.flatnonzero(written.any(axis=0))[[0, -1]].tolist() == [x, x + width - 1]
    assert np.flatnonzero(written.any(axis=1))[[0, -1]].tolist() == [y, y + height - 1]
    drawn, plain = cv2.imread(str(overlay)), cv2.imread(report['image'])
    assert (drawn[50, 70] != plain[50, 70]).any()
    assert (drawn[5, 5] == plain[5, 5]).all()


def test_everything_tells_how_many_clicks_were_answered(all_of, capsys):
    assert all_of() == 0
    assert '1 thing  ' in (printed := capsys.readouterr().out)
    assert ' clicks answered in ' in printed


@pytest.mark.parametrize(
    ('more', 'reason'),
    [
        (['--everything', '--point', '5,5'], '--everything looks for all things itself'),
        (['--point', '5,5', '--coco', 'all.json'], '--budget and --coco are options of'),
        (['--everything', '--budget', '0'], 'allowed are numbers above 0'),
    ],
)
def test_options_that_do_not_go_with_everything_are_usage_errors(picture, capsys, more, reason):
    with pytest.raises(SystemExit) as end:
        main(['segment', picture, *more])
    assert end.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_label_image_of_8_bits_is_refused_before_anything_is_computed(all_of, tmp_path, capsys):
    assert all_of('-o', tmp_path / 'labels.bmp') == 1
    assert 'without 16 bits a pixel; use one of the suffixes .png' in capsys.readouterr().err
