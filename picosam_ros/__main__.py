"""`python -m picosam_ros` is the command `picosam`."""

import sys

# Before anything is imported that an older Python cannot even read.
if sys.version_info < (3, 10):  # noqa: UP036 - `python3 -m` takes whatever Python there is
    sys.exit(
        'picosam: Python {}.{} was started, and 3.10 is the oldest that works; name a newer one, '
        'for example: python3.12 -m picosam_ros'.format(*sys.version_info)
    )

from picosam_ros.cli import main

if __name__ == '__main__':  # not in a process that `picosam label` starts
    raise SystemExit(main())
