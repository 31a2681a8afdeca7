"""What the pages about recordings have in common: images, threads, bodies of requests."""
