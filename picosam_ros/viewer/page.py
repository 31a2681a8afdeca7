"""The page's files, read once: no path that a client sends is ever opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / 'page'

# Path of the URL: file, and its type.
_FILES = {
    '/': ('index.html', 'text/html'),
    '/style.css': ('style.css', 'text/css'),
    '/icon.svg': ('icon.svg', 'image/svg+xml'),
    **{
        f'/{name}.js': (f'{name}.js', 'text/javascript')
        for name in ('main', 'connection', 'canvas', 'input', 'markers', 'panel', 'charts')
    },
}


@dataclass(frozen=True)
class File:
    """One file of the page."""

    body: bytes
    content_type: str


def read_page() -> dict[str, File]:
    """Give every file by the path of its URL."""
    return {
        path: File((_FOLDER / name).read_bytes(), content_type)
        for path, (name, content_type) in _FILES.items()
    }
