"""The files of pages, which are all that is served: no path of a request is ever opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from picosam_ros.viewer.auth import Handler

PAGE = Path(__file__).parent / 'page'

_TYPES = {
    '.html': 'text/html',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.js': 'text/javascript',
}


def page_files(folder: Path) -> list[Path]:
    """Return the files of a page."""
    return sorted(path for path in folder.iterdir() if path.suffix in _TYPES)


def add_page(application: web.Application, files: Iterable[Path]) -> None:
    """Serve files by their names, index.html as `/`."""
    for file in files:
        path = '/' if file.name == 'index.html' else f'/{file.name}'
        application.router.add_get(path, _handler(file.read_bytes(), _TYPES[file.suffix]))


def _handler(body: bytes, content_type: str) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, charset='utf-8')

    return serve
