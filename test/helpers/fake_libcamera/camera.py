"""libcamera's CameraManager and Camera, with the errors that the binding raises."""

import errno
import os
import threading
import weakref

from helpers.fake_libcamera.buffers import FrameMetadata, Request
from helpers.fake_libcamera.configuration import CameraConfiguration
from helpers.fake_libcamera.values import PROPERTIES, control_infos


def system_error(what, number):
    """Return what a std::system_error of the binding is in Python."""
    return RuntimeError(f'{what}: {os.strerror(number)}')


class CameraManager:
    """Lives as long as somebody refers to it or to one of its cameras; then its event ends, too."""

    # What is plugged in.
    sensors = ()
    current = staticmethod(lambda: None)

    @classmethod
    def singleton(cls):
        manager = cls.current()
        if manager is None:
            manager = cls()
            cls.current = weakref.ref(manager)
        return manager

    def __init__(self):
        self.event_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._ready = []
        self._cameras = weakref.WeakValueDictionary()

    def __del__(self):
        os.close(self.event_fd)

    @property
    def cameras(self):
        return [self._cameras.setdefault(id(s), Camera(self, s)) for s in self.sensors]

    def get_ready_requests(self):
        try:
            os.eventfd_read(self.event_fd)
        except BlockingIOError:
            return []
        with self._lock:
            ready, self._ready = self._ready, []
        return ready

    def completed(self, request):
        """Take a request from the camera's thread."""
        with self._lock:
            self._ready.append(request)
        os.eventfd_write(self.event_fd, 1)


class Camera:
    def __init__(self, manager, sensor):
        self._manager, self._sensor = manager, sensor
        self.id = sensor.id
        self.properties = PROPERTIES

    @property
    def controls(self):
        return control_infos(self._sensor.mode[2])

    def acquire(self):
        if self._sensor.acquired:
            raise system_error('Failed to acquire camera', errno.EBUSY)
        self._sensor.acquired = True

    def release(self):
        if self._sensor.running:
            raise system_error('Failed to release camera', errno.EBUSY)
        self._sensor.acquired = False

    def generate_configuration(self, roles):
        return CameraConfiguration(roles)

    def configure(self, configuration):
        if self._sensor.running or not self._sensor.acquired:
            raise system_error('Failed to configure camera', errno.EACCES)
        self._sensor.configure(configuration.mode, configuration.at(0).size)

    def create_request(self, cookie=0):
        return Request(cookie)

    def start(self, controls):
        if self._sensor.running or not self._sensor.acquired:
            raise system_error('Failed to start camera', errno.EACCES)
        self._sensor.apply(controls)
        try:
            self._sensor.start(self._manager.completed)
        except OSError as error:
            raise system_error('Failed to start camera', error.errno) from None

    def queue_request(self, request):
        if not self._sensor.running:
            raise system_error('Failed to queue request', errno.EACCES)
        if request.status is not Request.Status.Pending:
            raise system_error('Failed to queue request', errno.EINVAL)
        self._sensor.queue(request)

    def stop(self):
        for request in self._sensor.stop() if self._sensor.running else ():
            request.finish(Request.Status.Cancelled, FrameMetadata.Status.Cancelled, {})
            self._manager.completed(request)
