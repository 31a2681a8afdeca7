"""What a node with a Segmenter is made of."""
