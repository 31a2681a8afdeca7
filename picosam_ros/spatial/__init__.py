"""Geometry of calibrated cameras: rays, the ground plane, clouds of objects."""
