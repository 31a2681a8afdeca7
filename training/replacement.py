"""When a network takes the place of the shipped one of its name: the rule, in this one place.

Of the figures on the held-out photos that decide for its kind (DECIDING),

* none may fall by more than ALLOWED_FALL,
* their mean must rise by LEAST_RISE or more;

and a run of the file may take ALLOWED_TIME of the shipped one's (`training.run_time`). A file in
8 bits must also be as good as the one that it was made of: none of the figures may be lower by more
than ALLOWED_FALL. The first network of a name has nothing to beat.
"""

from collections.abc import Mapping
from typing import Any

# Of the clicks that a user makes, the protocol `full` goes on to so many.
CLICKS = 5
# By whether the network takes prompts. Five clicks without a prompt input are five first clicks.
DECIDING = {
    True: ('full', 'box', 'five clicks'),
    False: ('full', 'box', 'crop96'),
}
# Of mIoU, by the group of photos: COCO's are 457 masks, ECSSD's 94.
ALLOWED_FALL = {'coco': 0.01, 'ecssd': 0.02}
# Less is chance: no one would notice the other file.
LEAST_RISE = 0.002
# On a busy machine a file beside itself measured 0.97 to 1.01.
ALLOWED_TIME = 1.05

Figures = dict[tuple[str, str], float]


def deciding(metrics: Mapping[str, Any], prompted: bool) -> Figures:
    """Figures that decide, mIoU by group and name; without those that `metrics` does not have.

    Args:
        metrics: reports by group and protocol, as models.yaml has them.
        prompted: whether the network takes prompts.

    """
    found = {
        (group, name): _miou(protocols, name)
        for group, protocols in metrics.items()
        for name in DECIDING[prompted]
    }
    return {key: value for key, value in found.items() if value is not None}


def _miou(protocols: Mapping[str, Any], name: str) -> float | None:
    if name != 'five clicks':
        return protocols.get(name, {}).get('miou')
    after = protocols.get('full', {}).get('clicks', {}).get('after', ())
    return after[CLICKS - 1]['miou'] if len(after) >= CLICKS else None


def comparable(one: Mapping[str, Any], other: Mapping[str, Any], prompted: bool) -> bool:
    """Tell whether two networks have the same figures, of as many masks."""

    def counted(metrics: Mapping[str, Any]) -> dict[tuple[str, str], int]:
        return {
            (group, name): metrics[group]['full' if name == 'five clicks' else name]['n']
            for group, name in deciding(metrics, prompted)
        }

    return counted(one) == counted(other)


def falls(old: Figures, new: Figures) -> list[str]:
    """Say which figures are missing, or lower by more than is allowed; none where all is well."""
    said = unmeasured(old, new)
    for (group, name), before in old.items():
        allowed, after = ALLOWED_FALL.get(group, 0.0), new.get((group, name), before)
        if after < before - allowed:
            said.append(
                f'{group} {name} falls by {before - after:.4f} to {after:.4f}, at most {allowed} '
                'is allowed'
            )
    return said


def unmeasured(old: Figures, new: Figures) -> list[str]:
    """Say which figures are missing."""
    return [
        f'{group} {name} was not measured: the store has no photos of {group}'
        for group, name in old
        if (group, name) not in new
    ]


def shortcomings(old: Figures, new: Figures, time_ratio: float) -> list[str]:
    """Say why a network does not take the place of the shipped one; nothing where it does.

    Args:
        old: figures of the shipped one that decide.
        new: those of the other.
        time_ratio: time of its run, with the shipped one's as 1.

    """
    said = falls(old, new)
    both = [key for key in old if key in new]
    rise = mean({key: new[key] for key in both}) - mean({key: old[key] for key in both})
    if rise < LEAST_RISE:
        said.append(f'the mean changes by {rise:+.4f}, it must rise by {LEAST_RISE} or more')
    if time_ratio > ALLOWED_TIME:
        said.append(
            f'a run takes {time_ratio:.3f} of the time, at most {ALLOWED_TIME} is allowed: measure '
            'again on a quiet machine, or make the network smaller'
        )
    return said


def mean(figures: Figures) -> float:
    """Mean of some figures; each counts the same."""
    return sum(figures.values()) / len(figures) if figures else 0.0


def table(old: Figures, new: Figures, titles: tuple[str, str] = ('shipped', 'new')) -> str:
    """One line a figure, and their mean: old, new and the difference."""
    lines = [f'{"mIoU":20}{titles[0]:>10}{titles[1]:>10}{"difference":>12}']
    rows = [(f'{group} {name}', old.get((group, name)), new[group, name]) for group, name in new]
    for name, before, after in [*rows, ('mean', mean(old) if old else None, mean(new))]:
        told = f'{"-":>10}{after:10.4f}{"-":>12}'
        if before is not None:
            told = f'{before:10.4f}{after:10.4f}{after - before:+12.4f}'
        lines.append(f'{name:20}{told}')
    return '\n'.join(lines)
