"""Every engine and, where installed, its peers: the same machine, pictures, prompts, in turns."""
