"""The main loop of the child that runs a camera: `python -m picosam_ros.cameras.process.child`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from picosam_ros.cameras.process.memory import SharedMemory
from picosam_ros.cameras.process.messages import (
    Captured,
    Connected,
    Failed,
    Order,
    Report,
    Started,
)
from picosam_ros.cameras.show import show_of
from picosam_ros.errors import CameraError

# The pixels of a frame that stand in the shared memory.
ELSEWHERE = np.empty((0, 0, 3), np.uint8)

READ_S = 0.1

# picamera2 starts a process for every query of the progress.
PROGRESS_S = 0.5


def main(arguments: list[str]) -> int:
    """Run the camera until the other end of the connections is closed.

    Args:
        arguments: the file descriptors of the connection of the frames, of that of the calls, and
            of the shared memory.

    """
    frames, calls = (Connection(int(argument)) for argument in arguments[:2])
    memory = SharedMemory(int(arguments[2]))
    # picamera2 prints, and standard output belongs to the program that wanted a camera.
    os.dup2(2, 1)
    # An end that is closed is how the child is told to end.
    with suppress(EOFError, ConnectionError):
        _run(frames.recv(), frames, calls, memory)
    return 0


def _run(order: Order, frames: Connection, calls: Connection, memory: SharedMemory) -> None:
    camera = None
    try:
        camera = getattr(import_module(order.module), order.factory)(**order.options)
        camera.connect()
        frames.send(Connected(report_of(camera)))
        with _progress_told(camera, memory, frames, calls):
            camera.start()
        frames.send(Started(report_of(camera)))
        threading.Thread(
            target=_answer_calls, args=(camera, calls), name='picosam_calls', daemon=True
        ).start()
        _send_frames(camera, frames, memory)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - told in the other process, which tries again
        frames.send(failure_of(error, report_of(camera) if camera else None))
    finally:
        if camera is not None:
            camera.close()


def _send_frames(camera: Any, frames: Connection, memory: SharedMemory) -> None:
    """Send the newest frame whenever one is asked for."""
    show = show_of(camera)
    while True:
        wanted = frames.recv()
        if show is not None and wanted.choice is not None:
            show.follow(wanted.choice)
        while (frame := camera.read(READ_S)) is None:
            if frames.poll():
                return  # closed: nothing more is asked before the answer
        memory.write(frame.pixels)
        captured = replace(frame, pixels=ELSEWHERE)
        frames.send(Captured(captured, frame.pixels.shape, report_of(camera)))


def _answer_calls(camera: Any, calls: Connection) -> None:
    """Place the ROIs that are asked for."""
    with suppress(EOFError, ConnectionError):
        while True:
            number, roi = calls.recv()
            try:
                camera.look_at(roi)
                answer = camera.record.placement
            except Exception as error:  # noqa: BLE001 - raised again by the call
                answer = failure_of(error)
            calls.send((number, answer))


def report_of(camera: Any) -> Report:
    """Return what is told of a camera with each message."""
    return Report(camera.description, camera.warning, getattr(camera, 'record', None))


def failure_of(error: Exception, report: Report | None = None) -> Failed:
    """Return the message of an error; print the traceback of one that nobody expected."""
    if isinstance(error, CameraError):
        return Failed(str(error), error.retry_s, report=report)
    traceback.print_exception(error)
    return Failed(f'{type(error).__name__}: {error}', report=report)


@contextmanager
def _progress_told(
    camera: Any, memory: SharedMemory, frames: Connection, calls: Connection
) -> Iterator[None]:
    """Let a fork of this process watch the upload, for this one stands still.

    It tells the progress, and ends this process if the other end of the connections is closed.
    """
    ask = getattr(camera, 'upload_progress', None)
    if ask is None:
        yield
        return
    teller = multiprocessing.get_context('fork').Process(
        target=_tell_progress,
        args=(ask, memory, os.getpid(), frames, calls),
        name='picosam_progress',
        daemon=True,
    )
    teller.start()
    try:
        yield
    finally:
        teller.kill()
        teller.join()


def _tell_progress(
    ask: Callable[[], tuple[int, int]],
    memory: SharedMemory,
    parent: int,
    frames: Connection,
    calls: Connection,
) -> None:
    # Else its copy would hide the end of its parent.
    frames.close()
    try:
        while os.getppid() == parent:
            memory.progress = ask()
            # Before the start has ended nothing is called: this is the end of who could.
            if calls.poll(PROGRESS_S):
                with suppress(ProcessLookupError):  # It was killed already.
                    os.kill(parent, signal.SIGKILL)
                return
    finally:
        memory.progress = 0, 0


if __name__ == '__main__':
    raise SystemExit(main(sys.argv[1:]))
