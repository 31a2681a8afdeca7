"""`picosam view`: the viewer's page on a camera, without ROS."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, TextIO

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_sensor_arguments,
    at_least,
    engine_options,
    positive,
    sensor_options,
)
from picosam_ros.commands.fixes import install_command, is_installed
from picosam_ros.commands.terminal import catch_interrupt, paint
from picosam_ros.errors import CameraError, ViewerError
from picosam_ros.viewer.browser import open_browser

if TYPE_CHECKING:
    from picosam_ros.cameras import Camera
    from picosam_ros.viewer.camera_view import CameraView
    from picosam_ros.viewer.server import Server

HELP = 'show a camera or a picture on a page, take clicks, without ROS'
DESCRIPTION = (
    'Serve a page for the browser that shows what a camera sees, takes clicks and boxes, and '
    'shows the masks, the latency and the state of camera and engine. A picture that is dropped '
    'onto the page is shown in the place of the camera. It needs no ROS. The page is for this '
    'machine only, unless --address says otherwise; Ctrl-C ends it.'
)
EXAMPLE = 'picosam view --simulate'

# Between two looks for Ctrl-C, and between two reports.
_POLL_S, _REPORT_S = 0.1, 1.0
_LAST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        '--camera',
        metavar='NAME',
        default='auto',
        help='imx500, picamera, v4l2, stream, video, bag, photos or auto: what shows the source, '
        'without one the best that is connected (default)',
    )
    parser.add_argument(
        '--source', metavar='S', default='', help='device, file, folder, bag or address of a stream'
    )
    parser.add_argument(
        '--rate',
        metavar='HZ',
        type=positive,
        default=30.0,
        help='frames per second (default: 30)',
    )
    add_sensor_arguments(parser)
    add_engine_arguments(parser, sensor=True)
    parser.add_argument(
        '--roi-size',
        metavar='N',
        type=partial(at_least, 0),
        default=0,
        help='side of the square around a click, in pixels (default: 0, automatic)',
    )
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
        '--seconds',
        metavar='S',
        type=positive,
        default=math.inf,
        help='end after so long (default: at Ctrl-C)',
    )
    parser.add_argument(
        '--open', action='store_true', help='open the page in the browser, where there is a screen'
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM.

    Raises:
        PicosamError: camera, engine or page cannot be opened.

    """
    if not is_installed('aiohttp'):
        raise ViewerError(
            'aiohttp, which serves the page, is not installed; install it with: '
            f'{install_command("aiohttp", "python3-aiohttp")}'
        )
    output = sys.stdout
    # picamera2 prints; standard output must hold our lines only.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            with _sigterm_interrupts():
                _serve(arguments, output)
        except KeyboardInterrupt:  # while it started
            pass
    return 0


def _serve(arguments: argparse.Namespace, output: TextIO) -> None:
    view = _make_view(arguments)
    try:
        view.open()
        with catch_interrupt() as interrupted:
            _announce(view.server, arguments, output)
            end, reported = time.monotonic() + arguments.seconds, -math.inf
            while not interrupted.is_set() and time.monotonic() < end:
                if time.monotonic() - reported >= _REPORT_S:
                    reported = time.monotonic()
                    view.report()
                time.sleep(_POLL_S)
            view.close()
    finally:
        view.close()


def _make_view(arguments: argparse.Namespace) -> CameraView:
    import cv2

    from picosam_ros.engines import ENGINES, make_engine
    from picosam_ros.engines.base import RoiPlacer
    from picosam_ros.viewer.camera_view import CameraView

    cv2.setNumThreads(1)  # crops are small: a thread pool costs more than it brings
    camera = _make_camera(arguments)
    name, options = arguments.engine, engine_options(arguments)
    if isinstance(camera, RoiPlacer) and 'sensor' in ENGINES.options_of(name):
        options['sensor'] = camera
    return CameraView(
        camera,
        make_engine(name, **options),
        roi_size=arguments.roi_size,
        address=arguments.address,
        port=arguments.port,
        public_url=arguments.public_url,
    )


def _make_camera(arguments: argparse.Namespace) -> Camera | None:
    """Return the camera; None where none was asked for, and none is connected."""
    from picosam_ros.cameras import make_camera

    try:
        return make_camera(
            arguments.camera,
            source=arguments.source,
            rate=arguments.rate,
            **sensor_options(arguments),
        )
    except CameraError as error:
        if arguments.camera != 'auto' or arguments.source or arguments.simulate:
            raise
        print(f'{error}\nthe page takes pictures instead', file=sys.stderr)
        return None


def _announce(server: Server, arguments: argparse.Namespace, output: TextIO) -> None:
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
