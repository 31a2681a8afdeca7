"""What the node `cloud` is made of."""
