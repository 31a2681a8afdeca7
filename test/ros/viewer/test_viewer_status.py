"""The viewer's component of `/diagnostics`, of a node in this process with its real server."""

import contextlib
import threading
import urllib.request

import pytest
from helpers.harness import PATIENCE
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from picosam_ros.nodes import viewer as module
from picosam_ros.nodes.viewer import ViewerNode
from picosam_ros.ros.diagnostics import ERROR, OK

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def surprise(*_):
    raise TypeError('of the server')


@contextlib.contextmanager
def viewer_with(**parameters):
    values = [Parameter(name, value=value) for name, value in parameters.items()]
    node = ViewerNode(parameter_overrides=values)
    yield node
    if not node.finalized:
        node.trigger_shutdown()
    node.destroy_node()


@pytest.fixture
def viewer():
    with viewer_with(port=0) as node:
        yield node


def started(node):
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    return node._bridge.server


def status_of(node):
    return node.report()['viewer']


def test_an_error_in_the_servers_thread_is_one_report_and_counted_and_the_page_stays(viewer):
    server = started(viewer)
    handled = threading.Event()
    server.call(surprise)
    server.call(handled.set)
    assert handled.wait(PATIENCE)
    status = status_of(viewer)
    assert (status.level, status.message) == (ERROR, 'TypeError: of the server')
    status = status_of(viewer)
    assert (status.level, status.values['refused (failure)']) == (OK, 1)
    with urllib.request.urlopen(server.url, timeout=PATIENCE) as page:
        assert page.status == 200


def test_a_server_that_ended_is_an_error_until_the_node_is_configured_anew(viewer, monkeypatch):
    server = started(viewer)
    # Nothing known ends it but a stop; what else may end it looks the same.
    monkeypatch.setattr(server.site.encoder, 'close', surprise)
    server.call(server._stopping.set)
    server._thread.join(PATIENCE)
    for _ in range(2):
        status = status_of(viewer)
        assert status.level == ERROR
        assert status.message == (
            'the web server ended: TypeError: of the server; '
            'clean up, configure and activate the node'
        )
    for transition in ('deactivate', 'cleanup'):
        assert getattr(viewer, f'trigger_{transition}')() == SUCCESS
    assert started(viewer) is not server
    assert status_of(viewer).level == OK


def test_a_server_that_fails_at_its_start_leaves_the_node_unconfigured_with_the_reason(
    viewer, monkeypatch
):
    class Broken(module.ViewerBridge):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)

            async def fail(_):
                surprise()

            self.server.site.application.on_startup.append(fail)

    with monkeypatch.context() as patch:
        patch.setattr(module, 'ViewerBridge', Broken)
        assert viewer.trigger_configure() == FAILURE
    status = status_of(viewer)
    assert (status.level, status.message) == (
        ERROR,
        'the web server ended: TypeError: of the server',
    )
    started(viewer)
    assert status_of(viewer).level == OK


def test_an_address_that_is_none_leaves_no_topic_open():
    with viewer_with(port=0, public_url='robot.example') as viewer:

        def topics():
            return {each.topic_name for each in (*viewer.subscriptions, *viewer.publishers)}

        before = topics()
        assert viewer.trigger_configure() == FAILURE
        assert topics() == before
