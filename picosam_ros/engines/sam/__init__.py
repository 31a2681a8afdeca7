"""Networks of the SAM family: a picture's embedding once, and a decoder for each prompt.

`specs` tells the files apart, `square` is the picture's place in the network's input, `tokens` what
a prompt is for the decoder, `networks` runs the two files. `engines/edgesam.py` puts them together.
"""
