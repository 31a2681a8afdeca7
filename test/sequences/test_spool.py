import tempfile
import tracemalloc

import pytest

from picosam_ros.errors import BagError, CameraError
from picosam_ros.sequences.spool import Spool


def test_pieces_come_back_from_the_last_to_the_first():
    pieces = [b'one', b'', b'three' * 100_000, b'four']
    with Spool(BagError) as spool:
        for piece in pieces:
            spool.append(piece)
        assert list(spool.backwards()) == pieces[::-1]
        spool.append(b'five')
        assert list(spool.backwards()) == [b'five', *pieces[::-1]]


def test_nothing_comes_back_from_an_empty_one():
    with Spool(BagError) as spool:
        assert list(spool.backwards()) == []


def test_no_more_than_a_piece_is_in_memory():
    piece = bytes(2**20)
    with Spool(BagError) as spool:
        tracemalloc.start()
        for _ in range(32):
            spool.append(piece)
        assert sum(len(back) for back in spool.backwards()) == 32 * len(piece)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 6 * len(piece)


def test_a_full_disk_is_told_with_what_to_do_and_hides_nothing_on_closing(small_disk):
    with Spool(CameraError) as spool, small_disk(4096):
        spool.append(bytes(3000))
        with pytest.raises(CameraError, match=r'too large; make room there, or set TMPDIR to'):
            spool.append(bytes(3000))


def test_a_folder_that_takes_no_file_is_named(tmp_path, monkeypatch):
    gone = tmp_path / 'gone'
    monkeypatch.setattr(tempfile, 'tempdir', str(gone))
    with pytest.raises(BagError, match=rf'cannot be kept in {gone} .* set TMPDIR'):
        Spool(BagError)
