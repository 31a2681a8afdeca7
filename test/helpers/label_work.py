"""Work of labelling that costs nothing, for processes that import it by name.

Each function takes a job as `picosam_ros.labelling.work.label_job` does. What they remember is in
files beside the job's recording, for a process that is killed forgets.
"""

import os
import signal
import threading
import time
from multiprocessing.connection import Connection

import cv2

from picosam_ros.errors import PromptError
from picosam_ros.labelling.job import EngineChoice, Job
from picosam_ros.labelling.worker_process import Finished


def make_job(path, name='one', images=4, engine=None):
    return Job(name, path, '', engine or EngineChoice(), (), 0, False, images)


def count(job, progress, stopped):
    """Name the job after going through its images."""
    for image in range(job.images):
        progress(image + 1)
    return job.id.encode()


def die_the_first_time(job, progress, stopped):
    if job.id == 'fatal' and first_time(job):
        progress(job.images - 1)
        os.kill(os.getpid(), signal.SIGKILL)
    return count(job, progress, stopped)


def die_always(job, progress, stopped):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(job, progress, stopped):
    raise SystemExit(7)


def die_after_sending(job, progress, stopped):
    """Have this process killed at once after each result."""
    send = Connection.send

    def send_and_die(self, message):
        send(self, message)
        if isinstance(message, Finished):
            os.kill(os.getpid(), signal.SIGKILL)

    Connection.send = send_and_die
    return count(job, progress, stopped)


def refuse_one(job, progress, stopped):
    if job.id == 'wrong':
        raise PromptError('there is no such image')
    return count(job, progress, stopped)


def blunder(job, progress, stopped):
    return 1 // (job.images - job.images)


def endless(job, progress, stopped):
    """Hear nothing, not even that it shall end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (job.path / f'begun_{job.id}').touch()
    while True:
        signal.pause()


def never_end(job, progress, stopped):
    """Tell the process, and wait for ever."""
    write_pid(job)
    threading.Event().wait()


def press_ctrl_c(job, progress, stopped):
    os.kill(os.getpid(), signal.SIGINT)
    return count(job, progress, stopped)


def tell_threads(job, progress, stopped):
    return f'{cv2.getNumThreads()} {job.engine.options.get("threads")}'.encode()


def meet(job, progress, stopped):
    """Tell the process, and wait until another job is at work, too."""
    write_pid(job)
    while len(pids(job.path)) < 2:
        threading.Event().wait(0.01)
    return str(os.getpid()).encode()


def write_pid(job):
    (job.path / f'{job.id}.part').write_text(str(os.getpid()))
    (job.path / f'{job.id}.part').rename(job.path / f'{job.id}.pid')


def pids(folder):
    """Return the numbers of the processes that told theirs."""
    return [int(file.read_text()) for file in sorted(folder.glob('*.pid'))]


def first_time(job):
    """Whether the job was not begun before."""
    try:
        (job.path / f'tried_{job.id}').touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def until(condition, seconds=20):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
