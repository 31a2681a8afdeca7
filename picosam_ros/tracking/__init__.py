"""Tracking: the ROI follows the object from frame to frame."""
