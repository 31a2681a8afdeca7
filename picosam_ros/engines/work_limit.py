"""How long the work on the prompts of one call goes on."""

from __future__ import annotations

from picosam_ros.errors import EngineError
from picosam_ros.prompt import Prompt

REPLACED = 'the prompt was replaced or removed meanwhile'


class GivenUp(EngineError):
    """The work on one prompt ends without an answer; the text is the reason for `Unanswered`."""


class NotFinite(GivenUp):
    """A network returned NaN or infinity."""


class WorkLimit:
    """Asked by an engine before each prompt, and between the runs of its network for that one.

    This one lets everything be done.
    """

    def begin(self) -> None:
        """Note that the engine is at work now."""

    def reason_to_wait(self, prompt: Prompt) -> str:
        """Return why a prompt is not begun now; empty to begin."""
        del prompt
        return ''

    def reason_to_stop(self, prompt: Prompt) -> str:
        """Return why the work on a prompt that was begun ends; empty to go on."""
        del prompt
        return ''

    def has_time(self) -> bool:
        """Whether a run may be added that betters an answer."""
        return True
