"""What the node `viewer` is made of."""
