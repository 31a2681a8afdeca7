"""Runs pip or uv, keeps all that it prints in a log, and tells of each large package.

    tell_progress.py LOG COMMAND [ARGUMENT ...]

Needs nothing but Python: it runs before anything is installed.
"""

import re
import subprocess
import sys
from pathlib import Path

# 'Downloading numpy-2.4.6-cp311-….whl (16.9 MB)' of pip, 'Downloading numpy (16.1MiB)' of uv
DOWNLOAD = re.compile(
    r' *(?:Downloading|Using cached) ([\w.-]+?)(?:-\d\S*)? \(([\d.]+) ?([kKM])i?B\)'
)
# 'Processing /a/folder/numpy-2.4.6-cp311-….whl' of pip, which was given a folder of wheels
ON_DISK = re.compile(r'Processing (.*/([\w.]+?)-\d\S*\.whl)')
LARGE_MB = 5.0


def main(log, *command):
    """Return the exit code of the command."""
    progress = Progress()
    with (
        Path(log).open('a', encoding='utf-8') as kept,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace'
        ) as process,
    ):
        try:
            for line in process.stdout:
                kept.write(line)
                progress.read(line)
        except KeyboardInterrupt:
            # It goes to both: the command ends by itself.
            return 130
    if not process.returncode:
        progress.end()
    return process.returncode


class Progress:
    """Tells what is brought: a line for a large package, one for all others."""

    def __init__(self):
        self.small, self.megabytes = 0, 0.0

    def read(self, line):
        """Look at a line of the command."""
        if found := DOWNLOAD.match(line):
            self._add(found[1], float(found[2]) / (1 if found[3] == 'M' else 1000))
        elif (found := ON_DISK.match(line)) and Path(found[1]).is_file():
            self._add(found[2], Path(found[1]).stat().st_size / 1e6)
        elif line.startswith(('Installing collected packages', 'Prepared ')):
            self._tell_small('in all')
            self._tell('  unpacking', end='')

    def _add(self, name, megabytes):
        self.megabytes += megabytes
        if megabytes >= LARGE_MB:
            self._tell(f'  {name:30}{megabytes:6.1f} MB')
        else:
            self.small += 1
        self._tell_small('so far', end='')

    def _tell_small(self, how, end='\n'):
        if not self.small:
            return
        self._tell(f'  {f"with {self.small} smaller ones":30}{self.megabytes:6.1f} MB {how}', end)

    def end(self):
        """Tell that all is there."""
        self._tell('  installed')

    def _tell(self, text, end='\n'):
        # Over the line that a terminal was left with.
        start = '\r\x1b[K' if sys.stdout.isatty() else ''
        if sys.stdout.isatty() or end:
            print(start + text, end=end, flush=True)


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
