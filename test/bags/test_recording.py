import pytest
from helpers.recorded import PERIOD_NS, TOPIC, at, cut, image, record, storage_file

from picosam_ros.bags.messages import IMAGE
from picosam_ros.bags.recording import Recording
from picosam_ros.errors import BagError

STORAGES = pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])


def times(recording):
    return [recorded.at_ns for recorded in recording.images(TOPIC)]


@STORAGES
def test_images_come_in_the_order_of_their_recording(tmp_path, storage):
    with Recording(record(tmp_path / 'bag', storage)) as recording:
        assert recording.storage == storage
        assert recording.topics == {TOPIC: 10}
        assert times(recording) == [at(number) for number in range(10)]
        assert not recording.damage


@STORAGES
def test_a_single_file_is_a_recording_too(tmp_path, storage):
    file = storage_file(record(tmp_path / 'bag', storage))
    with Recording(file) as recording:
        assert recording.storage == storage
        assert len(times(recording)) == 10


@STORAGES
@pytest.mark.parametrize('share', [0.3, 0.6, 0.9])
def test_of_a_file_that_ends_too_soon_all_that_is_whole_is_read(tmp_path, storage, share):
    path = record(tmp_path / 'bag', storage, images=100)
    cut(storage_file(path), share)
    with Recording(path) as recording:
        read = times(recording)
        assert recording.damage
    assert read == [at(number) for number in range(len(read))]
    # A .mcap consists of chunks of a megabyte: the last one is not whole.
    assert 100 * share - 20 <= len(read) < 100


@STORAGES
def test_a_recorder_that_was_killed_left_no_metadata_and_its_images_are_read(tmp_path, storage):
    path = record(tmp_path / 'bag', storage)
    (path / 'metadata.yaml').unlink()
    with Recording(path) as recording:
        assert recording.damage == 'it has no metadata.yaml'
        assert len(times(recording)) == 10


@pytest.mark.parametrize('name', ['bag.db3', 'bag.mcap'])
def test_an_empty_file_is_told_to_be_empty(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(BagError, match='cannot be read as a rosbag2: it is empty'):
        Recording(tmp_path / name)


def test_a_part_that_is_damaged_does_not_hide_the_others(tmp_path):
    path = record(tmp_path / 'bag', 'mcap')
    storage_file(path).rename(path / 'bag_0.mcap')
    later = [(IMAGE, at(n), image(n)) for n in range(10, 20)]
    other = storage_file(record(tmp_path / 'other', 'mcap', topics={TOPIC: later}))
    other.rename(path / 'bag_2.mcap')
    (path / 'bag_1.mcap').write_bytes(b'nothing')
    (path / 'metadata.yaml').unlink()
    with Recording(path) as recording:
        assert len(times(recording)) == 20
        assert 'bag_1.mcap: it is no SQLite file' in recording.damage


def test_data_that_are_damaged_in_the_middle_end_the_images_there(tmp_path):
    path = record(tmp_path / 'bag', 'mcap', images=60)
    file = storage_file(path)
    content = bytearray(file.read_bytes())
    # The length of the first message of the second chunk.
    second = content.index(b'\x05', content.index(b'\x06', 1_100_000) + 9)
    content[second : second + 200] = b'\xff' * 200
    file.write_bytes(content)
    with Recording(path) as recording:
        read = times(recording)
        assert recording.damage
    assert 0 < len(read) < 60


@pytest.mark.parametrize(
    ('name', 'content', 'complaint'),
    [
        ('none.mcap', None, 'does not exist; give a rosbag2'),
        ('empty.mcap', b'', 'cannot be read as a rosbag2'),
        ('empty.db3', b'', 'cannot be read as a rosbag2'),
        ('text.mcap', b'nothing of the kind' * 99, 'cannot be read as a rosbag2'),
        ('text.db3', b'nothing of the kind' * 99, 'cannot be read as a rosbag2'),
        ('film.avi', b'RIFF', 'its name does not end in .db3 or .mcap'),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(tmp_path, name, content, complaint):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BagError, match=complaint):
        Recording(path)


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(BagError, match=r'has no metadata\.yaml; give the folder'):
        Recording(tmp_path)


def test_the_only_image_topic_is_chosen_and_several_are_asked_about(tmp_path):
    with Recording(record(tmp_path / 'one')) as recording:
        assert recording.choose('') == TOPIC
        with pytest.raises(BagError, match=r"'/left' was given; .* has /camera/image_raw \(10\)"):
            recording.choose('/left')
    topics = {name: [(IMAGE, PERIOD_NS, image(0))] for name in ('/left', '/right')}
    with Recording(record(tmp_path / 'two', topics=topics)) as recording:
        assert recording.choose('/right') == '/right'
        with pytest.raises(BagError, match=r'several image topics, /left \(1\), /right \(1\)'):
            recording.choose('')


def test_a_recording_without_images_is_refused(tmp_path):
    header = image(0).header
    topics = {'/time': [('std_msgs/msg/Header', 1, header)]}
    with (
        Recording(record(tmp_path / 'bag', topics=topics)) as recording,
        pytest.raises(BagError, match='has no image topics'),
    ):
        recording.choose('')
