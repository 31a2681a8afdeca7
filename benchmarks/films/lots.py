"""Scenes drawn by lot."""

from __future__ import annotations

import numpy as np

from benchmarks.films.motions import Camera, Leave, Passer, Waves, Way
from benchmarks.films.scenes import Scene
from benchmarks.films.sequences import HEIGHT, WIDTH
from benchmarks.films.sprites import Sprite, longest, sprite

# Photo and name in OUTLINES: those that a click in the middle means, and not a part of them, as
# in an eye its pupil.
OBJECTS = (
    ('astronaut', 'patch'),
    ('motorcycle_left', 'red box'),
    ('coins', 'large coin'),
    ('astronaut', 'helmet'),
    ('motorcycle_left', 'headlamp'),
    ('coffee', 'handle'),
    ('motorcycle_left', 'tank'),
    ('motorcycle_left', 'bottle'),
    ('motorcycle_left', 'engine'),
    ('coffee', 'spoon'),
    ('motorcycle_left', 'white box'),
    ('astronaut', 'name tag'),
    ('rocket', 'fairing'),
    ('motorcycle_left', 'seat'),
    ('coffee', 'cup'),
)
BACKGROUNDS = (
    'chelsea',
    'motorcycle_right',
    'coffee',
    'rocket',
    'astronaut',
    'gravel',
    'coins',
    'grass',
    'hubble_deep_field',
    'brick',
    'camera',
)
# Every so many scenes something passes before the object, or it leaves, or another is there.
PASSED, LEAVES, ANOTHER = (3, 0), (6, 2), (4, 1)


def draw_scene(seed: int, index: int) -> Scene:
    """Draw one of the scenes of a seed: its object, all motions, and what happens in it."""
    order = np.random.default_rng(seed).permutation(len(OBJECTS))
    dice = np.random.default_rng((seed, index))
    photo, name = OBJECTS[order[index % len(OBJECTS)]]
    others = [one for one in OBJECTS if one[0] != photo]
    passing, behind = (others[chosen] for chosen in dice.permutation(len(others))[:2])
    side = dice.uniform(100, 190)
    way = _way(dice, min(side, longest(photo, name)))
    return Scene(
        seed,
        index,
        name,
        _background(dice, photo),
        sprite(photo, name, round(1.4 * side)),
        way,
        _camera(dice),
        _leave(dice) if _happens(index, LEAVES) else None,
        _passer(dice, passing, way.side.mean) if _happens(index, PASSED) else None,
        _other(dice, behind) if _happens(index, ANOTHER) else None,
    )


def _happens(index: int, every: tuple[int, int]) -> bool:
    period, first = every
    return index % period == first


def _background(dice: np.random.Generator, photo: str) -> str:
    """Choose a photo that does not show the object."""
    scenery = photo.partition('_')[0]
    fitting = [name for name in BACKGROUNDS if not name.startswith(scenery)]
    return fitting[dice.integers(len(fitting))]


def _waves(
    dice: np.random.Generator, mean: float, amplitude: float, cycles: tuple[float, float]
) -> Waves:
    """Two waves, of which the slower one is the larger."""
    slow, fast = sorted(dice.uniform(*cycles, 2))
    shares = ((0.7, slow), (0.3, fast))
    return Waves(mean, tuple((share * amplitude, each, dice.uniform()) for share, each in shares))


def _way(dice: np.random.Generator, side: float) -> Way:
    """A way on which the object stays in the image, more or less."""
    return Way(
        _waves(dice, dice.uniform(0.4, 0.6) * WIDTH, dice.uniform(60, 180), (0.4, 1.5)),
        _waves(dice, dice.uniform(0.4, 0.6) * HEIGHT, dice.uniform(40, 110), (0.4, 1.5)),
        _waves(dice, side, dice.uniform(0.05, 0.3) * side, (0.3, 1.2)),
        _waves(dice, dice.uniform(-15, 15), dice.uniform(5, 40), (0.3, 1.2)),
    )


def _camera(dice: np.random.Generator) -> Camera:
    shake = dice.uniform(0.3, 2.5)
    return Camera(
        _shaken(dice, dice.uniform(5, 35), shake),
        _shaken(dice, dice.uniform(5, 25), shake),
        _shaken(dice, 1.0, 0.1 * shake),
        _waves(dice, dice.uniform(0.85, 1.05), dice.uniform(0.05, 0.25), (0.5, 2)),
        dice.uniform(1, 6),
    )


def _shaken(dice: np.random.Generator, pan: float, shake: float) -> Waves:
    """A slow pan, and the trembling of a hand, at 1 to 3 Hz for scenes of 10 s."""
    slow, fast = _waves(dice, 0.0, pan, (0.3, 1)), _waves(dice, 0.0, shake, (10, 30))
    return Waves(0.0, slow.waves + fast.waves)


def _leave(dice: np.random.Generator) -> Leave:
    start = dice.uniform(0.2, 0.35)
    return Leave(start, start + dice.uniform(0.35, 0.45), dice.choice((-1, 1)) * 1.1 * WIDTH)


def _passer(dice: np.random.Generator, photo_object: tuple[str, str], side: float) -> Passer:
    own = min(dice.uniform(0.6, 0.9) * side, longest(*photo_object))
    return Passer(
        sprite(*photo_object, round(own)),
        dice.uniform(0.3, 0.7),
        dice.uniform(0, 360),
        dice.choice((-1, 1)) * dice.uniform(0.1, 0.4) * side,
        dice.uniform(900, 1500),
    )


def _other(dice: np.random.Generator, photo_object: tuple[str, str]) -> tuple[Sprite, Way]:
    side = min(dice.uniform(80, 150), longest(*photo_object))
    return sprite(*photo_object, round(1.4 * side)), _way(dice, side)
