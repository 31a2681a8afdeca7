"""Connections that prove nothing are few, short-lived, and keep nobody out."""

import contextlib
import resource
import socket
from collections import Counter

import numpy as np
import pytest
from helpers.viewer_server import HEIGHT, PATIENCE, WIDTH, make_frame, on_a_loop, until

from picosam_ros.viewer import accept, connections
from picosam_ros.viewer.connections import Connections, address_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Transport:
    """A connection from an address, as far as it is counted."""

    def __init__(self, address='10.0.0.1'):
        self.address = address
        self.aborted = False

    def get_extra_info(self, _):
        return self.address, 1234

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True


@pytest.fixture
def refused():
    return Counter()


def opened(limits, *transports):
    for transport in transports:
        limits.opened(transport)
    return transports


def left(transports):
    return [index for index, one in enumerate(transports) if not one.aborted]


def test_of_one_address_the_newest_unauthorized_connections_stay(refused):
    limits = Connections(refused, 16)
    [*crowd] = opened(limits, *(Transport() for _ in range(100)))
    assert left(crowd) == list(range(100 - connections.MAX_UNAUTHORIZED_PER_ADDRESS, 100))
    [other] = opened(limits, Transport('10.0.0.2'))
    assert not other.aborted
    assert refused['too many connections of an address'] == 84
    assert len(limits) == connections.MAX_UNAUTHORIZED_PER_ADDRESS + 1


def test_of_many_addresses_the_crowd_loses_its_oldest(refused):
    limits = Connections(refused, 16)
    [lonely] = opened(limits, Transport('10.9.9.9'))
    for number in range(20):
        opened(limits, *(Transport(f'10.0.0.{number}') for _ in range(10)))
    assert not lonely.aborted
    assert len(limits) == connections.MAX_UNAUTHORIZED
    assert refused['too many connections'] == 201 - connections.MAX_UNAUTHORIZED


def test_authorized_connections_are_never_closed_for_others_and_count_in_all(refused):
    limits = Connections(refused, 4)
    good = [Transport() for _ in range(4 + connections.SPARE)]
    for one in good:
        limits.opened(one)
        limits.authorized(one)
    [further] = opened(limits, Transport())
    assert further.aborted
    assert left(good) == list(range(len(good)))


def test_a_connection_that_proves_nothing_is_closed_in_time_and_another_one_is_not(refused):
    clock = Clock()
    limits = Connections(refused, 4, clock)
    good, silent = opened(limits, Transport(), Transport())
    limits.authorized(good)
    clock.now += connections.IDLE_TIMEOUT_S + 1
    [young] = opened(limits, Transport())
    limits.close_idle()
    assert (good.aborted, silent.aborted, young.aborted) == (False, True, False)
    assert refused['idle connections'] == 1


@pytest.mark.parametrize(
    ('peer', 'address'),
    [
        (('10.0.0.1', 5), '10.0.0.1'),
        (('::ffff:10.0.0.1', 5, 0, 0), '10.0.0.1'),
        (('2001:db8:1:2:3:4:5:6', 5, 0, 0), '2001:db8:1:2::/64'),
        (('fe80::1%eth0', 5, 0, 2), 'fe80::/64'),
        (None, ''),
        ('', ''),
    ],
)
def test_a_network_of_version_six_counts_as_one_address(peer, address):
    assert address_of(peer) == address


@contextlib.contextmanager
def no_descriptors_left():
    """Let the process have no more file descriptors than it has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as newest:
        resource.setrlimit(resource.RLIMIT_NOFILE, (newest.fileno() + 1, hard))
        taken = []
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(newest.dup())
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for one in taken:
                one.close()


@on_a_loop
async def test_without_file_descriptors_connections_wait_and_nothing_is_printed(
    served, monkeypatch, caplog
):
    monkeypatch.setattr(accept, 'RETRY_S', 0.01)
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    async with served.client() as good:
        await good.text('hello')
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.socket()) for _ in range(3)]
            with no_descriptors_left():
                for one in silent:
                    one.connect(('127.0.0.1', served.server.port))
                await until(lambda: served.refused['no file descriptor left'] >= 3)
                served.show(make_frame(1, pixels=lambda: black))
                assert (await good.frame())[0]['number'] == 1
            async with served.client() as late:
                await late.text('hello')
    assert caplog.text == ''
    assert served.refused['failure'] == 0


@on_a_loop
async def test_an_accept_that_fails_otherwise_is_reported_and_tried_again(serve, monkeypatch):
    errors = []
    monkeypatch.setattr(accept, 'RETRY_S', 0.01)
    served = serve(on_error=errors.append)
    real, calls = type(served.server._loop).sock_accept, []

    async def fail_twice(loop, listening):
        calls.append(listening)
        if len(calls) == 1:
            raise OSError(5, 'once')
        return await real(loop, listening)

    monkeypatch.setattr(type(served.server._loop), 'sock_accept', fail_twice)
    for _ in range(3):
        async with served.client() as client:
            await client.text('hello')
    assert [str(error) for error in errors] == ['[Errno 5] once']


def test_a_server_that_can_accept_no_more_says_so_and_ends(serve, monkeypatch):
    errors = []
    served = serve(on_error=errors.append)
    surprise = TypeError('nobody expects it')

    async def fail(*_):
        raise surprise

    monkeypatch.setattr(type(served.server._loop), 'sock_accept', fail)
    # The one that is being waited for.
    with socket.create_connection(('127.0.0.1', served.server.port)):
        served.server._thread.join(PATIENCE)
    assert errors == [surprise]
    assert served.server.fault == 'the web server ended: TypeError: nobody expects it'
