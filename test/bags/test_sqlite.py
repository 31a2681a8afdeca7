import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from helpers.recorded import TOPIC, at, record, storage_file

from picosam_ros.bags.recording import Recording
from picosam_ros.errors import BagError

# Copies a file row by row into a new one with a write-ahead log, and dies.
KILLED_RECORDER = """
import os, sqlite3, sys
old = sqlite3.connect(sys.argv[1])
new = sqlite3.connect(sys.argv[2], isolation_level=None)
new.execute('PRAGMA journal_mode=WAL')
new.execute('PRAGMA wal_autocheckpoint=0')
for name, sql in old.execute(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
).fetchall():
    new.execute(sql)
    for row in old.execute(f'SELECT * FROM {name}').fetchall():
        new.execute(f"INSERT INTO {name} VALUES ({','.join('?' * len(row))})", row)
        if name == 'messages' and row[0] == int(sys.argv[3]):
            new.execute('PRAGMA wal_checkpoint(TRUNCATE)')
os.kill(os.getpid(), 9)
"""


def times(recording):
    return [recorded.at_ns for recorded in recording.images(TOPIC)]


@pytest.mark.parametrize('checkpoint', [0, 5])
def test_what_is_in_the_log_beside_the_file_is_read_and_the_recording_stays_as_it_is(
    tmp_path, checkpoint
):
    source = storage_file(record(tmp_path / 'bag'))
    folder = tmp_path / 'killed #1'
    folder.mkdir()
    arguments = [str(source), str(folder / 'killed_0.db3'), str(checkpoint)]
    subprocess.run([sys.executable, '-c', KILLED_RECORDER, *arguments], check=False, timeout=60)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert len(before['killed_0.db3-wal'])
    with Recording(folder) as recording:
        assert recording.topics == {TOPIC: 10}
        assert times(recording) == [at(number) for number in range(10)]
        assert recording.damage == 'it has no metadata.yaml'
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_read(tmp_path):
    path = record(tmp_path / 'bag')
    path.chmod(0o500)
    try:
        with Recording(path) as recording:
            assert len(times(recording)) == 10
            assert not recording.damage
    finally:
        path.chmod(0o700)


def test_a_topic_of_another_format_is_left_out_and_told(tmp_path):
    path = record(tmp_path / 'bag')
    change(path, "INSERT INTO topics VALUES (9, '/log', 'Log', 'json', '', '')")
    with Recording(path) as recording:
        assert recording.notes == ["topic /log is left out: its messages are 'json', not CDR"]
        assert len(times(recording)) == 10


@pytest.mark.parametrize(
    ('sql', 'why'),
    [
        ("UPDATE messages SET data = 'text' WHERE id = 3", 'row 3 of its messages holds no'),
        ("UPDATE messages SET timestamp = 'noon' WHERE id = 3", 'row 3 of its messages holds no'),
    ],
)
def test_a_row_that_is_no_message_is_left_out_and_told(tmp_path, sql, why):
    path = record(tmp_path / 'bag')
    change(path, sql)
    with Recording(path) as recording:
        assert len(times(recording)) == 9
        assert why in recording.damage


@pytest.mark.parametrize(
    'sql',
    [
        'DROP TABLE messages',
        # Without an end.
        'ALTER TABLE messages RENAME TO old; CREATE VIEW messages AS WITH RECURSIVE r(id) AS '
        '(SELECT 1 UNION ALL SELECT id + 1 FROM r) SELECT id, 1 AS topic_id, 1 AS timestamp, '
        "x'00' AS data FROM r",
    ],
)
def test_a_file_without_the_tables_is_refused(tmp_path, sql):
    path = record(tmp_path / 'bag')
    change(path, sql)
    with pytest.raises(BagError, match='it has no table messages'):
        Recording(path)


def change(path, sql):
    with closing(sqlite3.connect(storage_file(path))) as connection:
        connection.executescript(sql)
        connection.commit()


def test_a_message_and_a_file_may_be_compressed_by_rosbag2(tmp_path):
    from helpers.recorded import IMAGE, image, typestore
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer

    for mode in (CompressionMode.MESSAGE, CompressionMode.FILE):
        path = tmp_path / mode.name
        writer = Writer(path, version=8)
        writer.set_compression(mode, CompressionFormat.ZSTD)
        with writer:
            connection = writer.add_connection(TOPIC, IMAGE, typestore=typestore())
            for number in range(10):
                data = typestore().serialize_cdr(image(number), IMAGE)
                writer.write(connection, at(number), data)
        with Recording(path) as recording:
            assert recording.storage == 'sqlite3'
            assert len({recorded.serialised for recorded in recording.images(TOPIC)}) == 10
            assert not recording.damage


def test_a_compressed_file_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path):
    from picosam_ros.bags.compression import zstd_module

    path = record(tmp_path / 'bag', 'mcap', images=60)
    file = storage_file(path)
    packed = zstd_module().compress(file.read_bytes())
    cut = tmp_path / 'cut.mcap.zstd'
    cut.write_bytes(packed[: len(packed) * 2 // 3])
    with Recording(cut) as recording:
        assert 'its zstd data are damaged' in recording.damage
        assert 0 < len(times(recording)) < 60


@pytest.mark.parametrize(
    ('metadata', 'why', 'count'),
    [
        ('rosbag2_bagfile_information: {relative_file_paths: [a.db3, gone.db3]}', 'gone.db3', 10),
        ('rosbag2_bagfile_information: {relative_file_paths: [gone.db3]}', 'gone.db3', 10),
        ('rosbag2_bagfile_information: {relative_file_paths: 5}', 'metadata.yaml cannot be', 10),
        (
            'rosbag2_bagfile_information: {storage_identifier: mcap, relative_file_paths: [a.db3]}',
            '',
            10,
        ),
        ('[', 'its metadata.yaml cannot be read (line 2: no YAML', 10),
        ('', 'its metadata.yaml cannot be read', 10),
    ],
)
def test_metadata_that_contradict_the_files_are_told_and_what_is_there_is_read(
    tmp_path, metadata, why, count
):
    path = record(tmp_path / 'a')
    (path / 'metadata.yaml').write_text(metadata)
    with Recording(path) as recording:
        assert len(times(recording)) == count
        assert why in recording.damage
        assert bool(recording.damage) == bool(why)


def test_the_parts_of_a_split_recording_come_in_their_order(tmp_path):
    path = record(tmp_path / 'bag')
    first = storage_file(path).rename(path / 'bag_2.db3')
    from helpers.recorded import IMAGE, image

    later = [(IMAGE, at(n), image(n)) for n in range(10, 20)]
    other = storage_file(record(tmp_path / 'other', topics={TOPIC: later}))
    other.rename(path / 'bag_10.db3')
    listed = f'[{first.name}, bag_10.db3]'
    text = f'rosbag2_bagfile_information: {{relative_file_paths: {listed}}}'
    (path / 'metadata.yaml').write_text(text)
    shutil.copyfile(first, path / 'not_of_it.db3')
    with Recording(path) as recording:
        assert times(recording) == [at(number) for number in range(20)]
        assert recording.topics == {TOPIC: 20}
        assert not recording.damage


def test_a_pipe_is_no_recording(tmp_path):
    os.mkfifo(tmp_path / 'a.db3')
    with pytest.raises(BagError, match='is no file and no folder'):
        Recording(tmp_path / 'a.db3')
