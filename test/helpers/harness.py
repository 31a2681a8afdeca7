"""What the tests of the nodes stand on: real processes, and a client that waits for conditions."""

import contextlib
import math
import os
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import rclpy
from helpers import installed
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from picosam_ros.ros import process

# Reached only where a test fails: a busy machine may take its time.
PATIENCE = 30.0
# Seconds in which a process ends once it is told to, on a machine that has a core for it.
GOODBYE = 3.0
# Seconds between two looks at a process that is to end.
LOOK = 0.05
# Seconds after which a question that changes nothing is asked again.
ASK_AGAIN = 0.5

_numbers = count(1)


@contextlib.contextmanager
def ros():
    """Start ROS in this process, once, with the shipped profile; restore the environment."""
    if rclpy.ok():
        yield
        return
    before = dict(os.environ)
    process.prepare()
    rclpy.init()
    # Fast DDS reads its profile with the first participant of a process, and never again.
    Node('first').destroy_node()
    os.environ.clear()
    os.environ.update(before)
    yield
    rclpy.shutdown()


def serve_until(executor, condition, seconds=PATIENCE):
    """Serve callbacks until the condition holds; return what it gave."""
    deadline = time.monotonic() + seconds
    while not (met := condition()):
        assert time.monotonic() < deadline, f'waited {seconds} s'
        executor.spin_once(timeout_sec=0.02)
    return met


# On a busy machine, too, each object has its mask on each image.
_NO_BUDGET = {'frame_budget': 3600.0}
DEFAULTS = {'camera': _NO_BUDGET, 'segmenter': _NO_BUDGET}


class Process:
    """An installed executable, in a namespace of its own.

    Args:
        executable: its name in lib/picosam_ros.
        parameters: by name, beside those of DEFAULTS.
        remaps: from, to.
        namespace: without one the process gets a fresh one.
        parameter_files: their paths.
        redirected: what a shell does with its standard streams, as `2>&-`.
        words: of its command line, before what is meant for ROS.

    """

    def __init__(
        self,
        executable,
        parameters=None,
        *,
        remaps=None,
        namespace=None,
        parameter_files=(),
        redirected='',
        words=(),
    ):
        # Two of these test runs may share a ROS domain.
        self.namespace = namespace or f'/test{os.getpid()}_{next(_numbers)}'
        self.name = f'{self.namespace}/{executable}'
        arguments = ['-r', f'__ns:={self.namespace}']
        for old, new in (remaps or {}).items():
            arguments += ['-r', f'{old}:={new}']
        for key, value in (DEFAULTS.get(executable, {}) | (parameters or {})).items():
            arguments += ['-p', f'{key}:={_as_yaml(value)}']
        for each in parameter_files:
            arguments += ['--params-file', str(each)]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115
        self.popen = subprocess.Popen(
            [
                'sh',
                '-c',
                f'exec "$0" "$@" {redirected}',
                installed.executable(executable),
                *words,
                '--ros-args',
                *arguments,
            ],
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()
        self._stderr.close()

    @property
    def stderr(self):
        """All that it wrote there so far."""
        # Not from a place that is sought: the process writes at the same place of the same file.
        descriptor = self._stderr.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors='replace')

    @property
    def running(self):
        return self.popen.poll() is None

    def wait(self, seconds=PATIENCE):
        """Wait for its end; return the exit code."""
        return self.popen.wait(seconds)

    def stop(self, number=signal.SIGINT):
        """End it as a user would, and check that it ends well and in time."""
        self.popen.send_signal(number)
        code = self._end_within(GOODBYE * max(1.0, os.getloadavg()[0] / os.cpu_count()))
        assert code == 0, self.stderr
        assert 'Traceback' not in self.stderr, self.stderr

    def _end_within(self, seconds):
        """Wait for its end; return the exit code.

        The seconds are its own, in which it runs or sleeps: a machine may keep it from both.
        """
        deadline = time.monotonic() + max(PATIENCE, seconds)
        own, ran = 0.0, math.inf
        while own < seconds and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.popen.wait(LOOK)
            ran, before = _seconds_of(self.popen.pid), ran
            own += LOOK if _sleeps(self.popen.pid) else min(LOOK, max(0.0, ran - before))
        raise AssertionError(f'it did not end within {own:.1f} s of its own:\n{self.stderr}')


class Inbox(list):
    """The messages of one subscription, oldest first."""

    def __init__(self, node, kind, topic, qos):
        super().__init__()
        self._node = node
        self._subscription = node.create_subscription(kind, topic, self.append, qos)

    def close(self):
        self._node.destroy_subscription(self._subscription)

    @property
    def connected(self):
        return self._subscription.get_publisher_count() > 0


class Client:
    """A node with an executor; nothing is received but while it waits.

    Args:
        process: what it talks to: names are relative to its namespace.

    """

    def __init__(self, process):
        self.process = process
        self.node = Node('client', namespace=process.namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def close(self):
        self._executor.shutdown()
        self.node.destroy_node()

    def subscribe(self, kind, topic, qos=1000):
        return Inbox(self.node, kind, topic, qos)

    def publisher(self, kind, topic, qos=1000):
        return self.node.create_publisher(kind, topic, qos)

    def wait_for(self, condition, seconds=PATIENCE):
        """Serve callbacks until the condition holds; return what it gave.

        Where that takes too long, or the process has ended, show what it wrote.
        """

        def met():
            assert self.process.running, 'it ended'
            return condition()

        try:
            return serve_until(self._executor, met, seconds)
        except AssertionError as error:
            raise AssertionError(f'{error}:\n{self.process.stderr}') from error

    @contextlib.contextmanager
    def repeating(self, action, seconds=0.05):
        """Do it again and again, while anything is waited for."""
        timer = self.node.create_timer(seconds, action)
        try:
            yield
        finally:
            self.node.destroy_timer(timer)

    def serve(self):
        """Serve what has arrived."""
        self._executor.spin_once(timeout_sec=0.0)

    def call(self, kind, name, request=None):
        """Call a service and return the response."""
        client = self.node.create_client(kind, name)
        try:
            self.wait_for(client.service_is_ready)
            # A service drops its answer to a client that it has not heard of yet.
            self.known_to(self.process.name)
            future = client.call_async(request or kind.Request())
            self.wait_for(future.done)
            return future.result()
        finally:
            self.node.destroy_client(client)

    def known_to(self, name):
        """Wait until a node knows all that is subscribed to here: what it publishes now arrives.

        What is announced here is heard in order: who answers a later client knows what was before.
        """
        self.state(name)

    def state(self, name=None):
        """Name the lifecycle state of a node, the process's one; ask until there is an answer."""
        client = self.node.create_client(GetState, f'{name or self.process.name}/get_state')
        self.wait_for(client.service_is_ready)
        futures, due = [], 0.0

        def answered():
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + ASK_AGAIN
                futures.append(client.call_async(GetState.Request()))
            return next((future for future in futures if future.done()), None)

        try:
            return self.wait_for(answered).result().current_state.label
        finally:
            self.node.destroy_client(client)

    def change(self, transition):
        """Ask for a lifecycle transition, by its id; tell whether it was made."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.call(ChangeState, f'{self.process.name}/change_state', request).success


def _seconds_of(pid):
    """Tell for how long a process ran, on all cores; it is not waited for yet."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def _sleeps(pid):
    """Tell whether no thread of a process has anything to do."""
    for task in Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(OSError):  # it may have ended
            if (task / 'stat').read_text().rpartition(')')[2].split()[0] != 'S':
                return False
    return True


def _as_yaml(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
