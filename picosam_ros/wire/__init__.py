"""Images and masks as the bytes of ROS messages. Free of ROS."""
