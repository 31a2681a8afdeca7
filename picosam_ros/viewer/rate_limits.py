"""Limits of what may come in a second: messages and prompts of a client, wrong tokens."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

# The page acknowledges each frame, and nobody clicks faster than this.
MESSAGES_PER_SECOND, BURST = 120.0, 240.0
# Each prompt may cost a run of the network; a key that is held down must not stop all masks.
PROMPTS_PER_SECOND, PROMPT_BURST = 10.0, 20.0
# Refused messages after which a client is disconnected.
MAX_REFUSED = 500
# Wrong tokens of one address, and of all; and addresses that are remembered.
TOKENS_PER_SECOND, TOKEN_BURST = 1.0, 10.0
ALL_TOKENS_PER_SECOND, ALL_TOKENS_BURST = 10.0, 100.0
MAX_ADDRESSES = 1000


class TokenBucket:
    """Allows so many events a second on average, and a burst of them at once.

    Args:
        rate: events per second.
        burst: events that may come at once.
        clock: steady, in seconds.

    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._refilled = clock()

    def allow(self) -> bool:
        """Take one event from the bucket; return whether it was left."""
        now = self._clock()
        self._left = min(self._left + self._rate * (now - self._refilled), self._burst)
        self._refilled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RateLimiter:
    """Limits the messages of one client, and the prompts among them.

    Args:
        clock: steady, in seconds.

    Attributes:
        refused: messages beyond the rate, and malformed ones.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._messages = TokenBucket(MESSAGES_PER_SECOND, BURST, clock)
        self._prompts = TokenBucket(PROMPTS_PER_SECOND, PROMPT_BURST, clock)

    def allow(self) -> bool:
        """Return whether one more message is allowed now."""
        if self._messages.allow():
            return True
        self.refused += 1
        return False

    def allow_prompt(self) -> bool:
        """Return whether one more prompt is allowed now."""
        return self._prompts.allow()

    @property
    def message(self) -> str:
        """The error text for a client that sends too fast."""
        return f'more than {MESSAGES_PER_SECOND:g} messages per second; send fewer'

    @property
    def prompt_message(self) -> str:
        """The error text for a client that prompts too fast."""
        return f'more than {PROMPTS_PER_SECOND:g} prompts per second; send it again, more slowly'

    @property
    def exceeded(self) -> bool:
        """Whether so much was refused that the client is to be disconnected."""
        return self.refused > MAX_REFUSED


class WrongTokens:
    """Limits the wrong tokens that are answered as such, by address and of all together.

    Args:
        clock: steady, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = TokenBucket(ALL_TOKENS_PER_SECOND, ALL_TOKENS_BURST, clock)
        self._addresses: OrderedDict[str, TokenBucket] = OrderedDict()

    def allow(self, address: str) -> bool:
        """Note a wrong token; return whether address and all together are within the rate."""
        bucket = self._addresses.pop(address, None)
        bucket = bucket or TokenBucket(TOKENS_PER_SECOND, TOKEN_BURST, self._clock)
        self._addresses[address] = bucket
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return bucket.allow() and self._all.allow()
