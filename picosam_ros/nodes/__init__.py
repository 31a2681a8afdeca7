"""Executables: parameters, wiring and header copying, nothing else."""
