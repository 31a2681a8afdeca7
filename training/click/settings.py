"""What a configuration says about a training of the click network, checked."""

from dataclasses import dataclass, field, fields

from training.click.squares import Mixture

MULTIPLE = 32


@dataclass(frozen=True)
class Settings:
    """Entries of the configuration.

    Attributes:
        weights: share of the draws of each source.
        sizes: side of a square to the squares of a batch.
        seed: of all draws.
        learning_rate, weight_decay: of AdamW.
        warmup: share of the budget.
        ema_decay: of the moving average.
        rating: weight of the ratings' loss.
        mean_of_masks: see `losses.judge`.
        corrections: how often 0, 1, 2 … are played; need not sum to 1.
        mixture: of the squares.
        kind, encoder: of the network.

    """

    weights: dict[str, float]
    sizes: dict[int, int]
    seed: int = 0
    learning_rate: float = 4e-4
    weight_decay: float = 0.03
    warmup: float = 0.03
    ema_decay: float = 0.999
    rating: float = 0.5
    mean_of_masks: float = 0.08
    corrections: tuple[float, ...] = (0.5, 0.22, 0.16, 0.12)
    mixture: Mixture = field(default_factory=Mixture)
    kind: str = 'click'
    encoder: str = 'lite0'

    def __post_init__(self) -> None:
        if self.kind != 'click':
            raise ValueError(
                f'kind {self.kind!r} was given: this trains the kind click, '
                '`python -m training.train` the others'
            )
        wrong = {side: count for side, count in self.sizes.items() if side % MULTIPLE or count < 2}
        if wrong or not self.sizes:
            raise ValueError(
                f'sizes {self.sizes} were given: sides must be multiples of {MULTIPLE}, '
                'with at least 2 squares of a batch'
            )
        if min(self.corrections) < 0 or sum(self.corrections) <= 0:
            raise ValueError(
                f'corrections {list(self.corrections)} were given: how often 0, 1, 2 … are played'
            )

    @classmethod
    def of(cls, config: dict) -> 'Settings':
        """Read a configuration.

        Raises:
            ValueError: an entry is unknown, missing, or not possible.

        """
        known, mixture = _names(cls), config.get('mixture', {})
        unknown = sorted({*config} - known) + sorted({*mixture} - _names(Mixture))
        missing = sorted({'weights', 'sizes'} - {*config})
        if unknown or missing:
            raise ValueError(
                f'missing in the configuration: {missing}, unknown in it: {unknown}; it may have '
                f'{", ".join(sorted(known))}, and its mixture {", ".join(sorted(_names(Mixture)))}'
            )
        return cls(
            **config
            | {'mixture': Mixture(**mixture)}
            | {'corrections': tuple(config.get('corrections', cls.corrections))}
        )


def _names(kind: type) -> set[str]:
    return {entry.name for entry in fields(kind)}
