"""Shared memory of Fast DDS: what nobody holds any more goes, what somebody holds stays."""

import fcntl

from helpers.shared_memory import remove_abandoned


def test_segments_of_the_living_stay_and_those_of_the_dead_go(tmp_path):
    for name in ('fastdds_ab12', 'fastrtps_cd34', 'fastrtps_port7411', 'another'):
        (tmp_path / name).write_bytes(b'0')
        (tmp_path / f'{name}_el').touch()
    with (tmp_path / 'fastdds_ab12_el').open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        remove_abandoned(tmp_path)
    kept = {'fastdds_ab12', 'fastrtps_port7411', 'another'}
    left = {path.name for path in tmp_path.iterdir()}
    assert left == kept | {f'{name}_el' for name in kept}
