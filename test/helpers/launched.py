"""A launch file that runs, as with `ros2 launch`."""

import contextlib
import os
import signal
import subprocess
import sys

from helpers import harness
from helpers.harness import GOODBYE
from helpers.installed import prefix

# What `ros2 launch` does with a path and name:=value.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource

path, *arguments = sys.argv[1:]
included = IncludeLaunchDescription(
    AnyLaunchDescriptionSource(path), launch_arguments=[a.split(':=') for a in arguments]
)
service = LaunchService(argv=arguments)
service.include_launch_description(LaunchDescription([included]))
raise SystemExit(service.run())
"""


class Launched:
    """A launch file that runs, in a session of its own, so that Ctrl-C reaches all of it."""

    def __init__(self, path, folder, namespace, **arguments):
        self.namespace = namespace
        self._log = folder / 'log'
        words = [f'{name}:={value}' for name, value in arguments.items()]
        prefixes = [str(prefix()), os.environ.get('AMENT_PREFIX_PATH', '')]
        with self._log.open('wb') as log:
            self._popen = subprocess.Popen(
                [sys.executable, '-c', LAUNCH, path, f'namespace:={namespace}', *words],
                cwd=folder,
                env={**os.environ, 'AMENT_PREFIX_PATH': os.pathsep.join(filter(None, prefixes))},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Nodes are left where the launch itself has ended badly.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    @property
    def running(self):
        return self._popen.poll() is None

    @property
    def stderr(self):
        return self._log.read_text()

    def wait(self):
        """Wait for its end; return the exit code."""
        return self._popen.wait(harness.PATIENCE)

    def processes(self):
        """Give the ids of those of its session that are left."""
        found = subprocess.run(
            ['ps', '-o', 'pid=', '-s', str(self._popen.pid)], capture_output=True, text=True
        )
        return found.stdout.split()

    def interrupt(self):
        """Press Ctrl-C and return the exit code."""
        os.killpg(self._popen.pid, signal.SIGINT)
        return self._popen.wait(2 * GOODBYE)
