"""The subcommands of `picosam`, one a module.

Each has HELP, DESCRIPTION, EXAMPLE, `add_arguments(parser)` and `run(arguments) -> exit code`, and
imports what is heavy or may be missing only when it runs: help is quick, and `doctor` always runs.
"""
