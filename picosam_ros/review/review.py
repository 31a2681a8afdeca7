"""A labelled project on a page: its answers are in the file of decisions at once."""

from __future__ import annotations

from typing import Any

from picosam_ros.engines import make_engine
from picosam_ros.errors import ViewerError
from picosam_ros.label_pages.images import Images
from picosam_ros.review.corrector import Corrector
from picosam_ros.review.project import ReviewProject
from picosam_ros.review.queue import Queue
from picosam_ros.review.site import ReviewSite
from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.web_server import ErrorHandler, WebServer


class Review:
    """Serves the page of a project, from `open` to `close`.

    Args:
        project: what is reviewed.
        advice: what to do when all is answered, a sentence for the page.
        options: address, port, public_url and on_error of a WebServer.

    Attributes:
        server: of the page.

    Raises:
        EngineError: there is no such engine.

    """

    def __init__(self, project: ReviewProject, advice: str = '', **options: Any) -> None:
        self._decisions = project.decisions
        self._corrector = Corrector(make_engine(project.engine.name, **project.engine.options))

        def make_site(access: AccessControl, on_error: ErrorHandler) -> ReviewSite:
            return ReviewSite(
                Queue(project.doubted, self._decisions),
                Images(project.open_sequence),
                self._corrector,
                access,
                on_error=on_error,
                title=project.title,
                advice=advice,
            )

        self.server: WebServer[ReviewSite] = WebServer(make_site, **options)

    def open(self) -> None:
        """Open the file of decisions and the engine, and start to serve.

        Raises:
            PicosamError: one of them cannot be opened.

        """
        self._decisions.open()
        self._corrector.open()
        self.server.start()

    def report(self) -> None:
        """Look after it, about once a second. Raises ViewerError: it serves no longer."""
        if self.server.fault:
            raise ViewerError(self.server.fault)

    def close(self) -> None:
        """End the server, and close all files; a second call does nothing."""
        self.server.stop()
        self._corrector.close()
        self._decisions.close()
