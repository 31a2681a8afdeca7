"""Write docs/parameters.md and config/*.yaml from the parameter tables of the nodes."""

from pathlib import Path
from types import ModuleType

from picosam_ros.nodes import camera, cloud, segmenter, viewer
from picosam_ros.ros.parameters import AUTOSTART, to_markdown, to_yaml

ROOT = Path(__file__).parent.parent
NODES = {'camera': camera, 'segmenter': segmenter, 'cloud': cloud, 'viewer': viewer}


def documents() -> dict[Path, str]:
    """Give each file's path, relative to the repository, and its text."""
    tables = {name: (*module.PARAMETERS, AUTOSTART) for name, module in NODES.items()}
    sections = [
        f'## `{name}`\n\n{_summary(module)}\n\n{to_markdown(tables[name])}'
        for name, module in NODES.items()
    ]
    page = '# Parameters\n\nWritten by `make docs` from the tables that the nodes declare.\n\n'
    files = {Path('docs/parameters.md'): page + '\n'.join(sections)}
    for name, table in tables.items():
        files[Path(f'config/{name}.yaml')] = to_yaml(name, table)
    return files


def _summary(module: ModuleType) -> str:
    summary = module.__doc__.split(': ', 1)[1].strip()
    return summary[:1].upper() + summary[1:]


if __name__ == '__main__':
    for path, text in documents().items():
        (ROOT / path).write_text(text, encoding='utf-8')
