"""Overlays and charts as images."""
