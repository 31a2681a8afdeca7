"""For commands that speak with running nodes; they are not nodes of the robot themselves."""
