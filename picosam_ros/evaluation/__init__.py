"""Accuracy of an engine's masks: labelled images, a protocol, metrics.

Annotations come in COCO's JSON, as COCO and LVIS are on disk. A protocol turns an image and one
labelled object into a case: what an engine is given, and the true mask. The metrics are those of
PicoSAM2's authors (arXiv 2506.18807), with the trivial answer for comparison.
"""
