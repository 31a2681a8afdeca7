"""A camera in a process of its own, which nothing that the camera does can stop."""
