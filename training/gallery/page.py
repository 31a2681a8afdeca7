"""The page itself: one HTML file that needs nothing but the pictures beside it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_name('page.html')


@dataclass(frozen=True)
class Shown:
    """One answer on the page: its picture's address, what the user did, and the IoU."""

    image: str
    title: str
    iou: float


@dataclass(frozen=True)
class Card:
    """One object on the page.

    Attributes:
        category: of the object.
        origin: the photo's path where it was taken from.
        licence: as its source states it.
        photo: address of the photo's picture.
        answers: to the prompts.

    """

    category: str
    origin: str
    licence: str
    photo: str
    answers: Sequence[Shown]


@dataclass(frozen=True)
class Heading:
    """What the page says of the whole.

    Attributes:
        model: name of the network, or of its file.
        photos: number of photos to draw from.
        masks: number of masks to draw from.
        seed: of the lot.
        figures: mIoU of all masks by what the user did; empty where it is not known.

    """

    model: str
    photos: int
    masks: int
    seed: int
    figures: Mapping[str, float]


def write_page(heading: Heading, cards: Sequence[Card]) -> str:
    """Return the page as HTML."""
    means = {}
    for place, title in enumerate(('One click', 'A box', 'Five clicks')):
        means[title] = sum(card.answers[place].iou for card in cards) / len(cards)
    return Template(TEMPLATE.read_text(encoding='utf-8')).substitute(
        model=escape(heading.model),
        count=len(cards),
        photos=heading.photos,
        masks=heading.masks,
        seed=heading.seed,
        figures='\n'.join(
            _figure(title, mean, heading.figures.get(title)) for title, mean in means.items()
        ),
        cards='\n'.join(_card(number, card) for number, card in enumerate(cards, 1)),
    )


def _figure(title: str, mean: float, of_all: float | None) -> str:
    known = '–' if of_all is None else f'{of_all:.2f}'
    return (
        f'<div class="figure"><span>{escape(title)}</span><strong>{mean:.2f}</strong>'
        f'<small>all masks: {known}</small></div>'
    )


def _card(number: int, card: Card) -> str:
    category = escape(card.category)
    first = (
        f'<figure><img src="{escape(card.photo)}" loading="lazy" alt="Photo {number}, with its '
        f'label around this: {category}."><figcaption>The photo</figcaption></figure>'
    )
    answers = ''.join(_answer(number, category, shown) for shown in card.answers)
    return (
        f'<article><header><h2>{number}. {category}</h2>{_origin(card)}</header>'
        f'<div class="tiles">{first}{answers}</div></article>'
    )


def _answer(number: int, category: str, shown: Shown) -> str:
    title = escape(shown.title)
    return (
        f'<figure><img src="{escape(shown.image)}" loading="lazy" alt="{title} for this in photo '
        f'{number}: {category}. IoU of the mask: {shown.iou:.2f}.">'
        f'<figcaption><span>{title}</span><b>{shown.iou:.2f}</b></figcaption>'
        f'<div class="bar"><i style="width:{100 * shown.iou:.0f}%"></i></div></figure>'
    )


def _origin(card: Card) -> str:
    """Return where the photo is from, with COCO's own page of it, and under which licence."""
    told = escape(card.origin)
    found = re.search(r'((?:train|val)2017)/0*(\d+)\.jpg$', card.origin)
    if found:
        address = f'https://cocodataset.org/#explore?id={found[2]}'
        told = f'<a href="{address}">COCO {found[1]} {found[2]}</a>'
    return f'<p>{told} · {escape(card.licence)}</p>'
