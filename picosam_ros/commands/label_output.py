"""The data sets of labelled recordings: written, and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.terminal import Progress, paint
from picosam_ros.errors import BagError

if TYPE_CHECKING:
    from picosam_ros.datasets.base import Written
    from picosam_ros.datasets.examples import Examples
    from picosam_ros.labelling.project import Project


@dataclass(frozen=True)
class Output:
    """What was written.

    Attributes:
        report: ready for JSON.
        damage: of recordings that could not be read to their ends.

    """

    report: dict[str, Any]
    damage: tuple[str, ...]

    def tell(self, *, as_json: bool) -> None:
        """Print it. Raises BagError if a recording is damaged."""
        if as_json:
            print(json.dumps(self.report, indent=2))
        else:
            _print(self.report)
        if self.damage:
            raise BagError(
                f'{"; ".join(self.damage)}; what could be read is in {self.report["out"]}'
            )


def write_project(project: Project, *, live: bool, stopped: Callable[[], bool]) -> Output | None:
    """Write the data sets of a project; None if it was stopped, and the old ones are there.

    Args:
        project: all of it is labelled.
        live: whether to show the progress.
        stopped: asked before each image.

    Raises:
        PicosamError: a recording cannot be read, or a data set not be written.

    """
    from picosam_ros.datasets.examples import Examples, contents_of
    from picosam_ros.datasets.write import write_dataset

    total = sum(recording.images for recording in project.plan.recordings)
    progress = Progress(total, 'images written', live=live)
    examples = Examples(project, progress.show)
    formats, contents = project.plan.formats, contents_of(project)
    try:
        written = write_dataset(project.out, formats, contents, examples, stopped=stopped)
    finally:
        progress.end()
    if written is None:
        return None
    return Output(_report(project, written, examples), tuple(examples.damage))


def _stale(project: Project) -> list[str]:
    """Return a sentence about each data set in the folder that was not written now."""
    from picosam_ros.datasets.formats import FORMATS
    from picosam_ros.datasets.write import MARK

    formats = [name for name in FORMATS if name not in project.plan.formats]
    folders = [project.out / name for name in formats if (project.out / name / MARK).is_file()]
    return [f'{folder} is of an earlier run, and was not written anew' for folder in folders]


def _report(project: Project, written: Written, examples: Examples) -> dict[str, Any]:
    return {
        'out': str(project.out),
        'recordings': len(project.plan.recordings),
        'images': examples.images,
        'doubted': examples.doubted,
        'examples': written.images,
        'labels': written.labels,
        'same': written.same,
        'formats': {name: str(project.out / name) for name in project.plan.formats},
        'unanswered': examples.waiting.total(),
        'waiting': dict(examples.waiting),
        'rejected': examples.rejected,
        'notes': [*examples.notes, *_stale(project)],
    }


def _print(report: dict[str, Any]) -> None:
    count = report['recordings']
    head = f'{report["images"]} images of {count} recording{"s" * (count != 1)}'
    rate = report.get('images_per_second')
    print(paint(head, 'bold') + (f'  {rate:.1f} images/s' if rate else ''))
    splits = ', '.join(
        f'{count} for {split}' for split, count in sorted(report['examples'].items())
    )
    labels = ', '.join(f'{count} {name}' for name, count in report['labels'].items())
    print(f'examples: {splits or "none"}')
    print(f'masks: {labels or "none"}')
    if report['same']:
        print(
            f'{report["same"]} images are left out: they hardly differ from the last '
            'one that was kept (--change 0 keeps them)'
        )
    for note in report['notes']:
        print(paint(note, 'yellow'))
    for name, folder in report['formats'].items():
        print(paint(f'{name} in {folder}', 'dim'))
    if report['rejected']:
        print(f'{report["rejected"]} images are left out: you rejected them')
    if report['unanswered']:
        images = f'{report["unanswered"]} image{"s wait" if report["unanswered"] > 1 else " waits"}'
        where = ', '.join(f'{count} of {name}' for name, count in report['waiting'].items())
        sentence = f'{images} for you ({where}): picosam review {report["out"]}'
        print(paint(sentence, 'yellow'))
