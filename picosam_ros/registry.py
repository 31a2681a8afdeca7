"""Tables of what users choose by name, engines and cameras; each is imported at use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar

from picosam_ros.errors import PicosamError

T = TypeVar('T')


@dataclass(frozen=True)
class Entry:
    """A row: how to make what the name stands for.

    Attributes:
        module: its full name; imported at use, since each brings packages of its own.
        factory: the class or function in it.
        options: the keyword arguments of the factory that users may give.

    """

    module: str
    factory: str
    options: tuple[str, ...] = ()


class Registry(Mapping[str, Entry], Generic[T]):
    """A table from names to entries; iterates over the names.

    Args:
        kind: what is made, for the texts of errors: 'engine'.
        error: what is raised for a wrong name or option.
        entries: by name.

    """

    def __init__(self, kind: str, error: type[PicosamError], entries: Mapping[str, Entry]) -> None:
        self._kind = kind
        self._error = error
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def options_of(self, name: str) -> tuple[str, ...]:
        """Return the names of the options of an entry; an unknown name raises as in `make`."""
        return self._find(name).options

    def factory(self, name: str) -> Callable[..., T]:
        """Import and return the factory of an entry; an unknown name raises as in `make`."""
        entry = self._find(name)
        factory: Callable[..., T] = getattr(import_module(entry.module), entry.factory)
        return factory

    def make(self, name: str, options: Mapping[str, Any]) -> T:
        """Call the factory of an entry.

        Raises:
            the registry's error: the name is unknown, or the entry has no such option.

        """
        self._refuse_foreign(name, options)
        return self.factory(name)(**options)

    def _find(self, name: str) -> Entry:
        if name not in self:
            given = f'{self._kind} {name!r} was given'
            raise self._error(f'{given}{nearest(name, self)}; allowed are {", ".join(self)}')
        return self[name]

    def _refuse_foreign(self, name: str, options: Iterable[str]) -> None:
        known = self._find(name).options
        for option in options:
            if option not in known:
                others = [other for other in self if option in self[other].options]
                having = f' (of {", ".join(others)})' if others else nearest(option, known)
                raise self._error(
                    f'{self._kind} {name!r} has no option {option}{having}; '
                    f'it takes {", ".join(known) or "none"}'
                )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ' (did you mean …?)' for a misspelt name, or nothing if none of the known is near."""
    found = get_close_matches(name, known, n=1)
    return f' (did you mean {found[0]!r}?)' if found else ''
