"""Files with chance damage, and the command line that reads each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from picosam_ros.models import FAST_MODEL

Chance = np.random.Generator

# Of texts, numbers and places that programs stumble over.
NAMES = ('a', 'a b', 'a#b', 'a?b', 'a%41', '%03d', '[x]', 'né', 'a\nb', '\x1b[31m', 'a:b', '\udcff')
NUMBERS = (
    *('9', '1', '30.5', '40') * 4,
    '0',
    '-1',
    '1e9',
    '1e400',
    'nan',
    '-inf',
    '9' * 5000,
    '0x10',
    '\uff11',
    '',
    ' ',
    '1_0',
)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**63, 10**30, 1e9, float('nan'), float('inf'), '', 'x', 'é' * 99),
    *([], {}, [[]], [1, 2, 3], {'size': [10**6, 10**6], 'counts': [10**12]}, [[1e9] * 8]),
    *({'size': [48, 64], 'counts': 'oo'}, {'size': 5}, [['a', 'b']], [[0, 0, 1, 1] * 999]),
)
YAML = (
    *('[' * 99, '&a [*a]', '!!python/object:os.system {}', '2024-13-45', '\0', '\t', '---\n'),
    *('9' * 5000, '0x' + 'f' * 5000, '<<: {a: 1}', '? [a]: b', '!!binary x', '1:1:1', '"', '- '),
    *('id: 1', '.nan', '~', '{', '#', '\ufeff', '|\n', '%YAML 9.9\n', '@', '[[1, 2]]', ': '),
)
WIDTH, HEIGHT = 64, 48
IMAGES = ('.png', '.jpg', '.bmp', '.tif', '.webp', '.pgm')


@dataclass(frozen=True)
class Case:
    """A command line, what it reads, and what it may write."""

    words: list[str]
    inputs: list[Path]
    outputs: list[Path]


def damaged(chance: Chance, content: bytes) -> bytes:
    """Return the content cut off, with other bytes, with more or with none; or as it is."""
    data = bytearray(content)
    for _ in range(int(chance.integers(0, 4))):
        at = int(chance.integers(0, len(data) + 1))
        length = int(chance.integers(1, 64))
        noise = chance.choice([0, 255, int(chance.integers(256))], length).astype(np.uint8)
        how = int(chance.integers(4))
        if how == 0:
            del data[at:]
        elif how == 1:
            data[at : at + length] = noise.tobytes()
        elif how == 2:
            data[at:at] = noise.tobytes()
        elif at < len(data):
            data[at] ^= 1 << int(chance.integers(8))
    return bytes(data)


def picture(chance: Chance, folder: Path) -> Case:
    """Segment an image in one of the formats."""
    suffix = str(chance.choice(IMAGES))
    path = folder / f'{_name(chance)}{suffix}'
    path.write_bytes(damaged(chance, _encoded(chance, suffix)))
    mask, overlay = (folder / f'{_name(chance)}{n}{chance.choice(IMAGES)}' for n in 'mo')
    words = ['segment', str(path), '--point', '9,9', '--model', FAST_MODEL]
    words += ['-o', str(mask), '--overlay', str(overlay), *_json(chance)]
    return Case(words, [path], [mask, overlay])


def words(chance: Chance, folder: Path) -> Case:
    """Segment a good image with a prompt of chance."""
    path, mask = folder / 'image.png', folder / 'mask.png'
    path.write_bytes(_encoded(chance, '.png'))
    point = ','.join(str(chance.choice(NUMBERS)) for _ in range(int(chance.integers(1, 5))))
    option = str(chance.choice(['--point', '--box', '--roi-size', '--size-step']))
    others = [['--point', '9,9'], ['--json', '--box=1,1,9,9'], ['--point=9,9', '--json']]
    line = ['segment', str(path), '--model', FAST_MODEL, '-o', str(mask), f'{option}={point}']
    return Case([*line, *others[int(chance.integers(len(others)))]], [path], [mask])


def prompts(chance: Chance, folder: Path) -> Case:
    """Follow objects through a recording by a damaged file of prompts."""
    source = _recording(chance, folder)
    path, out = folder / 'prompts.yaml', folder / _name(chance) / 'out'
    pieces = ('- id: 2\n', '  box: [1, 2, 30, 40]\n', '\n', *YAML)
    chosen = [pieces[int(chance.integers(len(pieces)))] for _ in range(int(chance.integers(0, 6)))]
    text = ''.join(('- {id: 1, points: [[9, 9]]}\n', *chosen)).encode('utf-8', 'replace')
    path.write_bytes(damaged(chance, text) if chance.random() < 0.5 else text)
    line = ['bag', str(source), '--prompts', str(path), '--model', FAST_MODEL, '-o', str(out)]
    return Case(line, [path, *source.iterdir()], [out])


def recording(chance: Chance, folder: Path) -> Case:
    """Follow an object through a recording of which a file is damaged or gone."""
    source = _recording(chance, folder)
    victim = source / str(chance.choice(sorted(file.name for file in source.iterdir())))
    victim.write_bytes(damaged(chance, victim.read_bytes()))
    if chance.random() < 0.2:
        (source / 'metadata.yaml').unlink()
    out = folder / f'{_name(chance)}_out'
    line = ['bag', str(source), '--point', '9,9', '--model', FAST_MODEL, '-o', str(out)]
    return Case([*line, *_json(chance)], [*source.iterdir()], [out])


def annotations(chance: Chance, folder: Path) -> Case:
    """Evaluate on annotations of which values or bytes are damaged."""
    image, path, sheet = folder / 'a.png', folder / 'coco.json', folder / 'sheet.png'
    image.write_bytes(_encoded(chance, '.png'))
    entry = {'id': 1, 'file_name': 'a.png', 'width': WIDTH, 'height': HEIGHT}
    outline = [[9, 9, 30, 9, 30, 30, 9, 30]]
    labels: list[dict[str, Any]] = [
        {'id': number, 'image_id': 1, 'segmentation': outline, 'area': 9} for number in (1, 2, 3)
    ]
    for _ in range(int(chance.integers(0, 4))):
        victim = [entry, *labels][int(chance.integers(4))]
        victim[str(chance.choice(list(victim)))] = VALUES[int(chance.integers(len(VALUES)))]
    text = json.dumps({'images': [entry], 'annotations': labels}).encode()
    path.write_bytes(damaged(chance, text) if chance.random() < 0.5 else text)
    line = ['eval', '--images', str(folder), '--annotations', str(path), '--model', FAST_MODEL]
    return Case([*line, '--sheet', str(sheet), *_json(chance)], [image, path], [sheet])


KINDS: dict[str, Callable[[Chance, Path], Case]] = {
    'images': picture,
    'command lines': words,
    'prompt files': prompts,
    'recordings': recording,
    'annotations': annotations,
}


def _name(chance: Chance) -> str:
    return NAMES[int(chance.integers(len(NAMES)))]


def _json(chance: Chance) -> list[str]:
    return ['--json'] if chance.random() < 0.5 else []


def _encoded(chance: Chance, suffix: str) -> bytes:
    pixels = chance.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return cv2.imencode(suffix, pixels[..., 0] if suffix == '.pgm' else pixels)[1].tobytes()


def _recording(chance: Chance, folder: Path) -> Path:
    from rosbags.rosbag2 import StoragePlugin, Writer

    from picosam_ros.bags.messages import IMAGE, typestore

    path = folder / 'recording'
    plugin = list(StoragePlugin)[int(chance.integers(2))]
    with Writer(path, version=8, storage_plugin=plugin) as writer:
        connection = writer.add_connection('/image', IMAGE, typestore=typestore())
        for number in range(1, 4):
            writer.write(connection, number, _image(chance, number))
    return path.rename(folder / f'{_name(chance)}_in')


def _image(chance: Chance, number: int) -> bytes:
    from picosam_ros.frame import Frame
    from picosam_ros.wire.messages import serialise_image

    pixels = chance.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    rgb = np.repeat(pixels[..., None], 3, axis=2)
    return bytes(serialise_image(Frame(rgb, number, 'camera'), pixels, 'mono8'))
