"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from picosam_ros.engines.base import Capabilities, Engine, RoiPlacer
from picosam_ros.errors import EngineError
from picosam_ros.results import Segmentation, Unanswered

__all__ = [
    'ENGINES',
    'Capabilities',
    'Engine',
    'Segmentation',
    'Unanswered',
    'make_engine',
    'open_engine',
    'options_of',
]

# Name to module and class, imported at use: each brings a runtime of its own.
ENGINES = {
    'auto': ('host', 'HostEngine'),
    'host': ('host', 'HostEngine'),
    'in_sensor': ('in_sensor', 'InSensorEngine'),
    'edgesam': ('sam.engine', 'EdgeSamEngine'),
    'cascade': ('cascade', 'CascadeEngine'),
}

# What each takes of the options that nodes and commands have for all of them.
_OPTIONS = {
    'edgesam': ('encoder', 'decoder', 'threads', 'runtime'),
    'cascade': ('encoder', 'decoder', 'model', 'threads', 'runtime'),
}
_OTHERS_OPTIONS = ('model', 'threads', 'runtime')


def options_of(name: str) -> tuple[str, ...]:
    """Names of the options that make_engine takes for this engine."""
    return _OPTIONS.get(name, _OTHERS_OPTIONS)


def make_engine(
    name: str = 'auto',
    *,
    sensor: RoiPlacer | None = None,
    fallback_policy: str = 'fill_gaps',
    **options: Any,
) -> Engine:
    """Make an engine without opening it.

    Args:
        name: one of ENGINES. `auto` is the host, behind the sensor if the camera has one;
            `cascade` is that, corrected by `edgesam`.
        sensor: the camera, if a network runs in its sensor.
        fallback_policy: of `auto` and `cascade` with a sensor: how the host stands in for it, one
            of `fallback.POLICIES`.
        options: the host engine's own arguments, see options_of.

    Raises:
        EngineError: the name or the policy is unknown, the engine has no such option, or it needs
            a sensor that the camera has not.

    """
    if name not in ENGINES:
        raise EngineError(f'engine {name!r} was given; allowed are {", ".join(ENGINES)}')
    _refuse_foreign(name, options)
    if name == 'in_sensor':
        return _in_sensor(sensor)
    if name == 'cascade':
        return _cascade(sensor, fallback_policy, options)
    if name == 'auto' and sensor is not None:
        return _behind(sensor, fallback_policy, make_engine('auto', **options))
    module, class_name = ENGINES[name]
    factory: Callable[..., Engine] = getattr(
        import_module(f'picosam_ros.engines.{module}'), class_name
    )
    return factory(**options)


def _refuse_foreign(name: str, options: Iterable[str]) -> None:
    known = options_of(name)
    foreign = [option for option in options if option not in known]
    if foreign:
        raise EngineError(
            f'engine {name!r} has no {" and no ".join(foreign)}; it takes {", ".join(known)}'
        )


def _in_sensor(sensor: RoiPlacer | None) -> Engine:
    from picosam_ros.engines.in_sensor import InSensorEngine

    if sensor is None:
        raise EngineError(
            "engine 'in_sensor' was given, but no network runs in the sensor of this camera; "
            'choose the camera imx500 (simulate:=true needs no hardware), or engine host'
        )
    return InSensorEngine(sensor=sensor)


def _behind(sensor: RoiPlacer, policy: str, host: Engine) -> Engine:
    from picosam_ros.engines.fallback import FallbackEngine

    return FallbackEngine(first=_in_sensor(sensor), second=host, policy=policy)


def _cascade(sensor: RoiPlacer | None, fallback_policy: str, options: dict[str, Any]) -> Engine:
    from picosam_ros.engines.cascade import CascadeEngine

    def of(name: str) -> dict[str, Any]:
        return {key: value for key, value in options.items() if key in options_of(name)}

    fast = make_engine('auto', sensor=sensor, fallback_policy=fallback_policy, **of('auto'))
    slow = make_engine('edgesam', **of('edgesam'))
    return CascadeEngine(fast=fast, slow=slow)


def open_engine(name: str = 'auto', **options: Any) -> Engine:
    """Make an engine and open it; use it in a `with` statement, or close it.

    Raises:
        EngineError: the name is unknown, or its runtime is not installed.
        ModelError: its network cannot be used.

    """
    engine = make_engine(name, **options)
    engine.open()
    return engine
