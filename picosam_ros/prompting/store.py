"""The file of the prompts: with each change all of it is written, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from picosam_ros.errors import OutputError, PromptError
from picosam_ros.files.replace import replace_file
from picosam_ros.files.yaml import LARGEST
from picosam_ros.labelling.prompt_file import read_placed_prompts
from picosam_ros.labelling.prompt_text import to_yaml
from picosam_ros.prompting.prompts import Prompts


class PromptStore:
    """Keeps the prompts of a file; to be used from one thread.

    Args:
        path: of the YAML file; its folder is there. Without prompts there is no file.
        totals: see Prompts.

    Attributes:
        path: of the file.
        prompts: that are in it.

    Raises:
        PromptError: the file that is there cannot be read, or is about other recordings.

    """

    def __init__(self, path: Path, totals: Mapping[str, int]) -> None:
        self.path = path
        placed = read_placed_prompts(path, list(totals)) if path.exists() else ()
        self.prompts = Prompts(totals, placed)

    def save(self, prompts: Prompts) -> None:
        """Write the file; only then these are the prompts.

        Raises:
            OutputError: it cannot be written.
            PromptError: there are more prompts than a file can have.

        """
        content = to_yaml(prompts.placed)
        if len(content) > LARGEST:
            raise PromptError(
                f'with this prompt the file has {len(content)} bytes; allowed are {LARGEST}: label '
                'what there is, and the others in a second run with another folder'
            )
        try:
            if prompts.placed:
                replace_file(self.path, content)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f'{self.path} cannot be written: {error.strerror or error}; the change does not '
                'count'
            ) from error
        self.prompts = prompts
