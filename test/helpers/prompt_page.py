"""The page of prompts, before recordings in which a red disc moves.

The engine is the host's, with a network that finds what is red.
"""

from helpers.review_project import DiscSequence, Served

from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.prompt_file import read_key_prompts
from picosam_ros.prompting.prompting import Prompting

ADVICE = 'picosam label … --prompts prompts.yaml'


class DiscRecording(DiscSequence):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class DiscRecordings:
    """Recordings by their names, as `Recordings` has them."""

    def __init__(self, names, refused=()):
        self.sequences = {name: DiscRecording(name, refused) for name in names}

    def open(self, name):
        return self.sequences[name]

    def totals(self):
        return {name: one.total for name, one in self.sequences.items()}


class Prompted(Served):
    """A page of prompts that is served."""

    def __init__(self, path, network, names=('kitchen',), refused=(), **options):
        self.path = path
        self.recordings = DiscRecordings(names, refused)
        engine = EngineChoice('host', {'model': network, 'threads': 1})
        self.review = Prompting(
            path,
            self.recordings,
            engine,
            title='fruit',
            advice=ADVICE,
            **{'port': 0, **options},
        )
        self.review.open()

    @property
    def keys(self):
        """The prompts on the disk, by recording; none without a file."""
        if not self.path.exists():
            return {}
        return read_key_prompts(self.path, list(self.recordings.sequences))
