"""The segmenter node as its executable starts it; `--plain-malloc` leaves glibc's malloc alone."""

from __future__ import annotations

import sys

from picosam_ros.nodes.segmenter import main
from picosam_ros.ros import transport

PLAIN_MALLOC = '--plain-malloc'

if __name__ == '__main__':
    if PLAIN_MALLOC in sys.argv:
        sys.argv.remove(PLAIN_MALLOC)
        transport.tune_malloc = lambda: False
    sys.exit(main())
