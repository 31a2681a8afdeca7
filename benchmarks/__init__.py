"""What we claim about speed and memory, as commands: `make bench`, or `python -m benchmarks`."""
