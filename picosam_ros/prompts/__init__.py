"""The prompts that are answered now, where they come from, and the frame that each was made for."""
