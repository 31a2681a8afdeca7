"""Networks of the SAM family: one encoding of the image, and a decoder run for each prompt.

`specs` tells the files apart, `square` places the image in the network's input, `networks` runs the
two files, `engine` puts them together.
"""
