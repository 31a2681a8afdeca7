"""WorkerPool: jobs in real processes, some of which are killed."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from helpers import label_work
from helpers.label_work import make_job

from picosam_ros.errors import PromptError, WorkerError
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.workers import TRIES, WorkerPool

ENDLESS = """
import sys
sys.path[:] = {path!r}
from pathlib import Path
from helpers import label_work
from picosam_ros.labelling.workers import WorkerPool
if __name__ == '__main__':
    jobs = [label_work.make_job(Path({folder!r}), name) for name in 'ab']
    WorkerPool(2, label_work.endless).run(
        jobs, done=print, progress=lambda images: None, stopped=lambda: False
    )
"""


class Run:
    """Runs jobs, and keeps what was told."""

    def __init__(self, work, jobs, count=2, stopped=lambda: False, done=None):
        self.results = []
        self.told = []
        try:
            WorkerPool(count, work).run(
                jobs, done=done or self._done, progress=self.told.append, stopped=stopped
            )
        finally:
            assert not workers()

    def _done(self, job, result):
        self.results.append((job.id, result.decode()))


def workers():
    """Return the living children, without the one with which Python itself tidies up."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if 'spawn_main' in ' '.join(child.cmdline())]


def begun(folder, names='ab'):
    return all((Path(folder) / f'begun_{name}').exists() for name in names)


def test_each_of_many_jobs_gives_its_result_once(tmp_path):
    jobs = [make_job(tmp_path, str(number), images=number) for number in range(20)]
    run = Run(label_work.count, jobs)
    assert sorted(run.results) == sorted((job.id, job.id) for job in jobs)
    assert run.told[-1] == sum(job.images for job in jobs)
    assert run.told == sorted(run.told)


def test_the_longest_job_is_done_first(tmp_path):
    jobs = [make_job(tmp_path, str(images), images) for images in (3, 50, 7)]
    assert [name for name, _ in Run(label_work.count, jobs, count=1).results] == ['50', '7', '3']


@pytest.mark.parametrize('count', [1, 2])
def test_the_job_of_a_killed_worker_is_done_again(tmp_path, count):
    names = ('fatal', 'b', 'c')
    run = Run(label_work.die_the_first_time, [make_job(tmp_path, one) for one in names], count)
    assert sorted(run.results) == sorted((name, name) for name in names)
    assert max(run.told) == run.told[-1] == 12


def test_a_worker_that_is_killed_after_it_sent_has_done_its_job(tmp_path):
    jobs = [make_job(tmp_path, name) for name in 'abcd']
    run = Run(label_work.die_after_sending, jobs, count=1)
    assert run.results == [(name, name) for name in 'abcd']


def test_a_worker_that_is_killed_while_it_waits_costs_nothing(tmp_path):
    def done(job, result):
        results.append(job.id)
        for child in workers():
            child.kill()

    results = []
    jobs = [make_job(tmp_path, name) for name in 'abc']
    Run(label_work.count, jobs, count=1, done=done)
    assert results == ['a', 'b', 'c']


def test_a_recording_that_always_kills_its_worker_is_named(tmp_path):
    with pytest.raises(WorkerError) as error:
        Run(label_work.die_always, [make_job(tmp_path / 'drive.mcap')])
    assert f'{tmp_path}/drive.mcap: ' in str(error.value)
    assert f'SIGKILL, {TRIES} times' in str(error.value)
    assert 'fewer --processes' in str(error.value)


def test_a_worker_that_leaves_tells_its_exit_code(tmp_path):
    with pytest.raises(WorkerError, match='ended with exit code 7'):
        Run(label_work.leave, [make_job(tmp_path)])


def test_a_job_that_is_refused_ends_the_run_with_its_sentence(tmp_path):
    jobs = [make_job(tmp_path, name, images) for name, images in (('a', 9), ('wrong', 8), ('b', 7))]
    results = []
    with pytest.raises(PromptError, match='there is no such image'):
        Run(label_work.refuse_one, jobs, count=1, done=lambda job, result: results.append(job.id))
    assert results == ['a']


def test_an_error_that_nobody_foresaw_comes_with_its_traceback(tmp_path):
    with pytest.raises(RuntimeError, match='ZeroDivisionError') as error:
        Run(label_work.blunder, [make_job(tmp_path)])
    assert 'in blunder' in str(error.value.__cause__)


def test_an_error_of_who_takes_the_results_ends_the_run(tmp_path):
    def done(job, result):
        raise ConnectionError('the disk is gone')

    with pytest.raises(ConnectionError, match='the disk is gone'):
        Run(label_work.count, [make_job(tmp_path)], done=done)


def test_stopping_ends_even_workers_that_do_not_hear(tmp_path):
    jobs = [make_job(tmp_path, name) for name in 'abc']
    run = Run(label_work.endless, jobs, stopped=lambda: begun(tmp_path))
    assert not run.results


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / 'program.py').write_text(ENDLESS.format(path=sys.path, folder=str(tmp_path)))
    parent = psutil.Popen([sys.executable, tmp_path / 'program.py'], stderr=subprocess.DEVNULL)
    children = []
    try:
        label_work.until(lambda: begun(tmp_path))
        children = parent.children(recursive=True)
    finally:
        parent.kill()
        parent.wait(10)
    assert len(children) >= 2
    left = psutil.wait_procs(children, timeout=20)[1]
    for child in left:
        child.kill()
    assert not left


def test_ctrl_c_is_not_for_the_workers(tmp_path):
    run = Run(label_work.press_ctrl_c, [make_job(tmp_path)], count=1)
    assert run.results == [('one', 'one')]


@pytest.mark.parametrize(
    ('engine', 'told'),
    [
        (EngineChoice(), '1 1'),
        (EngineChoice('host', {'threads': 2}), '1 2'),
        (EngineChoice('in_sensor'), '1 None'),
    ],
)
def test_each_of_several_workers_takes_one_thread_unless_more_were_asked_for(
    tmp_path, engine, told
):
    run = Run(label_work.tell_threads, [make_job(tmp_path, engine=engine)], count=2)
    assert run.results == [('one', told)]


def test_a_single_worker_has_the_threads_that_the_engine_takes(tmp_path):
    [(_, told)] = Run(label_work.tell_threads, [make_job(tmp_path)], count=1).results
    assert told.endswith(' None')
