"""The cameras that browsers choose from, each with a hub of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet

from picosam_ros.errors import ViewerError
from picosam_ros.viewer import fields, messages
from picosam_ros.viewer.client import Client
from picosam_ros.viewer.hub import Hub


class Cameras:
    """Finds the hub of the camera that a page asks for; to be used from one event loop.

    A camera stays in the list once it was there: it may come back, and somebody may look at it.

    Args:
        first: hub of the camera that is shown where a page asks for none.

    Attributes:
        first: as given.

    """

    def __init__(self, first: Hub) -> None:
        self.first = first
        self._hubs = {first.camera: first}
        # In the order of their names.
        self._there: dict[str, bool] = {}

    def __len__(self) -> int:
        return sum(map(len, self._hubs.values()))

    @property
    def refused(self) -> Counter[str]:
        """Messages, requests and connections, by cause."""
        return self.first.refused

    def add(self, hub: Hub) -> None:
        """Add a camera."""
        self._hubs[hub.camera] = hub

    def update(self, there: AbstractSet[str]) -> None:
        """Tell all browsers which cameras are there now; each was added before."""
        seen = sorted(there | self._there.keys())
        now = {name: name in there for name in seen}
        if now != self._there:
            self._there = now
            for hub in self._hubs.values():
                for client in hub:
                    client.set_text('cameras', self.message())

    def message(self) -> str:
        """Return the list for a browser."""
        return messages.cameras(self._there)

    def find(self, camera: str) -> Hub:
        """Return the hub of a camera, by its full name; the first one where that is empty.

        Raises:
            ViewerError: there is no such camera.

        """
        hub = self._hubs.get(camera) if camera else self.first
        if hub is None:
            raise ViewerError(f'there is no camera {fields.shown(camera)}')
        return hub

    def connect(self, hub: Hub, client: Client) -> None:
        """Add a client to the hub of its camera."""
        for each in self._hubs.values():
            each.page_opened()
        hub.connect(client)
        client.set_text('cameras', self.message())

    def disconnect(self, hub: Hub, client: Client) -> None:
        """Remove a client from the hub of its camera."""
        hub.disconnect(client)
        if not len(self):
            for each in self._hubs.values():
                each.pages_closed()

    def tick(self) -> None:
        """Let each hub send what is due; to be called a few times a second."""
        for hub in self._hubs.values():
            hub.tick()
