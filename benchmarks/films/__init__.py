"""Films and walks with known masks, for the figures about tracking."""
