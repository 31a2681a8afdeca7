"""`python -m picosam_ros` is the command `picosam`."""

from picosam_ros.cli import main

raise SystemExit(main())
