"""The table of the names of others: test/outside_names.csv."""

import csv

from helpers.imports import ROOT


def table() -> list[dict[str, str]]:
    """Return a row for each name: name, kind, releases that have it, and its source."""
    with (ROOT / 'test' / 'outside_names.csv').open(newline='') as file:
        return list(csv.DictReader(file))
