"""Parts of the demo: the tour that sends prompts, its table, and the processes of its nodes."""
