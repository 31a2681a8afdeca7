"""Topics that bring prompts, one kind a module."""
