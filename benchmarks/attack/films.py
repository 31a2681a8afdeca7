"""A film as camera: it ends, is cut off, vanishes, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from benchmarks.attack.target import unharmed
from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from picosam_ros.msg import MaskArray
from picosam_ros.ros.diagnostics import ERROR

FRAMES, RATE = 20, 30.0
WARM_UP = 2
GROWTH_MB = 32.0


def run(count: int, seed: int) -> Iterator[Row]:
    """Change the film `count` times, in turn cut off and gone, each time followed by the whole."""
    del seed
    with TemporaryDirectory() as folder, ros():
        film = Film(Path(folder))
        settings = {'camera': 'video', 'source': str(film.path), 'rate': RATE, 'threads': 1}
        with NodeProcess('camera', settings) as process:
            viewer = Viewer(process)
            yield Row('film not begun anew at its end', int(not viewer.sees(3 * FRAMES)), '', 0)
            for number in range(WARM_UP):
                viewer.change(film, number)
            before = process.footprint()
            told, recovered = zip(*(viewer.change(film, n) for n in range(count)), strict=True)
            note = f'{count} changes'
            yield Row('changes not told in /diagnostics', count - sum(told), '', 0, note)
            yield Row('changes without frames afterwards', count - sum(recovered), '', 0, note)
            yield from unharmed(process, before, GROWTH_MB)
            viewer.client.close()


class Film:
    """A file of FRAMES frames, which can be damaged and made whole again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / 'film.avi'
        size = scene.WIDTH // 2, scene.HEIGHT // 2
        writer = cv2.VideoWriter(str(self.path), cv2.VideoWriter.fourcc(*'MJPG'), RATE, size)
        for _ in range(FRAMES):
            writer.write(cv2.resize(scene.image(), size))
        writer.release()
        self._whole = self.path.read_bytes()

    def damage(self, number: int) -> None:
        """Cut it off, or remove it."""
        if number % 2:
            self.path.unlink()
        else:
            self._replace(self._whole[: len(self._whole) // 3])

    def mend(self) -> None:
        """Make it whole."""
        self._replace(self._whole)

    def _replace(self, content: bytes) -> None:
        # By a rename, as who records a film does it: a reader sees the old or the new one.
        new = self.path.with_suffix('.new')
        new.write_bytes(content)
        new.replace(self.path)


class Viewer:
    """Sees what the camera node shows and tells."""

    def __init__(self, process: NodeProcess) -> None:
        self.client = Client(process)
        self._frames = 0
        self.client.subscribe(MaskArray, '/camera/masks', self._on_masks)

    def sees(self, frames: int) -> bool:
        """Wait for so many more frames: whether they came."""
        due = self._frames + frames
        return self.client.wait_for(lambda: self._frames >= due)

    def change(self, film: Film, number: int) -> tuple[bool, bool]:
        """Damage the film and mend it: whether it was told, and whether frames flow again."""
        film.damage(number)
        told = self.client.wait_for(lambda: self.client.level('camera')[0] == ERROR)
        film.mend()
        # All of the film: what was left of the damaged one may come first.
        return told, self.sees(2 * FRAMES)

    def _on_masks(self, _: MaskArray) -> None:
        self._frames += 1
