"""Labelled photos packed into pieces that fit through any door, to train from anywhere."""
