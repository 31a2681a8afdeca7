"""The click network in training: one update, and all that a checkpoint holds.

What an update draws depends on the seed and its number alone. So a run that was stopped goes on as
if it had not been, to the bit, with no state of random numbers in its checkpoint.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from training import networks, ranks, records
from training.click import corrections, samples
from training.click.losses import Judged, judge
from training.click.photos import Photos
from training.click.samples import Draws, Samples
from training.click.settings import Settings
from training.click.statistics import unfold
from training.schedule import schedule

# Squares on which the statistics of a network without any are taken.
UNFOLDED_ON = 64


class ClickTrainer:
    """Network, its moving average and the optimiser.

    Attributes:
        config: of the run, as it goes into the checkpoint.
        settings: the same, checked.
        step_count, seconds, squares: done by all starts and processes together.

    """

    def __init__(self, config: dict, device: torch.device) -> None:
        self.config, self.settings, self.device = config, Settings.of(config), device
        self.bfloat16 = has_bfloat16(device)
        torch.manual_seed(self.settings.seed)
        network = networks.make(config).to(device, memory_format=torch.channels_last)
        self.network = network
        self.average = deepcopy(network).requires_grad_(False).eval()
        self.optimiser = torch.optim.AdamW(
            network.parameters(),
            self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )
        self.step_count, self.seconds, self.squares = 0, 0.0, 0
        self._model = ranks.averaging(network)

    def begin_with(self, path: Path | None, photos: Photos) -> None:
        """Take weights: of a checkpoint, of an exported file, or, without one, of ImageNet's.

        Raises:
            ValueError: they are of another network.

        """
        if path is None:
            from training.networks.lite import imagenet

            self.network.initialise_from(imagenet())
        elif path.suffix == '.onnx':
            from training.export.restored import restored

            self._take(networks.kind_of(given := restored(path)), given.state_dict(), path)
            self._unfold(photos)
        else:
            state = torch.load(path, map_location='cpu', weights_only=True)
            self._take(state['config'].get('kind', 'picosam2'), state['average'], path)
        self.network.load_state_dict(ranks.first(self.network.state_dict()))
        self.average.load_state_dict(self.network.state_dict())

    def _take(self, kind: str, given: dict[str, Tensor], path: Path) -> None:
        mine = self.network.state_dict()
        unlike = [
            name for name in mine if name not in given or given[name].shape != mine[name].shape
        ]
        if kind != 'click' or unlike:
            raise ValueError(
                f'{path} is of the kind {kind}'
                f'{", and of another encoder" if kind == "click" else ""}: give a checkpoint or a '
                f'file of a click network with the encoder {self.settings.encoder}'
            )
        self.network.load_state_dict(given)

    def _unfold(self, photos: Photos) -> None:
        settings, side = self.settings, min(self.settings.sizes)
        draws = Draws.of(self.device, settings.seed)
        squares = samples.draw(photos, settings.mixture, side, UNFOLDED_ON, draws)
        unfold(self.network, squares.image, squares.prompt)

    def draw(self, photos: Photos) -> Samples:
        """The next batch, corrections played; its side and their number are those of all ranks."""
        settings = self.settings
        shared = Draws.of(self.device, settings.seed, self.step_count).rng
        side = int(shared.choice(list(settings.sizes)))
        shares = torch.tensor(settings.corrections, dtype=torch.float64)
        played = int(shared.choice(len(shares), p=(shares / shares.sum()).numpy()))
        draws = Draws.of(self.device, settings.seed, self.step_count, ranks.rank() + 1)
        batch = samples.draw(photos, settings.mixture, side, settings.sizes[side], draws)
        batch = replace(
            batch,
            image=batch.image.contiguous(memory_format=torch.channels_last),
            prompt=batch.prompt.contiguous(memory_format=torch.channels_last),
        )
        self.network.eval()
        batch = corrections.play(self.network, batch, played, draws, self.bfloat16)
        self.network.train()
        return batch

    def step(self, batch: Samples, progress: float) -> Judged:
        """One update.

        Args:
            batch: of `draw`.
            progress: share of the budget spent, 0..1; sets the learning rate.

        Returns:
            what was judged before the update, on the device.

        """
        rate = self.settings.learning_rate * schedule(progress, self.settings.warmup)
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            candidates = self._model(batch.image, batch.prompt)
        judged = judge(candidates, batch, self.settings.mean_of_masks)
        self.optimiser.zero_grad(set_to_none=True)
        (judged.masks + self.settings.rating * judged.ratings).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step_count += 1
        self.squares += len(batch.image) * ranks.count()
        ranks.average(buffer for buffer in self.network.buffers() if buffer.is_floating_point())
        records.follow(self.average, self.network, self.step_count, self.settings.ema_decay)
        return Judged(*(value.detach() for value in judged))

    def save(self, path: Path) -> None:
        """Write a checkpoint, see `records.save`."""
        records.save(
            path,
            {
                'config': self.config,
                'step': self.step_count,
                'seconds': self.seconds,
                'squares': self.squares,
                'network': self.network.state_dict(),
                'average': self.average.state_dict(),
                'optimiser': self.optimiser.state_dict(),
            },
        )

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; the first process alone reads it.

        Raises:
            ValueError: it was made with another configuration.

        """
        read = ranks.rank() == 0
        state = ranks.first(
            torch.load(path, map_location='cpu', weights_only=True) if read else None
        )
        if state['config'] != self.config:
            other = {
                name
                for name in state['config'].keys() | self.config.keys()
                if state['config'].get(name) != self.config.get(name)
            }
            raise ValueError(
                f'{path} was made with other entries {", ".join(sorted(other))}: give its '
                'configuration to go on, or another --out and `--init` with it to begin with it'
            )
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.step_count, self.seconds = state['step'], state['seconds']
        self.squares = state['squares']


def has_bfloat16(device: torch.device) -> bool:
    """Whether it has instructions for it; a CPU without computes with it ten times slower."""
    if device.type != 'cpu':
        return True
    return any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith('bf16'))
