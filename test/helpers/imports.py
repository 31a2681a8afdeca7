"""What the Python files of the repository import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob('*.py'))


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted names of all that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: imports in this house are absolute'
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def module_name(path: Path) -> str:
    """Return picosam_ros.cameras for picosam_ros/cameras/__init__.py."""
    return '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
