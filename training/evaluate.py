"""Evaluate networks on the held-out photos: every protocol, group by group.

`python -m training.evaluate --data DIR [--model NAME ...] [--clicks N] [--json]` prints a table for
each network that ships, or that is named. It asks what `picosam eval` asks, about the photos of
`val_split.txt`.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnxruntime

from picosam_ros.engines import open_engine
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.evaluator import Evaluator
from picosam_ros.evaluation.metrics import (
    click_rows,
    goal_lines,
    table_header,
    table_row,
)
from picosam_ros.evaluation.protocols import PROTOCOLS
from picosam_ros.models import shipped_models
from training.data import readers, split
from training.data.readers import Photo
from training.data.store_to_coco import to_coco

GROUPS = {'coco': ('coco_train', 'coco_more', 'coco_tiny100'), 'ecssd': ('ecssd',)}


def held_out_photos(store: Path) -> dict[str, list[Photo]]:
    """Held-out photos of each group that the store has."""
    chosen = split.read()
    return {
        group: readers.validation_photos(store, chosen, sources)
        for group, sources in GROUPS.items()
        if all((store / source).is_dir() for source in sources)
    }


def evaluate(
    photos: Iterable[Photo], model: str, engine: str = 'host', clicks: int = 1
) -> dict[str, dict]:
    """Figures of a network, and of the trivial answers, for each protocol.

    Args:
        photos: of one store, with their masks.
        model: a name of models.yaml, or the path of an .onnx file.
        engine: a name of picosam_ros.engines.ENGINES.
        clicks: on each object where the protocol is `full`.

    """
    photos = list(photos)
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(to_coco(photos), file)
        file.flush()
        with (
            Annotations(Path(file.name)) as annotations,
            open_engine(engine, model=model) as opened,
        ):
            clicked = {name: clicks if name == 'full' else 1 for name in PROTOCOLS}
            evaluators = [
                Evaluator(opened, annotations, photos[0].store, *protocol)
                for protocol in clicked.items()
            ]
            return {evaluator.protocol: _report(evaluator) for evaluator in evaluators}


def _report(evaluator: Evaluator) -> dict:
    for _ in evaluator.evaluate():
        pass
    return evaluator.report()


def onnx_predictor(model: Path, threads: int = 2) -> Callable[[np.ndarray], np.ndarray]:
    """Network of a file as it is: uint8 [N, S, S, 3] to logits [N, S, S]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=['CPUExecutionProvider'])
    return lambda images: session.run(['logits'], {'image': images})[0]


def main() -> None:
    """Print the figures of each network on each group of sources."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument(
        '--model', nargs='+', default=list(shipped_models()), help='names or .onnx files'
    )
    parser.add_argument('--engine', default='host')
    parser.add_argument(
        '--clicks', type=int, default=1, help='where the answer is wrong, as a user'
    )
    parser.add_argument('--json', action='store_true', help='one JSON object instead of a table')
    arguments = parser.parse_args()
    held_out = held_out_photos(arguments.data)
    if not held_out:
        parser.error(
            f'{arguments.data} has none of the photos of val_split.txt; for a JSON file of COCO or '
            'LVIS: picosam eval --images DIR --annotations FILE --model NAME'
        )
    results: dict[str, dict] = {}
    for model in arguments.model:
        results[model] = {
            group: evaluate(photos, model, arguments.engine, arguments.clicks)
            for group, photos in held_out.items()
        }
        if not arguments.json:
            _print_tables(model, results[model])
    if arguments.json:
        print(json.dumps(results, indent=2))


def _print_tables(model: str, groups: dict[str, dict]) -> None:
    print(table_header(model))
    for group, protocols in groups.items():
        for protocol, report in protocols.items():
            print(table_row(f'{protocol}, {report["n"]} of {group}', report))
            lines = click_rows(report)
            lines += [table_row('  all foreground', report['all_foreground']), *goal_lines(report)]
            print(*lines, sep='\n')


if __name__ == '__main__':
    main()
