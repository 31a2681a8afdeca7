"""What is packed comes back, in pieces that are small enough."""

import json

import cv2
import numpy as np
import pytest
from helpers.click_photos import photo
from helpers.jpeg_files import with_orientation
from helpers.photo_masks import disc

pytest.importorskip('tqdm', reason='only training has it')

from training.data import readers, split
from training.photos import pieces
from training.photos.__main__ import packed_photos
from training.photos.pieces import pack, read, write


def test_pixels_masks_and_what_is_known_come_back_in_order(tmp_path) -> None:
    packed = [photo(number, f'source {number % 2}', number == 3) for number in range(5)]
    write(packed, tmp_path)
    for before, after in zip(packed, read(tmp_path), strict=True):
        assert (after.source, after.held, after.shape) == (before.source, before.held, (96, 128))
        np.testing.assert_array_equal(after.pixels(), before.pixels())
        for mine, theirs in zip(before.masks, after.masks, strict=True):
            assert (theirs.window, theirs.area) == (mine.window, mine.area)
            np.testing.assert_array_equal(theirs.pixels(), mine.pixels())


def test_a_mask_is_kept_as_the_bits_of_its_box() -> None:
    mask = disc((96, 128), (70, 40), 9)
    [kept] = photo_of([mask]).masks
    left, top, right, bottom = kept.window
    assert (left, top, right, bottom) == (61, 31, 80, 50)
    np.testing.assert_array_equal(kept.pixels(), mask[top:bottom, left:right])


def photo_of(masks: list[np.ndarray]):
    return pack('discs', False, np.zeros((*masks[0].shape, 3), np.uint8), masks)


def test_a_large_photo_is_shrunk_with_its_masks_and_another_keeps_its_file(tmp_path) -> None:
    mask = disc((600, 1024), (500, 300), 200)
    packed = pack('large', False, np.zeros((600, 1024, 3), np.uint8), [mask], b'not kept')
    assert packed.shape == packed.pixels().shape[:2] == (300, 512)
    assert packed.masks[0].area == pytest.approx(mask.sum() / 4, rel=0.01)
    file = photo(0).picture.tobytes()
    kept = pack('small', False, photo(0).pixels(), [disc((96, 128), (50, 40), 9)], file)
    assert kept.picture.tobytes() == file


@pytest.mark.parametrize('orientation', [1, 3, 6])
def test_a_photo_comes_back_as_its_masks_were_drawn_and_not_turned_by_its_exif_orientation(
    tmp_path, orientation
) -> None:
    pixels = photo(0).pixels()
    square = [[10, 10, 30, 10, 30, 30, 10, 30]]
    labelled = {'id': 1, 'image_id': 1, 'category_id': 1, 'iscrowd': 0, 'segmentation': square}
    content = {
        'images': [{'id': 1, 'file_name': 'a.jpg', 'width': 128, 'height': 96}],
        'categories': [{'id': 1, 'name': 'thing'}],
        'annotations': [labelled | {'area': 400, 'bbox': [10, 10, 20, 20]}],
    }
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'mine.json').write_text(json.dumps(content))
    file = with_orientation(cv2.imencode('.jpg', pixels)[1].tobytes(), orientation)
    (tmp_path / 'a.jpg').write_bytes(file)
    [packed] = packed_photos(tmp_path, {'weights': {'mine': 1.0}})
    [labelled_photo] = readers.read_source(tmp_path, 'mine')
    assert packed.pixels().shape == (96, 128, 3)
    # The quality of the packed picture.
    difference = np.abs(packed.pixels().astype(int) - labelled_photo.pixels())
    assert difference.mean() < 8
    assert (packed.picture.tobytes() == file) == (orientation == 1)


def test_objects_of_a_few_pixels_are_left_out_and_photos_without_any() -> None:
    dot = disc((96, 128), (50, 40), 1)
    assert len(photo_of([dot, disc((96, 128), (50, 40), 9)]).masks) == 1
    assert photo_of([dot]) is None


def test_no_piece_is_larger_than_allowed_and_none_is_wasted(tmp_path) -> None:
    largest = pieces.HEADERS + 5 * len(photo(0).picture) // 2
    packed = [photo(number) for number in range(9)]
    paths = write(packed, tmp_path, largest)
    assert 2 < len(paths) < 9
    assert max(path.stat().st_size for path in paths) <= largest
    for path in paths:
        with np.load(path) as arrays:
            assert len(arrays['pictures']) + len(arrays['masks']) <= largest - pieces.HEADERS
    assert len(list(read(tmp_path))) == 9
    assert pieces.LARGEST == 30 * 2**20


def test_what_cannot_be_packed_or_read_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r'training\.photos` packs'):
        list(read(tmp_path))
    with pytest.raises(ValueError, match='leave it out'):
        write([photo(0)], tmp_path, pieces.HEADERS + 100)
    write([photo(0)], tmp_path)
    with pytest.raises(ValueError, match='has pieces already'):
        write([photo(0)], tmp_path)


def test_held_out_photos_are_marked_and_copies_of_them_left_out(store, monkeypatch) -> None:
    monkeypatch.setattr(split, 'read', lambda: {'coco_train/0003.png'})
    config = {'weights': {'coco_train': 0.7, 'mushrooms': 0.3}}
    packed = list(packed_photos(store, config))
    assert [each.held for each in packed] == [False] * 12 + [True]
    assert {each.source for each in packed} == {'coco_train', 'mushrooms'}
