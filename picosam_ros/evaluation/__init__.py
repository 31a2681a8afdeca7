"""How good an engine's masks are: pictures with labelled objects, a protocol, figures.

Annotations come in COCO's JSON, as COCO and LVIS are on disk. A protocol turns a picture and one
labelled object into a question to an engine; the figures are those of PicoSAM2's authors
(arXiv 2506.18807), with the trivial answer beside them.
"""
