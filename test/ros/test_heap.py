import os
import subprocess
import sys

from picosam_ros.ros import heap


def in_a_process(program, **settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('MALLOC_')}
    answer = subprocess.run(
        [sys.executable, '-c', program],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def test_the_heap_is_shared_where_the_user_did_not_say_otherwise():
    program = 'from picosam_ros.ros.heap import share_one_heap; print(share_one_heap())'
    assert in_a_process(program) == 'True'
    assert in_a_process(program, MALLOC_ARENA_MAX='4') == 'False'


def test_it_is_shared_before_numpy_starts_threads():
    program = (
        'import sys; from picosam_ros.ros import heap;'
        'heap.share_one_heap = lambda: print("numpy" in sys.modules);'
        'import picosam_ros.nodes.segmenter'
    )
    assert in_a_process(program) == 'False'


def test_a_c_library_without_mallopt_is_no_error(monkeypatch):
    monkeypatch.delenv('MALLOC_ARENA_MAX', raising=False)
    monkeypatch.setattr(heap.ctypes, 'CDLL', lambda _: object())
    assert heap.share_one_heap() is False
