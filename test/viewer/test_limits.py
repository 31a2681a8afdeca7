from picosam_ros.viewer import client
from picosam_ros.viewer.client import RateLimiter


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_allowed_and_what_goes_on_is_refused():
    clock = Clock()
    limiter = RateLimiter(clock)
    allowed = [limiter.allow() for _ in range(1000)]
    assert sum(allowed) == client.BURST
    assert limiter.refused == 1000 - client.BURST
    assert limiter.exceeded


def test_time_fills_it_again_up_to_the_burst():
    clock = Clock()
    limiter = RateLimiter(clock)
    while limiter.allow():
        pass
    clock.now += 1.0
    assert sum(limiter.allow() for _ in range(500)) == client.MESSAGES_PER_SECOND
    clock.now += 3600.0
    assert sum(limiter.allow() for _ in range(1000)) == client.BURST


def test_a_page_at_sixty_frames_per_second_is_never_refused():
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(6000):
        clock.now += 1 / 60
        assert limiter.allow()
    assert not limiter.exceeded


def test_a_client_that_is_to_be_disconnected_is_told_why():
    one = client.Client(socket=None, encoder=None)
    assert one.misuse == ''
    for _ in range(client.MAX_ANSWERS + 1):
        one.enqueue('{}')
    assert one.misuse == '1000 answers were not read; read what the server sends'
    fast = client.Client(socket=None, encoder=None)
    fast.rate_limiter.refused = client.MAX_REFUSED + 1
    assert fast.misuse == 'more than 120 messages per second; send fewer'
