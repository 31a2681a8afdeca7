"""What aiohttp would print about requests that it cannot read, or whose handler failed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

# Of a request: its lines, its headers, its body; or its connection is gone.
_MALFORMED = (HttpProcessingError, web.RequestPayloadError, UnicodeError)


class HttpErrors(logging.Handler):
    """Counts malformed requests, and reports every other error.

    Args:
        refused: counts them by cause.
        on_error: called with what was not expected to be raised.

    """

    def __init__(self, refused: Counter[str], on_error: Callable[[Exception], None]) -> None:
        super().__init__()
        self._refused = refused
        self._on_error = on_error

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of aiohttp's server."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _MALFORMED):
            self._refused['malformed requests'] += 1
        elif isinstance(error, ConnectionError | TimeoutError):
            self._refused['broken connections'] += 1
        elif isinstance(error, Exception):
            self._on_error(error)


def make_logger(handler: logging.Handler) -> logging.Logger:
    """Return a logger for one server: nothing of it reaches the program's other logs."""
    # One of the server's own, which ends with it.
    logger = logging.Logger('picosam_ros.viewer.http', logging.DEBUG)  # noqa: LOG001
    logger.addHandler(handler)
    return logger
