"""A page of held-out photos, drawn by lot, with the masks of a network: good and bad alike."""
