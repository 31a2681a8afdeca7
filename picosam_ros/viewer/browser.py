"""Opens the page in the user's browser."""

from __future__ import annotations

import os
import webbrowser


def open_browser(url: str) -> None:
    """Open the page where there is a screen; BROWSER=none, or no screen, opens none."""
    chosen = os.environ.get('BROWSER', '')
    screen = any(name in os.environ for name in ('DISPLAY', 'WAYLAND_DISPLAY'))
    # Without a screen a browser in text mode would take this very terminal.
    if chosen != 'none' and (chosen or screen):
        webbrowser.open(url)
