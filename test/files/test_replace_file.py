import os
import resource
import stat

import pytest

from picosam_ros.files.replace import PartFile, replace_file


def test_the_file_is_new_or_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / 'it.yaml'
    for content in (b'first', b'second, and longer'):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_mode_and_a_new_one_has_that_of_the_umask(tmp_path):
    path = tmp_path / 'it.yaml'
    before = os.umask(0o027)
    try:
        replace_file(path, b'first')
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    replace_file(path, b'second')
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_link_is_neither_followed_nor_replaced(tmp_path):
    good, link = tmp_path / 'good.yaml', tmp_path / 'link.yaml'
    good.write_bytes(b'good')
    link.symlink_to(good)
    with pytest.raises(OSError, match=r'it is a symbolic link to .*good\.yaml'):
        replace_file(link, b'other')
    assert link.is_symlink()
    assert good.read_bytes() == b'good'


@pytest.mark.parametrize('make', ['mkdir', 'mkfifo'])
def test_what_is_no_file_is_refused(tmp_path, make):
    getattr(os, make)(tmp_path / 'it.yaml')
    with pytest.raises(OSError, match='it is a folder or a device'):
        replace_file(tmp_path / 'it.yaml', b'content')
    assert [path.name for path in tmp_path.iterdir()] == ['it.yaml']


def test_a_link_at_the_name_of_the_new_file_is_not_written_through(tmp_path, monkeypatch):
    path, victim = tmp_path / 'it.yaml', tmp_path / 'victim'
    victim.write_bytes(b'good')
    monkeypatch.setattr('secrets.token_hex', lambda _: 'guessed')
    (tmp_path / 'picosam_guessed.part.yaml').symlink_to(victim)
    with pytest.raises(FileExistsError):
        replace_file(path, b'other')
    assert victim.read_bytes() == b'good'
    assert not path.exists()


def test_a_disk_that_is_full_leaves_the_good_file_and_nothing_else(tmp_path):
    path = tmp_path / 'it.yaml'
    replace_file(path, b'good')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match='too large'):
            replace_file(path, bytes(8192))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b'good'
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_has_the_suffix_and_is_gone_unless_it_is_kept(tmp_path):
    path = tmp_path / 'out.png'
    with PartFile(path) as part:
        assert part.path.suffix == '.png'
    assert list(tmp_path.iterdir()) == []
    with PartFile(path) as part:
        part.path.write_bytes(b'whole')
        part.keep()
    assert path.read_bytes() == b'whole'
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_of_a_private_file_is_private_from_its_beginning(tmp_path):
    path = tmp_path / 'out.png'
    path.write_bytes(b'old')
    path.chmod(0o400)
    with PartFile(path) as part:
        assert stat.S_IMODE(part.path.stat().st_mode) == 0o600
        part.keep()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_file_whose_name_is_as_long_as_can_be_is_replaced(tmp_path):
    path = tmp_path / f'{"n" * 250}.yaml'
    replace_file(path, b'content')
    assert path.read_bytes() == b'content'
