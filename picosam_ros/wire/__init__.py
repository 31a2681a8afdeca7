"""Bytes of messages and of image files: what they hold, and what is written. Free of ROS."""
