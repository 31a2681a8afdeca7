"""Adapters between the ROS-free core and ROS 2: everything that imports rclpy or messages."""
