"""The viewer's server and page: a node's live images and masks in a browser. Free of ROS.

Needs aiohttp: `pip install aiohttp`, or python3-aiohttp of the distribution.
"""
