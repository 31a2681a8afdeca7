"""`~/next_scene`: the next photo of a camera that shows several."""

from __future__ import annotations

from std_srvs.srv import Trigger

from picosam_ros.cameras.show import Show
from picosam_ros.ros.guarded_node import GuardedNode


class SceneService:
    """Offered only where there is a show: that it exists tells a page to have a button.

    Args:
        node: owns the service.
        show: of its camera.

    """

    def __init__(self, node: GuardedNode, show: Show) -> None:
        self._node = node
        self._show = show
        self._service = node.create_service(Trigger, '~/next_scene', self._on_next)

    def destroy(self) -> None:
        """Destroy the service."""
        self._node.destroy_service(self._service)

    def _on_next(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._show.next_scene()
        response.success = True
        response.message = 'the next scene is shown, and stays'
        return response
