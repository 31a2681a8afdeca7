"""The viewer's web server; all its methods may be called from any thread."""

from __future__ import annotations

from typing import Any

from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.cameras import Cameras
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.site import Site
from picosam_ros.viewer.web_server import ErrorHandler, WebServer


class Server(WebServer[Site]):
    """Serves the viewer's page.

    Args:
        hub: of the camera that is shown where a page asks for none.
        max_clients: browsers connected at the same time.
        options: address, port, public_url and on_error of a WebServer.

    Attributes:
        hub: as given; only for the event loop, see `call`.
        cameras: of all hubs; only for the event loop, too.

    """

    def __init__(self, hub: Hub, *, max_clients: int = 16, **options: Any) -> None:
        self.hub = hub
        self.cameras = Cameras(hub)

        def make_site(access: AccessControl, on_error: ErrorHandler) -> Site:
            return Site(self.cameras, access, max_clients=max_clients, on_error=on_error)

        super().__init__(make_site, **options)

    def statistics(self) -> dict[str, object]:
        """Return counters for `/diagnostics`."""
        return {
            'address': self.url,
            'browsers': len(self.cameras),
            'connections': self._open,
            'images encoded': self.site.encoder.encoded,
            **{f'refused ({cause})': n for cause, n in dict(self.hub.refused).items()},
        }
