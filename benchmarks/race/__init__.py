"""Every engine and, where installed, its peers: the same machine, images, prompts, in turns."""
