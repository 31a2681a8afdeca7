"""`picosam view`: the viewer's page on a camera, without ROS."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_sensor_arguments,
    at_least,
    engine_options,
    positive,
    sensor_options,
)
from picosam_ros.commands.page import add_page_arguments, page_options, serve_page
from picosam_ros.errors import CameraError

if TYPE_CHECKING:
    from picosam_ros.cameras import Camera
    from picosam_ros.viewer.camera_view import CameraView

HELP = 'show a camera or a picture on a page, take clicks, without ROS'
DESCRIPTION = (
    'Serve a page for the browser that shows what a camera sees, takes clicks and boxes, and '
    'shows the masks, the latency and the state of camera and engine. A picture that is dropped '
    'onto the page is shown in the place of the camera. It needs no ROS. The page is for this '
    'machine only, unless --address says otherwise; Ctrl-C ends it.'
)
EXAMPLE = 'picosam view --simulate'


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
    add_page_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM.

    Raises:
        PicosamError: camera, engine or page cannot be opened.

    """
    return serve_page(arguments, _make_view)


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
        **page_options(arguments),
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
