"""The coverage data of processes that tests start."""

from pathlib import Path

from coverage import CoverageData
from coverage.exceptions import CoverageException


def drop_unfinished(folder):
    """Delete the files whose process was killed while it wrote them, and return their paths.

    Coverage warns of each when it combines them. There is no telling a process that is killed to
    finish first, and what it measured is no loss: it ended in the middle.
    """
    return [path for path in Path(folder).glob('.coverage.*') if _is_unfinished(path)]


def _is_unfinished(path):
    combined, data = CoverageData(no_disk=True), CoverageData(basename=str(path))
    try:
        data.read()
        combined.update(data)
    except CoverageException:
        data.close(force=True)
        path.unlink()
        return True
    data.close(force=True)
    return False
