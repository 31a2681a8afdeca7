"""Replaces the copies of a file in an environment by hard links: `link_copies.py FOLDER`.

A wheel cannot hold a symbolic link, so those of ROS bring each library once for each of its names,
and once for each package that needs it.
"""

import sys
from collections import defaultdict
from filecmp import cmp
from pathlib import Path

# Of smaller ones there are many, and they would bring little.
LEAST = 16384


def main(folder):
    """Link the libraries of an environment."""
    by_size = defaultdict(list)
    for path in sorted(Path(folder).rglob('*.so*')):
        if path.is_file() and not path.is_symlink() and path.stat().st_size >= LEAST:
            by_size[path.stat().st_size].append(path)
    for paths in by_size.values():
        kept = []
        for path in paths:
            same = next((each for each in kept if cmp(each, path, shallow=False)), None)
            if same is None:
                kept.append(path)
            elif not path.samefile(same):
                link(same, path)


def link(kept, copy):
    """Put a link in the place of a copy, which is never missing meanwhile."""
    new = copy.with_name(copy.name + '.link')
    try:
        new.hardlink_to(kept)
    except OSError:  # a file system without links: the copy stays
        return
    new.replace(copy)


if __name__ == '__main__':
    main(*sys.argv[1:])
