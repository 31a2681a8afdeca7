"""The networks that ship with the package, and those of the user."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from picosam_ros.errors import ModelError

# On the host the most accurate one, and the fastest where that is too slow; in the sensor the one
# made for it.
DEFAULT_MODEL = 'picosam-click'
FAST_MODEL = 'picosam-lite-96'
SENSOR_MODEL = 'picosam2-96'
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Model:
    """A network file.

    Attributes:
        name: in models.yaml, or the file's name.
        path: the .onnx file.
        sha256: what it must be, in hexadecimal; empty for a user's own file.
        licence: as models.yaml states it.

    """

    name: str
    path: Path
    sha256: str = ''
    licence: str = "the user's own file"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, computed at first use and kept; empty if there is no file."""
        if not self.path.is_file():
            return ''
        return _sha256_of(self.path)

    def check(self) -> None:
        """Raise ModelError if the file is missing or is not the one that models.yaml names."""
        if not self.path.is_file():
            raise ModelError(f'model file {self.path} does not exist; {_known()}')
        if not self.sha256:
            return
        found = _sha256_of(self.path)
        if found != self.sha256:
            raise ModelError(
                f'model file {self.path} has the SHA-256 {found[:16]}…, but models.yaml states '
                f'{self.sha256[:16]}…: the file is damaged or was replaced; reinstall the '
                'package, or give the path of your own network instead of a name'
            )


def find_model(name_or_path: str) -> Model:
    """Find a network by its name in models.yaml, or by its path (anything that ends in .onnx).

    Raises:
        ModelError: the name is unknown.

    """
    entries = shipped_models()
    if name_or_path in entries:
        entry = entries[name_or_path]
        return Model(name_or_path, FOLDER / entry['file'], entry['sha256'], entry['licence'])
    if name_or_path.endswith('.onnx'):
        return Model(Path(name_or_path).name, Path(name_or_path))
    raise ModelError(f'model {name_or_path!r} was given; {_known()}')


@cache
def shipped_models() -> dict[str, dict[str, Any]]:
    """Return models.yaml: name to file, sha256, inputs, licence, metrics."""
    text = (FOLDER / 'models.yaml').read_text(encoding='utf-8')
    # The loader in C, where PyYAML has it, takes a tenth of the time.
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    entries: dict[str, dict[str, Any]] = yaml.load(text, loader)
    return entries


def _sha256_of(path: Path) -> str:
    """Return it in hexadecimal, without the whole file in memory."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _known() -> str:
    return f'known names are {", ".join(shipped_models())}, or give the path of an .onnx file'
