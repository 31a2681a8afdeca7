"""How a run went: loss and learning rate over the crops seen, as a picture.

`python -m training.curves runs/masks/log.csv --out curves.png`
"""

import argparse
import csv
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot

INK, LOSS, RATE = '#444444', '#0072b2', '#d55e00'


def draw(log: Path, out: Path) -> None:
    """Draw a log of `training.train`: crops, loss (mean of 50 updates), learning rate."""
    with log.open(newline='') as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    crops = [row['crops'] / 1000 for row in rows]
    figure, axes = pyplot.subplots(figsize=(7.2, 3.0), layout='constrained')
    axes.plot(crops, [row['loss'] for row in rows], color=LOSS, linewidth=1.4)
    axes.set_xlabel('crops seen, thousands', color=INK)
    axes.set_ylabel('loss', color=LOSS)
    rates = axes.twinx()
    rates.plot(crops, [row['learning_rate'] for row in rows], color=RATE, linewidth=1)
    rates.set_ylabel('learning rate', color=RATE)
    rates.set_ylim(0)
    for axis in (axes, rates):
        axis.tick_params(colors=INK, labelsize=8)
        axis.spines[['top']].set_visible(False)
    figure.savefig(out, dpi=110)


def main() -> None:
    """Draw a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('log', type=Path)
    parser.add_argument('--out', type=Path, required=True)
    arguments = parser.parse_args()
    draw(arguments.log, arguments.out)


if __name__ == '__main__':
    main()
