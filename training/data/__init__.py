"""Labelled photos, and the training samples that are drawn from them."""
