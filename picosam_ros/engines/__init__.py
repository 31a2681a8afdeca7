"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from picosam_ros.engines.base import Capabilities, Engine, Segmentation, Unanswered
from picosam_ros.errors import EngineError

__all__ = ['ENGINES', 'Capabilities', 'Engine', 'Segmentation', 'Unanswered', 'open_engine']

# Name to module and class, imported at use: each brings a runtime of its own.
ENGINES = {
    'auto': ('onnx', 'OnnxEngine'),
    'onnx': ('onnx', 'OnnxEngine'),
}


def make_engine(name: str = 'auto', **options: Any) -> Engine:
    """Make an engine without opening it.

    Args:
        name: one of ENGINES.
        options: the engine's own arguments, for example `model` and `threads`.

    Raises:
        EngineError: the name is unknown.

    """
    if name not in ENGINES:
        raise EngineError(f'engine {name!r} was given; allowed are {", ".join(ENGINES)}')
    module, class_name = ENGINES[name]
    factory: Callable[..., Engine] = getattr(
        import_module(f'picosam_ros.engines.{module}'), class_name
    )
    return factory(**options)


def open_engine(name: str = 'auto', **options: Any) -> Engine:
    """Make an engine and open it; use it in a `with` statement, or close it.

    Raises:
        EngineError: the name is unknown, or its runtime is not installed.
        ModelError: its network cannot be used.

    """
    engine = make_engine(name, **options)
    engine.open()
    return engine
