"""Accepts connections, also where the process has no more file descriptors for them."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from picosam_ros.viewer.connections import Connections

# Before the next try, where the machine or the process has none left.
RETRY_S = 0.2
_NONE_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def accept(
    listening: socket.socket,
    factory: Callable[[], asyncio.BaseProtocol],
    connections: Connections,
    on_error: Callable[[Exception], None],
) -> None:
    """Accept connections until cancelled.

    asyncio's own servers try a hundred times in a row without a file descriptor, and log each.

    Args:
        listening: bound, and not blocking.
        factory: makes the protocol of a connection.
        connections: of which some are closed where no descriptor is left.
        on_error: called with what was not expected to be raised.

    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            accepted, _ = await loop.sock_accept(listening)
        except ConnectionError:  # it is gone again
            continue
        except OSError as error:
            if error.errno in _NONE_LEFT:
                connections.no_descriptor_left()
            else:
                on_error(error)
            await asyncio.sleep(RETRY_S)
            continue
        try:
            transport, _ = await loop.connect_accepted_socket(factory, accepted)
            connections.opened(transport)
        except Exception as error:  # noqa: BLE001 - the next connection may do
            accepted.close()
            on_error(error)
