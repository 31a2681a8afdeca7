"""Labelled pictures to evaluate on: COCO's format, written without its library."""

import json

import cv2
import numpy as np


def compress(mask: np.ndarray) -> dict:
    """Write a mask as COCO's compressed run lengths."""
    text, counts = '', run_lengths(mask)['counts']
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            low = value & 31
            value >>= 5
            more = value != (-1 if low & 16 else 0)
            text += chr(48 + low + (32 if more else 0))
    return {'size': list(mask.shape), 'counts': text}


def run_lengths(mask: np.ndarray) -> dict:
    """Write a mask as COCO's run lengths, not compressed."""
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate(([0], changes, [flat.size]))).tolist()
    return {'size': list(mask.shape), 'counts': [0, *counts] if flat[0] else counts}


def rectangle(x0, y0, x1, y1):
    """Return the outline of the pixels x0 <= x < x1, y0 <= y < y1, as COCO has it."""
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


class Dataset:
    """Black pictures with red rectangles, which the tiny network finds, and their annotations."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / 'instances.json'
        self.content = {
            'info': {'description': 'made up', 'url': 'brackets ]}[{ and a quote \\" in a string'},
            'categories': [{'id': 3, 'name': 'square'}, {'id': 7, 'name': 'strip'}],
            'images': [],
            'annotations': [],
        }

    def picture(self, name='0001.png', size=(120, 160), *, rectangles=(), **fields):
        """Add a picture of (height, width) `size`; return its id."""
        bgr = np.zeros((*size, 3), np.uint8)
        for x0, y0, x1, y1 in rectangles:
            bgr[y0:y1, x0:x1] = (0, 0, 255)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), bgr)
        number = 100 + len(self.content['images'])
        entry = {'id': number, 'file_name': name, 'height': size[0], 'width': size[1], **fields}
        self.content['images'].append(
            {key: value for key, value in entry.items() if value is not None}
        )
        return number

    def label(self, image, segmentation, **fields):
        """Add an object."""
        number = len(self.content['annotations']) + 1
        entry = {'id': number, 'image_id': image, 'category_id': 3, 'iscrowd': 0}
        self.content['annotations'].append({**entry, 'segmentation': segmentation, **fields})

    def write(self, **options):
        """Write the annotations; return their path."""
        self.path.write_text(json.dumps(self.content, **options))
        return self.path
