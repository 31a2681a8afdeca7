"""QoS of `shown` (std_msgs/Header): an image that somebody looks at, and may click into."""

from rclpy.qos import QoSProfile

# Said again a few times a second, for as long as the image is shown; what is lost hurts nobody.
SHOWN_QOS = QoSProfile(depth=100)
