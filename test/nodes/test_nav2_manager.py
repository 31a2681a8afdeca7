"""What Nav2's lifecycle manager asks of its nodes, asked here in its order.

It calls `~/change_state` and then `~/get_state` of one node after the other, configures all before
it activates any, and takes them down in the opposite order; with `bond_timeout` 0.0 it awaits no
bond (nav2_lifecycle_manager, LifecycleManager::changeStateForAllNodes).
"""

from contextlib import ExitStack

import pytest
from helpers.harness import Client, Process
from helpers.rig import TOPICS
from lifecycle_msgs.msg import Transition

NAMESPACE = '/managed'
ENDS = {
    Transition.TRANSITION_CONFIGURE: 'inactive',
    Transition.TRANSITION_ACTIVATE: 'active',
    Transition.TRANSITION_DEACTIVATE: 'inactive',
    Transition.TRANSITION_CLEANUP: 'unconfigured',
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: 'finalized',
}


class Manager:
    """Nodes in the order of `node_names`."""

    def __init__(self, processes):
        self.clients = [Client(process) for process in processes]

    def change(self, transition, clients=None):
        for client in clients or self.clients:
            assert client.change(transition), client.process.stderr
            assert client.state() == ENDS[transition]

    def start(self):
        self.change(Transition.TRANSITION_CONFIGURE)
        self.change(Transition.TRANSITION_ACTIVATE)

    def reset(self):
        """Pause, and let go of everything."""
        self.change(Transition.TRANSITION_DEACTIVATE, self.clients[::-1])
        self.change(Transition.TRANSITION_CLEANUP, self.clients[::-1])

    def close(self):
        for client in self.clients:
            client.close()


@pytest.fixture
def manager(red_network):
    """Give two nodes that nobody has started, as nav2.launch.py makes them."""
    segmenter = {'model': red_network, 'threads': 1, 'autostart': False}
    remaps = {topic: f'segmenter/{topic}' for topic in ('label_mask', 'confidence')}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Process('segmenter', segmenter, namespace=NAMESPACE)),
            stack.enter_context(
                Process('cloud', {'autostart': False}, namespace=NAMESPACE, remaps=remaps)
            ),
        ]
        manager = Manager(processes)
        yield manager
        manager.close()


def test_the_manager_starts_pauses_and_starts_again_in_order(manager):
    assert [client.state() for client in manager.clients] == ['unconfigured'] * 2
    manager.start()
    manager.reset()
    manager.start()
    expected = {f'{NAMESPACE}/cloud/cloud', *(f'{NAMESPACE}/segmenter/{each}' for each in TOPICS)}
    client = manager.clients[0]

    def topics():
        return set(dict(client.node.get_topic_names_and_types()))

    client.wait_for(lambda: expected <= topics())
    # Nobody here speaks bond: a manager that waits for one would take the nodes down.
    assert '/bond' not in topics()


def test_a_manager_that_shuts_down_finalizes_the_nodes_which_then_end_well(manager):
    manager.start()
    manager.reset()
    manager.change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, manager.clients[::-1])
    for client in manager.clients:
        client.process.stop()


def test_a_node_that_cannot_be_configured_tells_the_manager_so(tmp_path):
    settings = {'model': tmp_path / 'none.onnx', 'autostart': False}
    with Process('segmenter', settings) as process:
        client = Client(process)
        assert not client.change(Transition.TRANSITION_CONFIGURE)
        assert client.state() == 'unconfigured'
        assert 'none.onnx' in process.stderr
        process.stop()
        client.close()
