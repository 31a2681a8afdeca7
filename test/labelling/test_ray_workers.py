"""RayPool: jobs on a real cluster of this machine, some of whose workers are killed."""

import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from helpers import label_work
from helpers.label_work import make_job, pids

from picosam_ros.errors import PromptError, WorkerError
from picosam_ros.labelling.ray_workers import RayPool
from picosam_ros.labelling.workers import TRIES

HELPERS = Path(label_work.__file__).parents[1]


def free_port():
    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        return listening.getsockname()[1]


@pytest.fixture(scope='module')
def address():
    """Start a cluster with two CPUs."""
    pytest.importorskip('ray')
    # Not tmp_path: the names of Ray's sockets must be short.
    folder = tempfile.mkdtemp(prefix='ray')
    port = free_port()
    environment = {
        **os.environ,
        # This cluster is asked from this machine alone.
        'RAY_AUTH_MODE': 'disabled',
        'PYTHONPATH': os.pathsep.join([str(HELPERS), *filter(None, sys.path)]),
    }
    command = [sys.executable, '-m', 'ray.scripts.scripts', 'start', '--head', f'--port={port}']
    command += ['--node-ip-address=127.0.0.1', f'--temp-dir={folder}', '--num-cpus=2']
    command += ['--object-store-memory=100000000', '--include-dashboard=false', '--block']
    command += ['--disable-usage-stats', '--min-worker-port=0', '--max-worker-port=0']
    with Path(folder, 'output').open('w') as output, pytest.MonkeyPatch.context() as patch:
        patch.setenv('RAY_AUTH_MODE', 'disabled')
        head = psutil.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            wait_until_ready(head, port, Path(folder, 'output'))
            yield f'127.0.0.1:{port}'
        finally:
            end(head)
            shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(head, port, output):
    label_work.until(
        lambda: 'Ray runtime started' in output.read_text() or head.poll() is not None, seconds=60
    )
    assert head.poll() is None, output.read_text()


def end(head):
    """End all processes of the cluster."""
    processes = [head, *head.children(recursive=True)]
    head.send_signal(signal.SIGTERM)
    left = psutil.wait_procs(processes, timeout=20)[1]
    for process in left:
        process.kill()
    assert not psutil.wait_procs(left, timeout=10)[1]


class Run:
    """Runs jobs, and keeps what was told."""

    def __init__(self, address, work, jobs, stopped=lambda: False):
        self.results = []
        self.told = []
        RayPool(address, work).run(
            jobs,
            done=lambda job, result: self.results.append((job.id, result.decode())),
            progress=self.told.append,
            stopped=stopped,
        )


def test_each_of_many_jobs_gives_its_result_once(address, tmp_path):
    jobs = [make_job(tmp_path, str(number), images=number) for number in range(10)]
    run = Run(address, label_work.count, jobs)
    assert sorted(run.results) == sorted((job.id, job.id) for job in jobs)
    assert run.told[-1] == max(run.told) == sum(job.images for job in jobs)


def test_two_workers_are_at_work_at_once(address, tmp_path):
    run = Run(address, label_work.meet, [make_job(tmp_path, name) for name in 'ab'])
    assert len({process for _, process in run.results}) == 2


def test_the_job_of_a_killed_worker_is_done_again(address, tmp_path):
    names = ('fatal', 'b', 'c')
    run = Run(address, label_work.die_the_first_time, [make_job(tmp_path, one) for one in names])
    assert sorted(run.results) == sorted((name, name) for name in names)
    assert run.told[-1] == max(run.told) == 12


def test_a_recording_that_always_kills_its_worker_is_named(address, tmp_path):
    with pytest.raises(WorkerError) as error:
        Run(address, label_work.die_always, [make_job(tmp_path)])
    assert str(error.value).startswith(f'{tmp_path}: its workers were lost, {TRIES} times')
    assert '\n' not in str(error.value)


def test_a_job_that_is_refused_ends_the_run_with_its_sentence(address, tmp_path):
    with pytest.raises(PromptError, match=r'^there is no such image$'):
        Run(address, label_work.refuse_one, [make_job(tmp_path, 'wrong')])


def test_an_error_that_nobody_foresaw_comes_with_its_traceback(address, tmp_path):
    with pytest.raises(RuntimeError, match='ZeroDivisionError') as error:
        Run(address, label_work.blunder, [make_job(tmp_path)])
    assert 'in blunder' in str(error.value.__cause__)


def test_a_machine_without_the_recording_says_so(address, tmp_path):
    with pytest.raises(WorkerError, match='the same on all machines') as error:
        Run(address, label_work.count, [make_job(tmp_path / 'drive.mcap')])
    assert f'{tmp_path}/drive.mcap: machine {socket.gethostname()}' in str(error.value)


def test_a_relative_path_is_that_of_this_program(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('drive').mkdir()
    assert Run(address, label_work.count, [make_job(Path('drive'))]).results == [('one', 'one')]


def test_stopping_ends_the_workers(address, tmp_path):
    jobs = [make_job(tmp_path, name) for name in 'abcdefg']
    run = Run(address, label_work.never_end, jobs, stopped=lambda: len(pids(tmp_path)) == 2)
    assert not run.results
    label_work.until(lambda: not any(psutil.pid_exists(process) for process in pids(tmp_path)))


def test_sigterm_stays_with_the_program(address, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    Run(address, label_work.count, [make_job(tmp_path)])
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_address_at_which_nothing_answers_is_named(tmp_path):
    pytest.importorskip('ray')
    address = f'127.0.0.1:{free_port()}'
    with pytest.raises(WorkerError) as error:
        Run(address, label_work.count, [make_job(tmp_path)])
    assert f'no Ray cluster answers at {address}' in str(error.value)
    assert '`ray start --head`' in str(error.value)


@pytest.mark.parametrize('address', ['somewhere', 'host:', ':6379', 'host:port'])
def test_what_is_no_address_is_refused(tmp_path, address):
    pytest.importorskip('ray')
    with pytest.raises(WorkerError, match=f"'{address}' was given, which is no HOST:PORT"):
        Run(address, label_work.count, [make_job(tmp_path)])


def test_without_ray_the_command_that_installs_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(WorkerError, match='pip install ray'):
        Run('auto', label_work.count, [make_job(tmp_path)])
