import pytest

pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')
from benchmarks.attack import files


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.timeout(400)
def test_commands_answer_damaged_files_or_refuse_them_in_one_sentence(seed):
    rows = list(files.run(25, seed))
    assert [row for row in rows if row.name.endswith('sentence') and row.value] == []
    assert sum(row.value for row in rows if row.name.endswith('answered')) > 0


def test_an_internal_error_is_found(monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr('picosam_ros.commands.segment.run', fail)
    [found] = [row for row in files.run(1, 0) if row.value and row.target == 0]
    assert 'an internal error' in found.note
