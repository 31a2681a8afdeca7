"""A camera on a node, and calibrations as topics."""
