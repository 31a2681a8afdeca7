"""Engines that are composed of others, by what the camera has."""

from __future__ import annotations

from typing import Any

from picosam_ros.engines import ENGINES, make_engine
from picosam_ros.engines.base import Engine, RoiPlacer
from picosam_ros.engines.cascade import CascadeEngine
from picosam_ros.engines.fallback import POLICIES, FallbackEngine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.errors import EngineError


def auto(
    *, sensor: RoiPlacer | None = None, fallback_policy: str = POLICIES[0], **host_options: Any
) -> Engine:
    """Return the host engine, behind the sensor if the camera has one that runs a network."""
    host = make_engine('host', **host_options)
    if sensor is None:
        return host
    return FallbackEngine(first=in_sensor(sensor=sensor), second=host, policy=fallback_policy)


def in_sensor(*, sensor: RoiPlacer | None = None) -> Engine:
    """Return the engine of the sensor; raise EngineError if the camera has none."""
    if sensor is None:
        raise EngineError(
            "engine 'in_sensor' was given, but no network runs in the sensor of this camera; "
            'use camera imx500 (simulate:=true needs no hardware) or engine host'
        )
    return InSensorEngine(sensor=sensor)


def cascade(**options: Any) -> Engine:
    """Return `auto`, corrected by `edgesam`; each gets the options that it has."""

    def engine(name: str) -> Engine:
        own = ENGINES.options_of(name)
        return make_engine(name, **{key: options[key] for key in own if key in options})

    return CascadeEngine(fast=engine('auto'), slow=engine('edgesam'))
