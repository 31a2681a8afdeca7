"""Training of the network that takes prompts, from packed photos.

It needs PyTorch, NumPy, OpenCV and PyYAML, and runs on a GPU or a CPU alike.
"""
