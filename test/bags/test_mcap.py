import pytest
from helpers import mcap_files as mcap
from helpers.recorded import TOPIC, at

from picosam_ros.bags.compression import zstd_module
from picosam_ros.bags.recording import Recording
from picosam_ros.errors import BagError


@pytest.fixture
def opened(tmp_path):
    """Return a function that writes a file and opens it."""
    path = tmp_path / 'file.mcap'

    def write(*parts):
        path.write_bytes(b''.join(parts))
        return Recording(path)

    return write


def times(recording):
    return [recorded.at_ns for recorded in recording.images(TOPIC)]


PICTURES = tuple(mcap.picture(number) for number in range(3))
TIMES = [at(number) for number in range(3)]


@pytest.mark.parametrize(
    ('other', 'why'),
    [
        (
            mcap.schema(2, 'Log', 'jsonschema') + mcap.channel(2, 2, '/log', 'json'),
            "its messages are 'json', not CDR",
        ),
        (mcap.channel(2, 0, '/log', 'json'), "its messages are 'json', not CDR"),
        (mcap.channel(2, 0, '/log'), 'it has no schema, not one of ROS 2'),
        (mcap.channel(2, 7, '/log'), 'it has no schema, not one of ROS 2'),
        (
            mcap.schema(2, 'Image', 'ros1msg') + mcap.channel(2, 2, '/log'),
            "it has a schema of 'ros1msg', not one of ROS 2",
        ),
    ],
)
@pytest.mark.parametrize('profile', ['ros2', ''])
def test_a_channel_of_another_kind_is_left_out_and_told(opened, other, why, profile):
    parts = [mcap.images(), other, *PICTURES, mcap.message(2, at(1), b'{}'), mcap.end()]
    with opened(mcap.head(profile), *parts) as recording:
        assert times(recording) == TIMES
        assert recording.notes == [f'topic /log is left out: {why}']
        assert not recording.damage


def test_a_file_of_other_channels_alone_is_refused_with_the_reason(opened):
    parts = [mcap.channel(2, 0, '/log', 'json'), mcap.message(2, 1, b'{}')]
    with (
        opened(mcap.head(), *parts, mcap.end()) as recording,
        pytest.raises(BagError, match=r'has no image topics .*; topic /log is left out: its messa'),
    ):
        recording.choose('')


@pytest.mark.parametrize('method', ['', 'zstd', 'lz4'])
def test_a_chunk_is_read_however_it_is_compressed_also_without_an_index(opened, method):
    records = mcap.images() + b''.join(PICTURES)
    packed = packers()[method](records)
    with opened(mcap.head(), mcap.chunk(records, at(0), method, packed)) as recording:
        assert times(recording) == TIMES
        assert recording.damage.startswith('it ends too soon')


def packers():
    import lz4.frame

    zstd = zstd_module()
    return {'': bytes, 'zstd': zstd.compress, 'lz4': lz4.frame.compress}


@pytest.mark.parametrize(
    ('damaged', 'why'),
    [
        (mcap.chunk(b'', at(1), 'brotli', b'xyz'), "it is compressed by 'brotli'; allowed are"),
        (mcap.chunk(b'', at(1), 'zstd', b'xyz'), 'its zstd data are damaged'),
        (mcap.chunk(b'', at(1), 'lz4', b'xyz'), 'its lz4 data are cut off'),
        (mcap.chunk(PICTURES[1], at(1), size=5), 'bytes, not 5'),
        (mcap.chunk(PICTURES[1][:-9], at(1)), 'a record in it has a length that cannot be'),
        (mcap.chunk(b'\5\0\0', at(1)), 'a record in it is cut off'),
    ],
)
def test_a_chunk_that_cannot_be_read_is_left_out_and_told(opened, damaged, why):
    chunks = [mcap.chunk(PICTURES[0], at(0)), damaged, mcap.chunk(PICTURES[2], at(2))]
    with opened(mcap.head(), mcap.images(), *chunks, mcap.end()) as recording:
        assert times(recording) == [at(0), at(2)]
        assert why in recording.damage


def test_a_chunk_that_asks_for_all_memory_is_left_out(opened, monkeypatch):
    monkeypatch.setattr('picosam_ros.bags.compression.LARGEST', 1000)
    bomb = zstd_module().compress(bytes(10_000_000))
    chunks = [mcap.chunk(PICTURES[0], at(0)), mcap.chunk(b'', at(1), 'zstd', bomb)]
    with opened(mcap.head(), mcap.images(), *chunks, mcap.end()) as recording:
        assert times(recording) == [at(0)]
        assert 'or hold more than 1000 bytes' in recording.damage


def test_messages_come_in_the_order_of_their_times(opened):
    chunks = [
        mcap.chunk(PICTURES[2] + PICTURES[0], at(0)),
        mcap.chunk(PICTURES[1], at(1)),
    ]
    with opened(mcap.head(), mcap.images(), *chunks, mcap.end()) as recording:
        assert times(recording) == TIMES


@pytest.mark.parametrize('length', range(0, 900, 37))
def test_a_file_that_ends_anywhere_is_read_as_far_as_it_goes_or_refused(tmp_path, length):
    whole = mcap.head() + mcap.images() + mcap.picture(0) + mcap.end()
    path = tmp_path / 'cut.mcap'
    path.write_bytes(whole[: -length - 1])
    try:
        with Recording(path) as recording:
            told = recording.damage
            assert len(times(recording)) == 1
    except BagError as error:
        told = str(error)
    assert 'ends too soon' in told or length < 8
