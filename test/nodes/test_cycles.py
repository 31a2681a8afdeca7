"""Nothing is left behind by a node that goes round and round."""

import psutil
import pytest
from helpers.harness import Client, Process
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

WARM_UP = 10
LEAK_BYTES = 5 << 20
ROUND = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
)

CYCLES = pytest.mark.parametrize(
    ('executable', 'settings', 'cycles'),
    [
        ('segmenter', {}, 60),
        ('camera', {'camera': 'photos'}, 30),
        ('camera', {'camera': 'imx500', 'simulate': True}, 20),
        pytest.param('segmenter', {}, 500, marks=pytest.mark.slow),
        pytest.param('camera', {'camera': 'photos'}, 100, marks=pytest.mark.slow),
    ],
)


class Manager(Client):
    """Keeps one connection to the node for all of its requests, as a lifecycle manager does."""

    def __init__(self, process):
        super().__init__(process)
        self._requests = self.node.create_client(ChangeState, f'{process.name}/change_state')
        self.wait_for(self._requests.service_is_ready)

    def cycle(self, count):
        for transition in ROUND * count:
            request = ChangeState.Request(transition=Transition(id=transition))
            future = self._requests.call_async(request)
            self.wait_for(future.done)
            assert future.result().success, self.process.stderr


@CYCLES
@pytest.mark.timeout(600)
def test_cycles_leave_no_memory_threads_or_files_behind(executable, settings, cycles):
    with Process(executable, {'autostart': False, 'threads': 1, **settings}) as process:
        client, watched = Manager(process), psutil.Process(process.popen.pid)
        client.cycle(WARM_UP)
        before = watched.memory_info().rss, watched.num_threads(), watched.num_fds()
        client.cycle(cycles)
        # What has just ended may need a moment to be gone; circles would keep it for some cycles.
        client.wait_for(lambda: watched.num_threads() <= before[1])
        client.wait_for(lambda: watched.num_fds() <= before[2])
        gained = watched.memory_info().rss - before[0]
        print(f'{executable}: {cycles} cycles, {gained / (1 << 20):+.1f} MB')
        assert gained < LEAK_BYTES
        process.stop()
        client.close()
