"""Executables: parameters, wiring and header copying, nothing else."""

from picosam_ros.ros.process import share_one_heap
from picosam_ros.ros.start import check_middleware
from picosam_ros.standard_streams import open_closed_streams

# First: what is opened later would get their numbers.
open_closed_streams()
# Here, because NumPy starts threads when it is imported.
share_one_heap()
# Here, because ROS ends the process where a node imports it.
check_middleware()
