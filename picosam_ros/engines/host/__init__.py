"""The engine on the host's CPU, and the two kinds of networks that it runs."""

from picosam_ros.engines.host.engine import HostEngine

__all__ = ['HostEngine']
