"""Attacks on the nodes and commands: each is a module, and a row of `table.ATTACKS`."""
