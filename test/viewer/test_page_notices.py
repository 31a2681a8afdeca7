"""What the viewer refuses is said on the page, in a real browser."""

from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.patient import until
from helpers.viewer_server import OBJECT, show_a_mask_to_browsers

from picosam_ros.prompts.recent_frames import NOT_KEPT
from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import client, rate_limits

pytestmark = CHROMIUM_IS_HERE


def test_a_key_that_is_held_down_is_told_that_it_prompts_too_fast(served, pages, monkeypatch):
    # However long the browser takes for the presses, they come at once.
    monkeypatch.setattr(client, 'RateLimiter', lambda: rate_limits.RateLimiter(lambda: 0.0))
    show_a_mask_to_browsers(served)
    page = pages.open(served.server.url)
    page.keyboard.press(str(OBJECT))
    page.evaluate(
        """() => { for (let i = 0; i < 60; i++)
             window.dispatchEvent(new KeyboardEvent('keydown', { key: '+' })); }"""
    )
    expect(page.locator('.bubble')).to_contain_text('more than 10 prompts per second')
    assert served.refused['prompt rate'] > 0
    assert served.backend.prompts
    expect(page.locator('#connection')).to_have_attribute('data-state', 'live')


def test_a_click_that_is_answered_on_another_image_is_told(served, pages):
    show_a_mask_to_browsers(served)
    page = pages.open(served.server.url)
    # Beside the object's label, which would be selected.
    page.locator('#image').click(position={'x': 40, 'y': 40})
    until(lambda: served.backend.prompts)

    def answer():
        for prompt in served.backend.prompts:
            served.server.hub.broadcast_answer(
                Answer(prompt.object_id, PromptState.ACCEPTED, NOT_KEPT, 1)
            )

    served.server.call(answer)
    expect(page.locator('.bubble')).to_contain_text('Answered on the newest image')
