"""Requests, and the buffers that travel with them."""

import os
from dataclasses import dataclass
from enum import Enum, auto


class SharedFd:
    """A duplicate of a file descriptor, closed with its last reference."""

    def __init__(self, fd):
        self.fd = os.dup(fd)

    def __del__(self):
        os.close(self.fd)


class FrameMetadata:
    class Status(Enum):
        Success = auto()
        Error = auto()
        Cancelled = auto()
        Startup = auto()

    def __init__(self, status, sequence=0, timestamp=0):
        self.status, self.sequence, self.timestamp = status, sequence, timestamp


class FrameBuffer:
    class Plane:
        def __init__(self):
            self.offset = self.length = 0
            self._shared = None

        @property
        def fd(self):
            return self._shared.fd

        @fd.setter
        def fd(self, fd):
            self._shared = SharedFd(fd)

    def __init__(self, planes):
        self.planes = planes
        self.metadata = FrameMetadata(FrameMetadata.Status.Success)

    def write(self, data):
        """Write what the image processor made, from the first byte on."""
        os.pwrite(self.planes[0].fd, data, self.planes[0].offset)


@dataclass(eq=False)
class Request:
    class Status(Enum):
        Pending = auto()
        Complete = auto()
        Cancelled = auto()

    cookie: int

    def __post_init__(self):
        self.buffers = {}
        self.controls = {}
        self.reuse()

    def add_buffer(self, stream, buffer):
        self.buffers[stream] = buffer

    def set_control(self, control, value):
        self.controls[control] = value

    def reuse(self):
        self.status = Request.Status.Pending
        self.metadata = {}
        self.controls.clear()

    def finish(self, status, frame_status, metadata, sequence=0, timestamp=0):
        """Complete it, or cancel it."""
        self.status, self.metadata = status, metadata
        for buffer in self.buffers.values():
            buffer.metadata = FrameMetadata(frame_status, sequence, timestamp)
