"""Networks on the host's CPU, with ONNX Runtime or OpenVINO."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.host.click_network import ClickNetwork
from picosam_ros.engines.host.crop_network import CropNetwork
from picosam_ros.engines.host.networks import PromptableNetwork
from picosam_ros.engines.runtimes import (
    DEFAULT_RUNTIME,
    check_runtime,
    first_line,
    load,
    threads_of,
)
from picosam_ros.engines.trial import try_out
from picosam_ros.engines.work_limit import NotFinite
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL, Model, find_model
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation

WARM_UP_RUNS = 3

# The best network, or the fast one where a run takes longer: 15 images a second.
AUTO = 'auto'
SLOWEST_RUN_MS = 66.0

# By what their files take and return.
KINDS: tuple[type[PromptableNetwork], ...] = (ClickNetwork, CropNetwork)


class HostEngine(Engine):
    """Runs a network on squares of the image, one after another.

    As one batch they would take longer, because the activations, which grow with the batch, do not
    fit into the caches (`make bench` compares the two).

    Args:
        model: a name of models.yaml, the path of an .onnx file of one of the KINDS, or AUTO:
            DEFAULT_MODEL, or FAST_MODEL where a run of that takes more than SLOWEST_RUN_MS.
        threads: of one inference; 0 takes half of the cores, at most four. They do not spin
            while they wait: on a robot the cores have other work.
        runtime: one of runtimes.RUNTIMES.

    """

    name = 'host'

    def __init__(
        self,
        *,
        model: str = AUTO,
        threads: int = 0,
        runtime: str = DEFAULT_RUNTIME,
    ) -> None:
        check_runtime(runtime)
        self.model = find_model(DEFAULT_MODEL if model == AUTO else model)
        self._chosen_by_speed = model == AUTO
        self._run_ms = 0.0
        self.threads = threads_of(threads)
        self.runtime = runtime
        self._network: PromptableNetwork | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Those of the network; before its file is read, all."""
        return self._network.capabilities if self._network else ClickNetwork.capabilities

    @property
    def description(self) -> dict[str, str]:
        """Model, hash, licence, runtime and threads."""
        return {
            'model': self.model.name,
            'sha256': (self.model.sha256 or self.model.digest)[:16],
            'licence': self.model.licence,
            'runtime': self.runtime,
            'threads': str(self.threads),
            **self._failures,
            **self._choice,
        }

    @property
    def _choice(self) -> dict[str, str]:
        """Why it is this model, where the processor decided."""
        if not (self._chosen_by_speed and self._run_ms):
            return {}
        took = f'{DEFAULT_MODEL} took {self._run_ms:.0f} ms a run'
        return {'model chosen because': f'{took}; up to {SLOWEST_RUN_MS:g} are accepted'}

    def open(self) -> None:
        """Check the file, load it and run it a few times.

        Raises:
            ModelError: missing, truncated, not the file that models.yaml names, made for other
                inputs, or not to be run; with a damaged choice, or outputs that are not finite, or
                without an end.
            EngineError: the runtime is not installed, or `interrupt` was called meanwhile.

        """
        if self._network is not None:
            return
        if not self.model.sha256:
            self.model.check()
            options = {
                'model': str(self.model.path),
                'threads': self.threads,
                'runtime': self.runtime,
            }
            try_out(self.name, options, [self.model], lambda: self.interrupted)
        self.load()

    def load(self) -> None:
        """Do the same in this process at once, with whatever file."""
        if self._chosen_by_speed:
            self.model = find_model(DEFAULT_MODEL)
        network, self._run_ms = self._loaded(self.model)
        if self._chosen_by_speed and self._run_ms > SLOWEST_RUN_MS:
            self.model = find_model(FAST_MODEL)
            network, _ = self._loaded(self.model)
        self._network = network

    def _loaded(self, model: Model) -> tuple[PromptableNetwork, float]:
        """Load a network, and return it with the milliseconds of its fastest run."""
        model.check()
        loaded = load(model.path, self.threads, self.runtime)
        kind = next((kind for kind in KINDS if kind.takes(loaded)), None)
        if kind is None:
            given = ', '.join(map(str, (*loaded.inputs, *loaded.outputs)))
            allowed = '; or '.join(kind.SIGNATURE for kind in KINDS)
            raise ModelError(
                f'model file {model.path} has another signature ({given}); allowed are {allowed}'
            )
        try:
            network = kind(loaded, self.name, self.check, self.has_time)
            return network, min(network.warm_up() for _ in range(WARM_UP_RUNS))
        except (ModelError, NotFinite) as error:
            raise ModelError(f'model file {model.path}: {error}') from error
        except Exception as error:  # the runtimes' own exceptions share no other base class
            raise ModelError(
                f'model file {model.path} has the right signature, but {loaded.title} cannot run '
                f'it: export it again, with a fixed S if it takes one alone ({first_line(error)})'
            ) from error

    def begin(self) -> None:
        """Forget the squares of earlier clicks."""
        if self._network is not None:
            self._network.keep(())

    def close(self) -> None:
        """Free the network."""
        self._network = None

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer every prompt: by one run of the network, or by a few for a new click."""
        network = self._opened()
        if not prompts:
            return Segmentation(())
        start = time.perf_counter()
        if any(prompt.generation for prompt in prompts):
            network.keep(prompts)
        with network.measured() as seconds:
            masks, left = self.answer_each(prompts, lambda prompt: _kept(network, frame, prompt))
        took = time.perf_counter() - start
        return Segmentation(
            masks,
            left,
            timing=Timing(
                preprocess=1e3 * seconds.preprocess,
                inference=1e3 * seconds.inference,
                decode=1e3 * (took - seconds.preprocess - seconds.inference),
            ),
        )

    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return all masks that the network proposes for a prompt, the best first."""
        return self._opened().candidates(frame, prompt)

    def propose(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return masks by a single quick run, see `Engine.propose`."""
        return self._opened().propose(frame, prompt)

    def _opened(self) -> PromptableNetwork:
        if self._network is None:
            raise EngineError("engine 'host' is closed; call open(), or use it in a with statement")
        return self._network


def _kept(network: PromptableNetwork, frame: Frame, prompt: Prompt) -> Mask:
    """Answer a prompt; of all that the network returned, keep the logits of this mask alone."""
    mask = network.segment(frame, prompt)
    return mask if mask.logits.base is None else replace(mask, logits=mask.logits.copy())
