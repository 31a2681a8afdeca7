import cv2
import numpy as np
import pytest
from helpers.recorded import TOPIC, record, storage_file
from helpers.square_video import write_video

from picosam_ros.bags.compression import zstd_module
from picosam_ros.errors import BagError, DatasetError
from picosam_ros.sequences.bag import BagSequence
from picosam_ros.sequences.film import FilmSequence
from picosam_ros.sequences.folder import FolderSequence
from picosam_ros.sequences.open import open_sequence


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / 'pictures'
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f'{number}.png'), np.zeros((8, 8, 3), np.uint8))
    return folder


def kind_and_count(path, *arguments):
    with open_sequence(path, *arguments) as sequence:
        assert sequence.path == path
        return type(sequence), len(list(sequence.images()))


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_recording_is_opened_by_its_folder_or_file_with_or_without_metadata(tmp_path, storage):
    path = record(tmp_path / 'bag', storage)
    file = storage_file(path)
    assert kind_and_count(path) == kind_and_count(path, TOPIC) == (BagSequence, 10)
    assert kind_and_count(file) == (BagSequence, 10)
    (path / 'metadata.yaml').unlink()
    assert kind_and_count(path) == (BagSequence, 10)
    packed = tmp_path / f'{file.name}.zstd'
    packed.write_bytes(zstd_module().compress(file.read_bytes()))
    assert kind_and_count(packed) == (BagSequence, 10)


def test_a_recording_whose_storage_is_missing_is_told_to_be_one(tmp_path):
    path = record(tmp_path / 'bag')
    storage_file(path).unlink()
    with pytest.raises(BagError, match='cannot be read as a rosbag2'):
        open_sequence(path)


def test_another_folder_has_pictures_and_another_file_is_a_film(tmp_path, pictures):
    assert kind_and_count(pictures) == (FolderSequence, 3)
    assert kind_and_count(write_video(tmp_path / 'film.avi')) == (FilmSequence, 12)


def test_one_picture_is_no_sequence(pictures):
    with pytest.raises(DatasetError, match=r'0.png is one picture, and no sequence; give a rosbag'):
        open_sequence(pictures / '0.png')


def test_what_is_not_there_is_told_with_what_is_allowed(tmp_path):
    with pytest.raises(DatasetError, match=r'there is no .*gone; give a rosbag2 .*, a film, or a'):
        open_sequence(tmp_path / 'gone')


def test_a_topic_is_refused_where_there_are_none(tmp_path, pictures):
    for path in (pictures, write_video(tmp_path / 'film.avi')):
        with pytest.raises(DatasetError, match=rf"topic '/a' was given for {path}, which is no ro"):
            open_sequence(path, '/a')


def test_a_topic_that_a_recording_has_not_is_refused(tmp_path):
    with pytest.raises(BagError, match="image topic '/a' was given"):
        open_sequence(record(tmp_path / 'bag'), '/a')
