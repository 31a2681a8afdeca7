"""Executables: parameters, wiring and header copying, nothing else."""

from picosam_ros.ros.process import share_one_heap

# Here, because NumPy starts threads when it is imported.
share_one_heap()
