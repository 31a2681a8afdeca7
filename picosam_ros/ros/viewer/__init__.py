"""The ROS side of the node `viewer`."""
