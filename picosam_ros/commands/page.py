"""What commands share that serve a page: its arguments, its address, and its end."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from picosam_ros.commands.arguments import at_least, positive
from picosam_ros.commands.fixes import install_command, is_installed
from picosam_ros.commands.terminal import catch_interrupt, paint
from picosam_ros.errors import ViewerError
from picosam_ros.viewer.browser import open_browser

if TYPE_CHECKING:
    from picosam_ros.viewer.web_server import WebServer

# Between two looks for Ctrl-C, and between two reports.
_POLL_S, _REPORT_S = 0.1, 1.0
_LAST_PORT = 65535


class ServedPage(Protocol):
    """What is served, from `open` to `close`."""

    @property
    def server(self) -> WebServer[Any]:
        """That of the page."""

    def open(self) -> None:
        """Start to serve. Raises PicosamError if it cannot be served."""

    def report(self) -> None:
        """Look after it, about once a second. Raises PicosamError if it serves no longer."""

    def close(self) -> None:
        """End it; a second call does nothing."""


def add_page_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the page is, for how long, and whether it is opened."""
    add_address_arguments(parser)
    parser.add_argument(
        '--seconds',
        metavar='S',
        type=positive,
        default=math.inf,
        help='end after so long (default: at Ctrl-C)',
    )


def add_address_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the page is, and whether it is opened."""
    parser.add_argument(
        '--address',
        metavar='A',
        default='127.0.0.1',
        help='address of the page; one that others can reach requires a token (default: 127.0.0.1)',
    )
    parser.add_argument(
        '--port',
        metavar='P',
        type=_port,
        default=8080,
        help='port of the page; if it is in use, the next free one; 0 for any (default: 8080)',
    )
    parser.add_argument(
        '--public-url',
        metavar='URL',
        default='',
        help="the page's address behind a reverse proxy, like https://robot.example/viewer/",
    )
    parser.add_argument(
        '--open', action='store_true', help='open the page in the browser, where there is a screen'
    )


def page_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a WebServer."""
    return {name: getattr(arguments, name) for name in ('address', 'port', 'public_url')}


def serve_page(
    arguments: argparse.Namespace,
    make: Callable[[argparse.Namespace], ServedPage],
    *,
    finished: Callable[[], bool] = lambda: False,
) -> int:
    """Serve a page until Ctrl-C or SIGTERM; return the exit code.

    Args:
        arguments: with those that `add_page_arguments` declares.
        make: makes the page.
        finished: asked about every 0.1 s; once it is true the page ends, too.

    Raises:
        PicosamError: it cannot be made or served.

    """
    if not is_installed('aiohttp'):
        raise ViewerError(
            'aiohttp, which serves the page, is not installed; install it with: '
            f'{install_command("aiohttp", "python3-aiohttp")}'
        )
    output = sys.stdout
    # Libraries print; standard output must hold our lines only.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            with _sigterm_interrupts():
                _serve(make(arguments), arguments, output, finished)
        except KeyboardInterrupt:  # while it started
            pass
    return 0


def _serve(
    page: ServedPage,
    arguments: argparse.Namespace,
    output: TextIO,
    finished: Callable[[], bool],
) -> None:
    try:
        page.open()
        with catch_interrupt() as interrupted:
            _announce(page.server, arguments, output)
            end, reported = time.monotonic() + arguments.seconds, -math.inf
            while not (interrupted.is_set() or finished()) and time.monotonic() < end:
                if time.monotonic() - reported >= _REPORT_S:
                    reported = time.monotonic()
                    page.report()
                time.sleep(_POLL_S)
            page.close()
    finally:
        page.close()


def _announce(server: WebServer[Any], arguments: argparse.Namespace, output: TextIO) -> None:
    """Print where the page is, and open it if that is wanted."""
    if arguments.json:
        print(json.dumps({'url': server.link}), file=output, flush=True)
    else:
        print(f'{paint("open", "bold", output)} {server.link}', file=output, flush=True)
    if arguments.port not in (0, server.port):
        print(f'port {arguments.port} is in use; --port selects another one', file=sys.stderr)
    if arguments.open:
        open_browser(server.link)


def _port(text: str) -> int:
    port = at_least(0, text)
    if port > _LAST_PORT:
        raise argparse.ArgumentTypeError(f'{text!r} was given; allowed are 0 to {_LAST_PORT}')
    return port


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
