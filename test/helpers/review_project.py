"""A project to review: recordings in which a red disc moves, and doubted masks of it.

The engine is the host's, with a network that finds what is red.
"""

import asyncio
import threading
from pathlib import Path

import aiohttp
import cv2
import numpy as np
from yarl import URL

from picosam_ros.frame import Frame
from picosam_ros.labelling.decisions import Decisions
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.review.project import Doubted
from picosam_ros.review.review import Review
from picosam_ros.sequences.base import SequenceImage

BACKGROUND, OBJECT = (20, 90, 160), (250, 40, 30)
WIDTH, HEIGHT, RADIUS = 320, 240, 24
JUMPED = 'the mask jumped by 24 pixels'
SHRANK = 'the mask shrank to 43 % of its area'
ADVICE = 'Run the command again.'
PATIENCE = 60.0


def centre_of(number):
    """Return where the disc is in an image."""
    return 60 + 5 * (number % 40), 120


def disc(x, y, radius=RADIUS):
    """Return H×W bool."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def counts_of(inside):
    return encode_rle(inside)['counts']


def label(object_id=1, inside=None, doubt='', name='ball'):
    return Label(object_id, name, '' if inside is None else counts_of(inside), 0.9, doubt)


def doubted(number, *labels, recording='kitchen', doubt=JUMPED):
    """Return a doubted image; without labels the mask is on the disc."""
    known = labels or (label(1, disc(*centre_of(number)), doubt),)
    return Doubted(recording, LabelledImage(number, number, WIDTH, HEIGHT, known))


class DiscSequence:
    """Images of a red disc, which are drawn as they are asked for.

    Attributes:
        threads: names of those that opened and closed it.
        began: numbers from which on images were asked for.
        read: numbers of the images that were made.

    """

    total = 200
    damage = ''
    notes = ()

    def __init__(self, path=Path('kitchen'), refused=()):
        self.path = path
        self.refused = dict.fromkeys(refused, 'half a JPEG')
        self.began, self.read = [], []
        self.closed = 0
        self.threads = {}

    def images(self, first=0, end=None):
        self.began.append(first)
        for number in range(first, min(self.total, end or self.total)):
            if number not in self.refused:
                self.read.append(number)
                yield SequenceImage(number, frame(number), number)

    def close(self):
        self.closed += 1
        self.threads['closed'] = threading.current_thread().name


def frame(number):
    pixels = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    cv2.circle(pixels, centre_of(number), RADIUS, OBJECT, -1)
    return Frame(pixels, stamp_ns=number)


class DiscProject:
    """What the page needs of a project."""

    title = 'fruit'

    def __init__(self, folder, network, queue, refused=()):
        self.doubted = list(queue)
        self.decided = folder / 'decisions.jsonl'
        self.decisions = Decisions(self.decided)
        self.engine = EngineChoice('host', {'model': network, 'threads': 1})
        self.sequences = {
            name: DiscSequence(Path(name), refused)
            for name in {one.recording for one in self.doubted}
        }

    def open_sequence(self, recording):
        sequence = self.sequences[recording]
        sequence.threads['opened'] = threading.current_thread().name
        return sequence


class Served:
    """A project on a page."""

    def __init__(self, project, **options):
        self.project = project
        self.review = Review(project, ADVICE, **{'port': 0, **options})
        self.review.open()

    @property
    def server(self):
        return self.review.server

    @property
    def base(self):
        return self.server.url.rstrip('/')

    async def get(self, path, **options):
        """Return the status, and what is JSON, else bytes."""
        return await self._ask('GET', path, **options)

    async def post(self, path, content, **options):
        return await self._ask('POST', path, json=content, **options)

    async def send(self, path, body):
        """Post bytes as if they were JSON."""
        headers = {'Content-Type': 'application/json'}
        return await self._ask('POST', path, data=body, headers=headers)

    async def headers(self, path):
        async with aiohttp.ClientSession() as session, session.get(f'{self.base}/{path}') as got:
            return got.headers

    async def _ask(self, method, path, **options):
        # As it is given: paths are quoted by the test.
        url = URL(f'{self.base}/{path}', encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, **options) as response,
        ):
            if response.content_type == 'application/json':
                return response.status, await response.json()
            return response.status, await response.read()


async def until(condition):
    async def wait():
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), PATIENCE)
