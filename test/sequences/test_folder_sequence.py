import os

import cv2
import numpy as np
import pytest
from helpers.jpeg_files import with_orientation

from picosam_ros.errors import DatasetError
from picosam_ros.sequences.folder import FolderSequence
from picosam_ros.wire.value_range import ValueScale

NAMES = ('frame1.jpg', 'frame2.png', 'frame10.bmp', 'frame11.TIF', 'frame100.webp')


def picture(number):
    """Paint picture `number`: its red tells which it is."""
    pixels = np.full((30, 40, 3), 60, np.uint8)
    pixels[..., 0] = 40 * number
    return pixels


def encode(pixels, suffix, *options):
    return cv2.imencode(suffix.lower(), pixels[..., ::-1], options)[1].tobytes()


@pytest.fixture
def folder(tmp_path):
    """Five pictures of five formats."""
    for number, name in enumerate(NAMES):
        path = tmp_path / name
        path.write_bytes(encode(picture(number), path.suffix))
    return tmp_path


def numbers(images):
    """Give the numbers of images, after a look at whether each is the one of its number."""
    found = []
    for one in images:
        assert one.frame.pixels[..., 0].mean() == pytest.approx(40 * one.number, abs=3)
        assert one.frame.pixels.shape == (30, 40, 3)
        assert one.frame.stamp_ns == one.recorded_ns == one.number * 10**9 // 30
        found.append(one.number)
    return found


def test_pictures_of_all_formats_are_read_forwards_backwards_in_parts_and_again(folder):
    with FolderSequence(folder) as sequence:
        assert sequence.total == 5
        for _ in range(2):
            assert numbers(sequence.images()) == [0, 1, 2, 3, 4]
            assert numbers(sequence.reversed(0, 5)) == [4, 3, 2, 1, 0]
            assert numbers(sequence.images(1, 3)) == [1, 2]
            assert numbers(sequence.images(3)) == [3, 4]
            assert numbers(sequence.reversed(1, 3)) == [2, 1]
            assert numbers(sequence.reversed(3, 99)) == [4, 3]
            assert numbers(sequence.images(4, 4)) == numbers(sequence.reversed(4, 4)) == []
        assert (sequence.damage, sequence.refused, list(sequence.notes)) == ('', {}, [])


def test_two_passes_at_once_do_not_disturb_each_other(folder):
    with FolderSequence(folder) as sequence:
        pairs = zip(sequence.images(), sequence.reversed(0, 5), strict=True)
        assert [numbers(pair) for pair in pairs] == [[n, 4 - n] for n in range(5)]


def test_names_with_several_numbers_are_in_their_order(tmp_path):
    names = ['b1.png', 'a10_2.png', 'a9_30.png', 'a10_10.png', 'a09_4.png', '7.png']
    for number, name in enumerate(['7.png', 'a09_4.png', 'a9_30.png', *names[1:4:2], 'b1.png']):
        (tmp_path / name).write_bytes(encode(picture(number), '.png'))
    with FolderSequence(tmp_path) as sequence:
        assert numbers(sequence.images()) == list(range(len(names)))


def test_a_picture_that_is_broken_is_refused_and_the_others_keep_their_numbers(folder):
    (folder / 'frame2.png').write_bytes(b'nothing of the kind')
    with FolderSequence(folder) as sequence:
        assert numbers(sequence.images()) == [0, 2, 3, 4]
        assert list(sequence.refused) == [1]
        assert 'frame2.png cannot be read: OpenCV cannot read it as an image' in sequence.refused[1]
        assert numbers(sequence.reversed(0, 3)) == [2, 0]
        (folder / 'frame10.bmp').unlink()
        assert numbers(sequence.images()) == [0, 3, 4]
        assert 'frame10.bmp cannot be read: ' in sequence.refused[2]


def test_hidden_files_other_files_and_folders_are_left_out(folder):
    (folder / '.frame0.png').write_bytes(encode(picture(0), '.png'))
    (folder / 'notes.txt').write_text('of no picture')
    (folder / 'more.png').mkdir()
    (folder / 'more.png' / 'frame0.png').write_bytes(encode(picture(0), '.png'))
    os.mkfifo(folder / 'pipe.png')
    with FolderSequence(folder) as sequence:
        assert numbers(sequence.images()) == [0, 1, 2, 3, 4]
        [note] = sequence.notes
    assert note.startswith(f'3 other files and folders of {folder} are left out: only files')


def test_a_jpeg_is_given_as_it_is_stored_where_it_has_the_pixels_of_the_frame(folder):
    turned = with_orientation(encode(picture(5), '.jpg'), 6)
    (folder / 'frame101.jpg').write_bytes(turned)
    (folder / 'frame102.png').write_bytes((folder / 'frame1.jpg').read_bytes())
    with FolderSequence(folder) as sequence:
        first, *_, rotated, renamed = sequence.images()
        assert [bool(one.jpeg) for one in sequence.images()] == [True, *[False] * 5, True]
    assert first.jpeg == renamed.jpeg == (folder / 'frame1.jpg').read_bytes()
    decoded = cv2.imdecode(np.frombuffer(first.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert (decoded[..., ::-1] == first.frame.pixels).all()
    assert rotated.frame.pixels.shape == (40, 30, 3)


def test_pictures_of_16_bits_are_stretched_by_one_range(tmp_path):
    for number in range(3):
        values = np.tile(np.linspace(1000, 1500 + 300 * number, 40).astype(np.uint16), (30, 1))
        (tmp_path / f'{number}.png').write_bytes(cv2.imencode('.png', values)[1].tobytes())
    with FolderSequence(tmp_path) as sequence:
        first = [one.frame.pixels for one in sequence.images()]
        again = [one.frame.pixels for one in sequence.images()]
    assert (first[0].min(), first[0].max()) == (0, 255)
    assert (np.array(first) == np.array(again)).all()
    with FolderSequence(tmp_path, ValueScale('1000,3000')) as sequence:
        assert [int(one.frame.pixels.max()) for one in sequence.images()] == [63, 102, 140]


def test_a_folder_without_pictures_is_an_error_that_tells_what_is_allowed(tmp_path):
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'frame0.png').write_bytes(encode(picture(0), '.png'))
    with pytest.raises(DatasetError, match=r'has no pictures; allowed are .*\.jpg.*\.webp'):
        FolderSequence(tmp_path)
