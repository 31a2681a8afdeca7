import cv2
import numpy as np
import pytest

from picosam_ros.commands.video_writer import CODECS, VideoWriter, rounded_rate

ODD = np.full((121, 161, 3), (200, 120, 40), np.uint8)


def write(path, rate=25.0):
    """Write three frames of an odd size; return the writer."""
    with VideoWriter(path, rate) as writer:
        for _ in range(3):
            writer.write(ODD)
    return writer


@pytest.mark.parametrize('ending', CODECS)
def test_odd_sides_get_a_row_and_a_column_more_and_that_is_told(tmp_path, ending):
    path = tmp_path / f'out{ending}'
    notes = write(path).notes
    assert notes[0].startswith('161×121 pixels are written as 162×122: ')
    frame = cv2.VideoCapture(str(path)).read()[1]
    assert frame.shape == (122, 162, 3)
    assert np.abs(frame[..., ::-1].astype(int) - ODD[0, 0]).max() < 12


def test_h264_plays_in_browsers(tmp_path):
    av = pytest.importorskip('av', reason='pip install av')
    path = tmp_path / 'out.mp4'
    assert write(path, 29.97002997).codec == 'h264'
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ('h264', 'yuv420p')
        assert stream.average_rate.as_integer_ratio() == (30000, 1001)
    content = path.read_bytes()
    assert content.index(b'moov') < content.index(b'mdat')


@pytest.mark.parametrize(
    ('rate', 'rounded'),
    [(25.0, (25, 1)), (29.97002997, (30000, 1001)), (0.5, (1, 2)), (1000.0, (1000, 1))],
)
def test_usual_rates_are_written_as_they_are(rate, rounded):
    assert rounded_rate(rate).as_integer_ratio() == rounded


def test_a_rate_that_no_container_has_is_rounded_and_told(tmp_path):
    notes = write(tmp_path / 'out.avi', 29.1234567).notes
    assert 'the rate of 29.1234567 Hz is rounded to 29.1234' in notes[0]
