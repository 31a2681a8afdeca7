"""What must not be raised is raised all the same, in every thread, task and callback of the viewer.

It is counted and reported, and the server goes on, or says why it ended.
"""

import asyncio
import contextlib
import queue
import socket
import threading

import pytest
from aiohttp import ClientWSTimeout, WSCloseCode, web
from helpers.viewer_server import PATIENCE, RecordingBackend, make_frame, on_a_loop, until, upgraded

from picosam_ros.errors import ViewerError
from picosam_ros.viewer import connections, site, web_server
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.server import Server


class Surprise(TypeError):
    """What nobody expects."""

    def __init__(self):
        super().__init__('nobody expects it')


def surprise(*_):
    raise Surprise


class Reports:
    """What was reported, and from which thread."""

    def __init__(self):
        self._reports = queue.Queue()

    def __call__(self, error):
        self._reports.put((error, threading.current_thread().name))

    def next(self):
        error, thread = self._reports.get(timeout=PATIENCE)
        assert thread == 'picosam_web'
        assert isinstance(error, Surprise)

    @property
    def empty(self):
        return self._reports.empty()


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
def served(serve, reports):
    return serve(on_error=reports)


def raises_once(monkeypatch, owner, name):
    """Make the next call of a method raise; those after it are as ever."""
    real, calls = getattr(owner, name), []

    def once(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 1:
            raise Surprise
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, once)


async def reported(reports):
    await asyncio.to_thread(reports.next)


@on_a_loop
async def test_a_call_of_another_thread_that_fails_is_reported_and_the_next_one_is_done(
    served, reports
):
    served.server.call(surprise)
    await reported(reports)
    assert served.refused['failure'] == 1
    async with served.client() as client:
        served.show(make_frame(1))
        assert (await client.frame())[0]['number'] == 1
    assert served.server.fault == ''


@on_a_loop
async def test_a_tick_that_fails_is_reported_and_the_next_ones_send_statistics(
    served, reports, monkeypatch
):
    async with served.client() as client:
        await client.text('hello')
        raises_once(monkeypatch, type(served.server.hub._latency), 'text')
        await reported(reports)
        assert await client.text('statistics')
    assert served.refused['failure'] == 1


@on_a_loop
async def test_closing_idle_connections_that_fails_is_reported_and_tried_again(
    serve, reports, monkeypatch
):
    monkeypatch.setattr(web_server, 'IDLE_CHECK_S', 0.01)
    monkeypatch.setattr(connections, 'IDLE_TIMEOUT_S', 0.0)
    served = serve(on_error=reports)
    raises_once(monkeypatch, served.server.site.connections, 'close_idle')
    await reported(reports)
    reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port)
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b''
    writer.close()
    assert served.refused['idle connections'] == 1


@on_a_loop
async def test_a_message_on_which_the_backend_fails_ends_its_connection_alone(
    served, reports, monkeypatch
):
    monkeypatch.setattr(served.backend, 'clear_objects', surprise)
    async with served.client() as one, served.client() as other:
        await one.send('clear')
        assert await one.closed() == WSCloseCode.INTERNAL_ERROR
        await reported(reports)
        await other.send('remove', tag=1, object=2)
        await until(lambda: served.backend.removed)
        await until(lambda: len(served.server.hub) == 1)
    assert served.refused['failure'] == 1
    async with served.client() as again:
        await again.text('hello')


@on_a_loop
async def test_a_message_that_cannot_be_sent_ends_its_connection_alone(
    served, reports, monkeypatch
):
    async with served.client() as one:
        await one.text('hello')
        raises_once(monkeypatch, web.WebSocketResponse, 'send_bytes')
        served.show(make_frame(1))
        assert await one.closed() == WSCloseCode.INTERNAL_ERROR
        await reported(reports)
    async with served.client() as again:
        served.show(make_frame(2))
        assert (await again.frame())[0]['number'] == 2


@pytest.mark.parametrize('enabled', [True, False])
@on_a_loop
async def test_a_backend_that_fails_as_browsers_come_or_go_is_reported_and_nobody_is_left_behind(
    enabled, served, reports, monkeypatch
):
    def refuse(asked):
        if asked == enabled:
            raise Surprise

    with monkeypatch.context() as patch:
        patch.setattr(served.backend, 'set_streaming', refuse)
        async with served.client() as client:
            if enabled:
                assert await client.closed() == WSCloseCode.INTERNAL_ERROR
        await reported(reports)
    await until(lambda: not len(served.server.hub) and not served.server.site._sockets)
    async with served.client() as client:
        await client.text('hello')


@on_a_loop
async def test_an_image_on_which_the_encoder_fails_is_told_once_and_the_next_one_is_shown(
    served, reports
):
    async with served.client() as one, served.client() as other:
        served.show(make_frame(1, pixels=surprise))
        for client in (one, other):
            notice = (await client.text('notice'))['text']
            assert notice == 'image 1 cannot be shown: Surprise: nobody expects it'
        await reported(reports)
        served.show(make_frame(2))
        for client in (one, other):
            assert (await client.frame())[0]['number'] == 2
    assert reports.empty
    assert served.refused['failure'] == 1


@on_a_loop
async def test_a_connection_that_cannot_be_aborted_is_reported(served, reports, monkeypatch):
    monkeypatch.setattr(site, 'CLOSE_TIMEOUT_S', 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(asyncio.selector_events._SelectorTransport, 'abort', surprise)
        patch.setattr(served.backend, 'set_streaming', surprise)
        # It does not answer that it is closed.
        _, writer = await upgraded(served)
        for _ in ('connecting', 'aborting'):
            await reported(reports)
        writer.close()
    async with served.client() as client:
        await client.text('hello')


@on_a_loop
async def test_a_connection_that_cannot_be_closed_is_reported_and_the_server_ends(
    served, reports, monkeypatch
):
    # The server cannot answer the client's own closing either: it does not wait for that.
    async with served.client(timeout=ClientWSTimeout(ws_close=0.01)) as client:
        await client.text('hello')
        raises_once(monkeypatch, web.WebSocketResponse, 'close')
        stopping = asyncio.create_task(asyncio.to_thread(served.server.stop))
        await reported(reports)
    await stopping
    assert not served.server._thread.is_alive()


def test_a_server_that_fails_at_its_start_says_so_and_leaves_its_port(reports):
    server = Server(Hub(RecordingBackend(), name='camera', title='robot'), port=0, on_error=reports)

    async def fail(_):
        raise Surprise

    server.site.application.on_startup.append(fail)
    with pytest.raises(ViewerError, match='the web server ended: Surprise: nobody expects it'):
        server.start()
    reports.next()
    server.stop()
    assert not server._thread.is_alive()
    with socket.create_server(('127.0.0.1', server.port)):
        pass


def test_a_server_that_fails_as_it_ends_has_a_fault(served, reports, monkeypatch):
    raises_once(monkeypatch, served.server.site.encoder, 'close')
    served.server.stop()
    reports.next()
    assert not served.server._thread.is_alive()
    assert served.server.fault == 'the web server ended: Surprise: nobody expects it'


@on_a_loop
async def test_without_an_owner_an_error_is_logged_and_not_again_while_it_repeats(serve, caplog):
    served = serve()
    for count in range(1, 4):
        served.server.call(surprise)
        await until(lambda count=count: served.refused['failure'] == count)
    assert caplog.text.count('Traceback') == 1
    assert 'Surprise: nobody expects it' in caplog.text


@on_a_loop
async def test_an_owner_that_cannot_take_a_report_does_not_end_what_reports(serve, caplog):
    served = serve(on_error=surprise)
    for count in range(1, 3):
        served.server.call(surprise)
        await until(lambda count=count: served.refused['failure'] == count)
    assert 'the viewer could not report Surprise' in caplog.text
    async with served.client() as client:
        await client.text('statistics')
