import numpy as np
import pytest
from helpers.square_video import number_of, write_video

from picosam_ros.errors import CameraError
from picosam_ros.sequences.film import FilmSequence

PERIOD_NS = 10_000_000


@pytest.fixture
def film(tmp_path):
    """Twelve frames at 100 per second, of which JPEGs are the frames."""
    return write_video(tmp_path / 'square.avi')


def starts(content):
    """Find where the frames of the film begin."""
    return [at for at in range(len(content)) if content[at : at + 3] == b'\xff\xd8\xff']


def numbers(images):
    """Give the numbers of images, after a look at whether each is the one of its number."""
    found = []
    for one in images:
        assert number_of(one.frame.pixels) == one.number
        assert one.frame.stamp_ns == one.recorded_ns == one.number * PERIOD_NS
        assert one.jpeg == b''
        found.append(one.number)
    return found


@pytest.mark.parametrize(('suffix', 'codec'), [('.avi', 'MJPG'), ('.mp4', 'mp4v')])
def test_frames_are_read_forwards_backwards_in_parts_and_again(tmp_path, suffix, codec):
    with FilmSequence(write_video(tmp_path / f'film{suffix}', codec=codec)) as sequence:
        assert sequence.total == 12
        for _ in range(2):
            assert numbers(sequence.images()) == list(range(12))
            assert numbers(sequence.reversed(0, 12)) == list(range(11, -1, -1))
            assert numbers(sequence.images(3, 6)) == [3, 4, 5]
            assert numbers(sequence.images(10)) == [10, 11]
            assert numbers(sequence.reversed(3, 6)) == [5, 4, 3]
            assert numbers(sequence.reversed(10, 99)) == [11, 10]
            assert numbers(sequence.images(4, 4)) == numbers(sequence.reversed(4, 4)) == []
        assert (sequence.damage, sequence.refused, list(sequence.notes)) == ('', {}, [])


def test_backwards_the_pixels_are_the_same(film):
    with FilmSequence(film) as sequence:
        ahead = [one.frame.pixels for one in sequence.images()]
        back = [one.frame.pixels for one in sequence.reversed(0, 12)]
    assert (np.array(ahead) == np.array(back[::-1])).all()


def test_two_passes_at_once_do_not_disturb_each_other(film):
    with FilmSequence(film) as sequence:
        pairs = zip(sequence.images(), sequence.reversed(0, 12), sequence.images(), strict=True)
        for number, (one, back, other) in enumerate(pairs):
            assert numbers([one, back, other]) == [number, 11 - number, number]


def test_of_a_film_that_is_truncated_the_frames_before_are_read(film):
    whole = film.read_bytes()
    film.write_bytes(whole[: starts(whole)[8]])
    with FilmSequence(film) as sequence:
        assert numbers(sequence.images()) == list(range(8))
        assert f'{film} breaks off after 8 of 12 frames' in sequence.damage
        assert numbers(sequence.images(11)) == []
    with FilmSequence(film) as sequence:
        assert sequence.damage == ''
        assert numbers(sequence.reversed(0, 12)) == list(range(7, -1, -1))
        assert 'breaks off' in sequence.damage


def test_a_frame_that_cannot_be_decoded_is_refused_and_the_others_keep_their_numbers(film):
    content = bytearray(film.read_bytes())
    begin, end = starts(content)[4:6]
    content[begin : end - 8] = bytes(end - 8 - begin)
    film.write_bytes(content)
    with FilmSequence(film) as sequence:
        found = [(one.number, number_of(one.frame.pixels)) for one in sequence.images()]
        assert found == [(number, number) for number in range(12) if number != 4]
        assert sequence.refused == {4: f'frame 4 of {film} cannot be decoded'}
        assert sequence.damage == ''
        back = [one.number for one in sequence.reversed(3, 6)]
        assert back == [5, 3]


def test_a_film_without_a_frame_is_an_error(tmp_path):
    path = write_video(tmp_path / 'empty.avi', frames=1)
    content = bytearray(path.read_bytes())
    at = content.index(b'\xff\xd8\xff')
    content[at : at + 400] = bytes(400)
    path.write_bytes(content)
    with pytest.raises(CameraError, match=r'empty.avi'), FilmSequence(path) as sequence:
        next(sequence.images())


def test_what_is_no_film_is_refused_at_once(tmp_path):
    path = tmp_path / 'notes.mp4'
    path.write_text('nothing of the kind')
    with pytest.raises(CameraError, match='is not a video that OpenCV can decode'):
        FilmSequence(path)


def test_where_there_is_no_room_to_read_backwards_it_is_told(film, small_disk):
    with FilmSequence(film) as sequence, small_disk(100):
        with pytest.raises(CameraError, match='set TMPDIR to another folder'):
            next(sequence.reversed(0, 12))
        assert numbers(sequence.images()) == list(range(12))
