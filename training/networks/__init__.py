"""The networks that can be trained, by the `kind` of the configuration."""

from collections.abc import Callable

from training.networks import lite
from training.networks.click import ClickNetwork
from training.networks.lite import LiteUNet
from training.networks.picosam2 import INPUT_SIZE, Architecture, PicoSam2

Network = PicoSam2 | LiteUNet | ClickNetwork
KINDS = {
    'picosam2': lambda config: PicoSam2(Architecture.of(config)),
    'lite': lambda config: LiteUNet(
        config.get('size', INPUT_SIZE), config.get('blocks', lite.BLOCKS)
    ),
    'click': lambda config: ClickNetwork(config.get('encoder', 'lite0')),
}
CLASSES = {PicoSam2: 'picosam2', LiteUNet: 'lite', ClickNetwork: 'click'}


def make(config: dict) -> Network:
    """Make the network of a configuration, with random weights.

    Raises:
        ValueError: there is no such kind.

    """
    return _kind(config)(config)


def make_initialised(config: dict) -> Network:
    """Make the network for a training: pretrained weights where it has some, else random ones."""
    network = make(config)
    if isinstance(network, LiteUNet):
        network.encoder.initialise_from(lite.imagenet())
    if isinstance(network, ClickNetwork):
        network.initialise_from(lite.imagenet())
    return network


def kind_of(network: Network) -> str:
    """Name of the network's kind, as in a configuration."""
    return CLASSES[type(network)]


def _kind(config: dict) -> Callable[[dict], Network]:
    kind = config.get('kind', 'picosam2')
    if kind not in KINDS:
        raise ValueError(f'kind {kind!r} was given: known are {", ".join(KINDS)}')
    return KINDS[kind]
