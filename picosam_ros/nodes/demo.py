"""`demo`: a camera, a viewer and a tour of what the camera sees, until Ctrl-C.

The camera, whose start takes longest, has a process of its own; viewer and tour share this one.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.cameras import CAMERAS
from picosam_ros.errors import PicosamError
from picosam_ros.ros import process, start
from picosam_ros.ros.demo.node_process import NodeProcess
from picosam_ros.signals import on_ending

if TYPE_CHECKING:
    from picosam_ros.cameras.photos import Pointer
    from picosam_ros.nodes.viewer import ViewerNode
    from picosam_ros.ros.demo.scoreboard import Scoreboard
    from picosam_ros.ros.demo.tour import Tour

LOOPBACK = '127.0.0.1'
REFRESH_SECONDS = 0.5


def main() -> int:
    """Entry point. Returns 1 if no mask was received."""
    try:
        arguments = _arguments()
    except PicosamError as error:
        print(error, file=sys.stderr)
        return 1
    stopped = threading.Event()
    on_ending(stopped.set)
    process.prepare()
    with ExitStack() as ending:
        camera = viewer = None
        if not arguments.attach:
            # First: it starts on a core of its own, while this process imports what it needs.
            camera = ending.enter_context(NodeProcess(_camera_command(arguments)))
        from picosam_ros.ros.demo.tour import Tour

        try:
            start.init_ros(sys.argv)
            if not arguments.attach:
                viewer = _make_viewer(arguments.address)
            tour = start.create_node(lambda: Tour(_pointer(arguments), arguments.output))
        except PicosamError as error:
            print(error, file=sys.stderr)
            return 1
        if viewer is not None and not viewer.configure_and_activate():
            return 1  # it has logged why
        _run(tour, viewer, camera, arguments.seconds, stopped.is_set)
        if camera is not None:
            camera.terminate()
        if viewer is not None:
            viewer.trigger_shutdown()
        tour.destroy_node()
    tour.context.try_shutdown()  # see managed_node.run
    return _conclude(tour, camera)


def _make_viewer(address: str) -> ViewerNode:
    """Make the viewer's node.

    Raises:
        StartError: it cannot be made.

    """
    import cv2
    from rclpy.logging import LoggingSeverity

    try:
        from picosam_ros.nodes.viewer import ViewerNode
    except ImportError as error:
        raise start.StartError(
            f'the page cannot be served: {error}; `picosam doctor` tells what is missing'
        ) from error
    cv2.setNumThreads(1)  # see managed_node.run
    given = ['--ros-args', '-r', 'image:=image_raw', '-p', f'address:={json.dumps(address)}']
    viewer = start.create_node(lambda: ViewerNode(cli_args=given, use_global_arguments=False))
    if address == LOOPBACK:
        # The table shows the address; only the log has the link with the token, if one is required.
        viewer.get_logger().set_level(LoggingSeverity.WARN)
    return viewer


def _run(
    tour: Tour,
    viewer: ViewerNode | None,
    camera: NodeProcess | None,
    seconds: float,
    stopped: Callable[[], bool],
) -> None:
    executor = process.make_executor()
    executor.add_node(tour)
    if viewer is not None:
        executor.add_node(viewer)
    act = tour.guarded(tour.act)
    end = time.monotonic() + seconds if seconds else float('inf')
    shown = 0.0
    while (camera is None or camera.running) and not stopped() and (now := time.monotonic()) < end:
        process.serve(executor, 0.05, tour.callback_failed)
        act()
        _print_lines(camera, tour.scoreboard)
        if now - shown > REFRESH_SECONDS:
            tour.scoreboard.show()
            shown = now
    executor.shutdown()


def _print_lines(camera: NodeProcess | None, scoreboard: Scoreboard) -> None:
    if camera is not None:
        for line in camera.new_lines():
            scoreboard.print_line(line)


def _conclude(tour: Tour, camera: NodeProcess | None) -> int:
    _print_lines(camera, tour.scoreboard)
    if tour.scoreboard.frames:
        tour.scoreboard.show(final=True)
    for path in tour.images.values():
        print(f'image: {path}')
    if not tour.scoreboard.masks:
        print('no mask was received; see the output of the camera node above', file=sys.stderr)
    return 0 if tour.scoreboard.masks else 1


def _camera_command(arguments: argparse.Namespace) -> list[str]:
    """The command line of the camera; the demo ends with it."""
    camera = [sys.executable, '-m', 'picosam_ros.nodes.camera', '--ros-args']
    for name in ('camera', 'source', 'simulate'):
        # JSON is what ROS reads: a source like /dev/video2 or 2 stays a text.
        camera += ['-p', f'{name}:={json.dumps(getattr(arguments, name))}']
    # Without the warning of an uncalibrated camera.
    return [*camera, '--log-level', 'error']


def _pointer(arguments: argparse.Namespace) -> Pointer:
    from picosam_ros.cameras.photos import Pointer, open_photos

    # The simulated sensor looks at the same photos.
    if (arguments.camera == 'photos' or arguments.simulate) and not arguments.source:
        return Pointer(open_photos())
    return Pointer(None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='demo',
        description='Points at objects in front of a camera and shows their masks and latency.',
    )
    parser.add_argument('--seconds', type=float, default=0, help='0, the default: until Ctrl-C')
    parser.add_argument(
        '--camera',
        choices=tuple(CAMERAS),
        help='default: what shows the source; without one, photos',
    )
    parser.add_argument(
        '--simulate', action='store_true', help='with --camera imx500: one without hardware'
    )
    parser.add_argument(
        '--source', default='', help='device, file, folder, bag or address of a stream'
    )
    parser.add_argument(
        '--address',
        default=LOOPBACK,
        help='of the page; 0.0.0.0 serves it to other machines, which need the token',
    )
    parser.add_argument(
        '--output', type=Path, default=Path('demo'), help='folder for the overlay images'
    )
    parser.add_argument('--attach', action='store_true', help='use a camera node that runs already')
    arguments = parser.parse_args(start.without_ros_arguments(sys.argv)[1:])
    given = arguments.source or arguments.simulate
    arguments.camera = arguments.camera or ('auto' if given else 'photos')
    return arguments


if __name__ == '__main__':
    raise SystemExit(main())
