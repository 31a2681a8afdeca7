"""Engines by name."""

from __future__ import annotations

from typing import Any

from picosam_ros.engines.base import Capabilities, Engine, RoiPlacer
from picosam_ros.errors import EngineError
from picosam_ros.registry import Entry, Registry
from picosam_ros.results import Segmentation, Unanswered

__all__ = [
    'ENGINES',
    'Capabilities',
    'Engine',
    'Segmentation',
    'Unanswered',
    'make_engine',
    'open_engine',
]

_HOST = ('model', 'threads', 'runtime')
_FILES = ('encoder', 'decoder')
_SENSOR = ('sensor', 'fallback_policy')
_HERE = 'picosam_ros.engines'

ENGINES: Registry[Engine] = Registry(
    'engine',
    EngineError,
    {
        'auto': Entry(f'{_HERE}.fallback', 'auto', (*_HOST, *_SENSOR)),
        'host': Entry(f'{_HERE}.host', 'HostEngine', _HOST),
        'in_sensor': Entry(f'{_HERE}.in_sensor', 'in_sensor', ('sensor',)),
        'edgesam': Entry(f'{_HERE}.sam.engine', 'EdgeSamEngine', (*_FILES, 'threads', 'runtime')),
        'cascade': Entry(f'{_HERE}.cascade', 'cascade', (*_FILES, *_HOST, *_SENSOR)),
    },
)


def make_engine(name: str = 'auto', **options: Any) -> Engine:
    """Make an engine without opening it.

    Args:
        name: one of ENGINES.
        options: those of `open_engine` that this engine has, see `ENGINES.options_of`.

    Raises:
        EngineError: the name or the policy is unknown, the engine has no such option, or it needs
            a sensor that the camera does not have.

    """
    return ENGINES.make(name, options)


def open_engine(
    name: str = 'auto',
    *,
    model: str | None = None,
    threads: int | None = None,
    runtime: str | None = None,
    encoder: str | None = None,
    decoder: str | None = None,
    sensor: RoiPlacer | None = None,
    fallback_policy: str | None = None,
) -> Engine:
    """Make an engine and open it; use it in a `with` statement, or close it.

    An option that is None has the engine's default.

    Args:
        name: one of ENGINES. `auto` is the host, behind the sensor if there is one; `cascade` is
            that, corrected by `edgesam`.
        model: of the host: a name of models.yaml, the path of an .onnx file, or 'auto'.
        threads: of one inference on the host; 0 takes half of the cores, at most four.
        runtime: of the host: one of `runtimes.RUNTIMES`.
        encoder, decoder: of `edgesam` and `cascade`: paths of the two .onnx files.
        sensor: of `auto`, `in_sensor` and `cascade`: the camera, if a network runs in its sensor.
        fallback_policy: of `auto` and `cascade` with a sensor: when the host answers in its place,
            one of `fallback.POLICIES`.

    Raises:
        EngineError: the name is unknown, the engine has no such option, or its runtime is not
            installed.
        ModelError: its network cannot be used.

    """
    options = {
        'model': model,
        'threads': threads,
        'runtime': runtime,
        'encoder': encoder,
        'decoder': decoder,
        'sensor': sensor,
        'fallback_policy': fallback_policy,
    }
    given = {option: value for option, value in options.items() if value is not None}
    engine = make_engine(name, **given)
    engine.open()
    return engine
