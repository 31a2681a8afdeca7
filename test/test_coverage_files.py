import sqlite3

import pytest

pytest.importorskip('coverage', reason='pip brings it, for make test')
from coverage import CoverageData
from helpers.coverage_files import drop_unfinished


def test_files_of_killed_processes_are_dropped_and_others_stay(tmp_path):
    whole, half, torn = (tmp_path / f'.coverage.{name}' for name in ('whole', 'half', 'torn'))
    for path in (whole, half):
        data = CoverageData(basename=str(path))
        data.add_lines({'/a.py': [1, 2]})
        data.close(force=True)
    # Each table is written by itself: a process may be killed after the first.
    with sqlite3.connect(half) as database:
        database.execute('drop table file')
    database.close()
    torn.write_bytes(whole.read_bytes()[:5000])
    assert set(drop_unfinished(tmp_path)) == {half, torn}
    assert list(tmp_path.glob('.coverage.*')) == [whole]
    assert list(drop_unfinished(tmp_path)) == []
