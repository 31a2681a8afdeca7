from picosam_ros.viewer import client, rate_limits
from picosam_ros.viewer.rate_limits import RateLimiter, WrongTokens


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_allowed_and_what_goes_on_is_refused():
    clock = Clock()
    limiter = RateLimiter(clock)
    allowed = [limiter.allow() for _ in range(1000)]
    assert sum(allowed) == rate_limits.BURST
    assert limiter.refused == 1000 - rate_limits.BURST
    assert limiter.exceeded


def test_time_fills_it_again_up_to_the_burst():
    clock = Clock()
    limiter = RateLimiter(clock)
    while limiter.allow():
        pass
    clock.now += 1.0
    assert sum(limiter.allow() for _ in range(500)) == rate_limits.MESSAGES_PER_SECOND
    clock.now += 3600.0
    assert sum(limiter.allow() for _ in range(1000)) == rate_limits.BURST


def test_a_page_at_sixty_frames_per_second_is_never_refused():
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(6000):
        clock.now += 1 / 60
        assert limiter.allow()
    assert not limiter.exceeded


def test_a_client_that_is_to_be_disconnected_is_told_why():
    one = client.Client(socket=None, encoder=None, on_sent=None)
    assert one.misuse == ''
    for _ in range(client.MAX_ANSWERS + 1):
        one.enqueue('{}')
    assert one.misuse == '1000 answers were not read; read what the server sends'
    fast = client.Client(socket=None, encoder=None, on_sent=None)
    fast.rate_limiter.refused = rate_limits.MAX_REFUSED + 1
    assert fast.misuse == 'more than 120 messages per second; send fewer'


def test_prompts_are_allowed_in_a_burst_and_then_some_a_second_beside_other_messages():
    clock = Clock()
    limiter = RateLimiter(clock)
    assert sum(limiter.allow_prompt() for _ in range(100)) == rate_limits.PROMPT_BURST
    clock.now += 1.0
    assert sum(limiter.allow_prompt() for _ in range(100)) == rate_limits.PROMPTS_PER_SECOND
    assert limiter.allow()
    # Who clicks too fast is told, and not disconnected.
    assert limiter.refused == 0


def test_wrong_tokens_are_limited_by_address_and_of_all_together():
    clock = Clock()
    tokens = WrongTokens(clock)
    assert sum(tokens.allow('10.0.0.1') for _ in range(50)) == rate_limits.TOKEN_BURST
    assert tokens.allow('10.0.0.2')
    allowed = sum(tokens.allow(f'10.0.1.{number}') for number in range(1000))
    assert allowed + rate_limits.TOKEN_BURST + 1 == rate_limits.ALL_TOKENS_BURST
    assert len(tokens._addresses) == rate_limits.MAX_ADDRESSES
    clock.now += 10.0
    assert tokens.allow('10.0.0.1')
