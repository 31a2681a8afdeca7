"""The viewer's server and page: a pipeline's live masks in a browser. Free of ROS.

Needs aiohttp: `pip install aiohttp`, or python3-aiohttp of the distribution.
"""
