"""A page on which a person points at objects: each prompt is in its file at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from picosam_ros.engines import make_engine
from picosam_ros.errors import ViewerError
from picosam_ros.label_pages.images import Images
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.prompting.masks import FirstMasks
from picosam_ros.prompting.recordings import Recordings
from picosam_ros.prompting.site import PromptSite
from picosam_ros.prompting.store import PromptStore
from picosam_ros.viewer.auth import AccessControl
from picosam_ros.viewer.web_server import ErrorHandler, WebServer


class Prompting:
    """Serves the page, from `open` to `close`.

    Args:
        path: of the file of prompts; those that are there are shown. Its folder is there.
        recordings: that will be labelled.
        engine: that will label.
        title: for the page.
        advice: for its end: what goes on, and how to repeat it.
        options: address, port, public_url and on_error of a WebServer.

    Attributes:
        server: of the page.

    Raises:
        PicosamError: a recording, or the file, cannot be read, or there is no such engine.

    """

    def __init__(
        self,
        path: Path,
        recordings: Recordings,
        engine: EngineChoice,
        *,
        title: str,
        advice: str = '',
        **options: Any,
    ) -> None:
        store = PromptStore(path, recordings.totals())
        self._masks = FirstMasks(make_engine(engine.name, **engine.options))

        def make_site(access: AccessControl, on_error: ErrorHandler) -> PromptSite:
            return PromptSite(
                store,
                Images(recordings.open),
                self._masks,
                access,
                on_error=on_error,
                title=title,
                advice=advice,
            )

        self.server: WebServer[PromptSite] = WebServer(make_site, **options)

    @property
    def finished(self) -> bool:
        """Whether somebody has asked to label."""
        return self.server.site.finished

    def open(self) -> None:
        """Open the engine, and start to serve. Raises PicosamError if one of them fails."""
        self._masks.open()
        self.server.start()

    def report(self) -> None:
        """Look after it, about once a second. Raises ViewerError: it serves no longer."""
        if self.server.fault:
            raise ViewerError(self.server.fault)

    def close(self) -> None:
        """End the server, and close the engine; a second call does nothing."""
        self.server.stop()
        self._masks.close()
