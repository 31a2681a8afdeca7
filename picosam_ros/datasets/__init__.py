"""Labelled images as data sets in the formats of the field."""
