"""Recordings (rosbag2) in and out, by the library `rosbags`: no ROS needed."""
