import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from picosam_ros.cli import main
from picosam_ros.commands import terminal
from picosam_ros.commands.video_writer import CODECS, h264_lack
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.coco_masks import decode_rle

ROOT = Path(__file__).resolve().parents[2]
RATE = 25.0
START = '40,60'


def write(path, frames=12, size=(120, 160)):
    """Write a video of a red square of 24×24 around (40 + 2n, 60)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), RATE, size[::-1])
    for number in range(frames):
        bgr = np.zeros((*size, 3), np.uint8)
        left = 28 + 2 * number
        bgr[48:72, left : left + 24] = (0, 0, 255)
        writer.write(bgr)
    writer.release()
    return path


def read(path):
    """Return the frames of a video, R, G, B."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        ok, bgr = capture.read()
        if not ok:
            return capture.get(cv2.CAP_PROP_FPS), frames
        frames.append(bgr[..., ::-1].astype(int))


@pytest.fixture
def video(tmp_path):
    return write(tmp_path / 'video.avi')


@pytest.fixture
def track(video, tiny_network):
    """Return a function that runs the command on the video."""

    def run(*more, given=video):
        given = ['track', str(given), '--model', tiny_network(), *map(str, more)]
        return main(given if '--prompts' in given or '--point' in given else [*given, *CLICK])

    return run


CLICK = ('--point', START, '--roi-size', '96')


@pytest.mark.parametrize('ending', CODECS)
def test_the_video_has_every_frame_with_the_mask_where_the_object_is(track, tmp_path, ending):
    out = tmp_path / f'out{ending}'
    assert track('-o', out) == 0
    rate, frames = read(out)
    assert rate == RATE
    assert len(frames) == 12
    for number in (0, 11):
        # Sky blue over the red: the mask's tint, two pixels within the square's border.
        square = frames[number][52:68, 32 + 2 * number : 48 + 2 * number]
        assert np.median(square[..., 2]) > 60
        assert np.median(frames[number][80:110, 60:150]) < 30


def test_json_has_the_figures_and_what_became_of_each_object(track, video, tmp_path, capsys):
    out = tmp_path / 'out.mp4'
    assert track('-o', out, '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert report.pop('codec') in ('h264', 'mpeg4')
    assert len(report.pop('notes')) == (h264_lack() != '')
    assert report.pop('seconds') > 0
    assert report.pop('frames_per_second') > 0
    assert report.pop('times_real_time') > 0
    assert report == {
        'video': str(video),
        'out': str(out),
        'masks': '',
        'engine': 'host',
        'model': 'tiny.onnx',
        'frames': 12,
        'skipped': 0,
        'objects': [{'id': 1, 'frames': 12, 'lost_at': None, 'reason': ''}],
    }


def test_several_objects_come_from_a_file(track, tmp_path, capsys):
    prompts = tmp_path / 'prompts.yaml'
    prompts.write_text(
        '- {id: 4, points: [[40, 60]], roi_size: 96}\n- {id: 9, box: [28, 48, 51, 71]}\n'
    )
    assert track('--prompts', prompts, '-o', tmp_path / 'out.mp4') == 0
    printed = capsys.readouterr().out
    assert 'object 4 in 12 of 12\n' in printed
    assert 'object 9 in 12 of 12\n' in printed


def test_an_object_that_leaves_is_lost_and_that_is_reported(tiny_network, tmp_path, capsys):
    path, out = tmp_path / 'gone.avi', tmp_path / 'out.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), RATE, (160, 120))
    for number in range(100):
        bgr = np.zeros((120, 160, 3), np.uint8)
        if number < 5:
            bgr[48:72, 28:52] = (0, 0, 255)
        writer.write(bgr)
    writer.release()
    arguments = ['track', str(path), *CLICK, '--model', tiny_network(), '-o', str(out)]
    assert main([*arguments, '--json']) == 0
    [seen] = json.loads(capsys.readouterr().out)['objects']
    assert seen['frames'] == 5
    assert 5 < seen['lost_at'] < 100
    assert seen['reason']
    main(arguments)
    assert f'object 1 in 5 of 100, lost at frame {seen["lost_at"]}: ' in capsys.readouterr().out


def test_a_terminal_shows_how_far_it_is(track, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    monkeypatch.setattr(terminal, 'REFRESH_SECONDS', 0.0)
    track('-o', tmp_path / 'out.mp4')
    printed = capsys.readouterr().out
    assert ' 50%' in printed
    assert '6 of 12 frames' in printed


def test_ctrl_c_leaves_a_video_that_can_be_watched(tiny_network, tmp_path):
    video, out = write(tmp_path / 'long.avi', frames=400), tmp_path / 'out.avi'
    command = [sys.executable, '-m', 'picosam_ros', 'track', str(video), *CLICK, '--json']
    # So large that it is at work for long, also where the signal is late.
    command += ['--model', tiny_network(('N', 2048, 2048, 3)), '-o', str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while not any(tmp_path.glob('picosam_*.part.avi')):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    frames = json.loads(printed)['frames']
    assert 0 < frames < 400
    assert len(read(out)[1]) == frames


def test_a_video_that_breaks_off_is_reported_and_what_could_be_read_is_kept(
    track, video, tmp_path, capsys
):
    whole = video.read_bytes()
    cut, out = tmp_path / 'cut.avi', tmp_path / 'out.avi'
    cut.write_bytes(whole[: len(whole) // 2])
    assert track('-o', out, given=cut) == 1
    assert f'the frames before are in {out}' in capsys.readouterr().err
    assert 0 < len(read(out)[1]) < 12


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (
            ['-o', 'out.gif'],
            "'out.gif' is of an unknown format; use one of the suffixes .mp4, .mkv, .avi",
        ),
        (['-o', 'no-folder/out.mp4'], 'there is no folder no-folder'),
        (['-o', 'out.mp4', '--point', '500,9'], 'object 1: point (500, 9) is outside of the image'),
        (['-o', 'out.mp4', '--engine', 'gpu'], "'gpu' was given"),
        (['-o', 'out.mp4', '--prompts', 'gone.yaml'], 'gone.yaml'),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    arguments, said, track, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert track(*arguments) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert said in told.err
    assert told.err.count('\n') == 1
    assert not (tmp_path / 'out.mp4').exists()


def test_the_video_that_is_read_is_not_written_over(track, video, capsys):
    before = video.read_bytes()
    assert track('-o', video) == 1
    assert f'the output {video} is the input {video}; give' in capsys.readouterr().err
    assert video.read_bytes() == before


def test_what_is_no_video_is_refused(track, tmp_path, capsys):
    text = tmp_path / 'notes.txt'
    text.write_text('notes\n')
    assert track('-o', tmp_path / 'out.mp4', given=text) == 1
    assert 'is not a video that OpenCV can decode' in capsys.readouterr().err


def test_without_an_object_it_is_a_usage_error(video, tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['track', str(video), '-o', str(tmp_path / 'out.mp4')])
    assert 'give one object with --point X,Y' in capsys.readouterr().err


@pytest.mark.parametrize('ending', CODECS)
@pytest.mark.parametrize('limit_bytes', [200, 3000])
def test_a_disk_that_is_full_is_reported(tiny_network, tmp_path, ending, limit_bytes):
    video, out = write(tmp_path / 'video.avi', frames=40), tmp_path / f'out{ending}'
    command = [sys.executable, '-m', 'picosam_ros', 'track', str(video), *CLICK, '-o', str(out)]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    command += ['--model', tiny_network()]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, preexec_fn=limit, timeout=60
    )
    assert done.returncode == 1
    assert f'{out} could not be written completely; is the disk full?' in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == [video.name]


def test_a_pipe_is_refused_and_stays(track, tmp_path, capsys):
    pipe = tmp_path / 'out.avi'
    os.mkfifo(pipe)
    assert track('-o', pipe) == 1
    told = f'{pipe} cannot be written: it is a device or a pipe, not a file'
    assert told in capsys.readouterr().err
    assert pipe.is_fifo()


@pytest.mark.parametrize('name', ['a#b', 'a?b', '100%d', '%03d', 'a b', 'né', '[x]', 'a:b', 'a\nb'])
def test_a_name_with_characters_that_have_a_meaning_elsewhere_is_a_name(
    track, video, tmp_path, monkeypatch, name
):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    given = video.rename(folder / f'{name}.avi').name
    for ending in CODECS:
        assert track('-o', f'out {name}{ending}', given=given) == 0
        out = folder / f'out {name}{ending}'
        assert len(read(out.rename(tmp_path / f'out{ending}'))[1]) == 12
    assert [file.name for file in folder.iterdir()] == [given]


def test_without_an_encoder_for_it_that_is_told(track, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'av', None)
    assert track('-o', tmp_path / 'out.mp4') == 0
    printed = capsys.readouterr().out
    assert 'out.mp4 is MPEG-4, which browsers do not play: for H.264, ' in printed
    assert 'video (mpeg4) in ' in printed


def test_frames_that_are_broken_are_skipped_and_counted(track, video, tmp_path, capsys):
    whole = bytearray(video.read_bytes())
    chunks = [
        at for at in range(whole.index(b'movi'), len(whole)) if whole[at:].startswith(b'00dc')
    ]
    for start in (chunks[4], chunks[5], chunks[8]):
        size = int.from_bytes(whole[start + 4 : start + 8], 'little')
        whole[start + 8 : start + 8 + size] = bytes(size)
    video.write_bytes(whole)
    assert track('-o', tmp_path / 'out.avi') == 0
    printed = capsys.readouterr().out
    assert '3 broken frames of the input were skipped' in printed
    assert 'object 1 in 9 of 9' in printed


def test_masks_are_written_as_pictures_of_ids(track, tmp_path, capsys):
    folder = tmp_path / 'masks'
    assert track('-o', tmp_path / 'out.avi', '--masks', folder) == 0
    assert f'masks in {folder}' in capsys.readouterr().out
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f'{number:06d}.png' for number in range(12)]
    labels = cv2.imread(str(folder / names[11]), cv2.IMREAD_UNCHANGED)
    assert (labels == 1)[50:70, 54:70].all()
    assert set(np.unique(labels)) == {0, 1}
    assert track('-o', tmp_path / 'out.avi', '--masks', folder) == 1
    assert f'the folder {folder} is not empty' in capsys.readouterr().err


def test_masks_are_written_as_coco_and_as_mots(track, tmp_path):
    coco, mots = tmp_path / 'masks.json', tmp_path / 'masks.txt'
    assert track('-o', tmp_path / 'out.avi', '--masks', coco) == 0
    with Annotations(coco) as annotations:
        assert annotations.count == 12
    written = json.loads(coco.read_text())
    last = written['annotations'][-1]
    assert (last['image_id'], last['track_id'], last['category_id']) == (11, 1, 1)
    assert last['area'] == decode_rle(last['segmentation']).sum()
    assert np.allclose(last['bbox'], [50, 48, 24, 24], atol=2)
    assert track('-o', tmp_path / 'out.avi', '--masks', mots) == 0
    lines = [line.split(' ') for line in mots.read_text().splitlines()]
    assert [line[:5] for line in lines] == [
        [str(number), '1001', '1', '120', '160'] for number in range(12)
    ]
    mask = decode_rle({'size': [120, 160], 'counts': lines[11][5]})
    assert (mask == decode_rle(last['segmentation'])).all()
