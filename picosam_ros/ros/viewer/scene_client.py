"""`~/next_scene` of a segmentation node, where its camera shows several scenes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from std_srvs.srv import Trigger

from picosam_ros.ros.guarded_node import GuardedNode


class SceneClient:
    """Tells whether there is the service, and calls it.

    A call is sent once, since each goes one scene further; that it came, the image shows.

    Args:
        node: owns the client.
        name: of the segmentation node.
        offer: called by `poll` with whether there is the service, when that changes.

    """

    def __init__(self, node: GuardedNode, name: str, offer: Callable[[bool], None]) -> None:
        self._node = node
        self._client = node.create_client(Trigger, f'{name}/next_scene')
        self._offer = offer
        self._offered = False
        self._wanted = threading.Event()

    def call(self) -> None:
        """Request a call at the next `poll`; safe to call from any thread."""
        self._wanted.set()

    def poll(self) -> None:
        """Look for the service, and send; call it periodically in the executor's thread."""
        ready = self._client.service_is_ready()
        if ready != self._offered:
            self._offered = ready
            self._offer(ready)
        if self._wanted.is_set():
            self._wanted.clear()
            if ready:
                self._client.call_async(Trigger.Request())

    def destroy(self) -> None:
        """Destroy the client."""
        self._node.destroy_client(self._client)
