"""A click is for the image that was clicked into, however old, or its sender is told otherwise."""

from helpers.viewer_server import disc_mask, make_frame, on_a_loop, until

from picosam_ros.prompts.recent_frames import NOT_KEPT
from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer.assembler import FrameMasks

TOO_OLD = 'stamp 1.000000000 was given, and the newest image has 4.000000000'


@on_a_loop
async def test_the_images_that_a_slow_browser_shows_are_kept_and_no_others(served):
    async with served.client() as slow:
        for number in (1, 2):
            served.show(make_frame(number))
            assert (await slow.frame())[0]['number'] == number
        for number in range(3, 31):
            served.show(make_frame(number))
        await until(lambda: len(served.backend.kept) > 8)
        assert set(served.backend.kept) == {1001, 1002}
        await slow.send('ack', number=2)
        assert (await slow.frame())[0]['number'] == 30
        served.backend.kept.clear()
        await until(lambda: len(served.backend.kept) > 4)
        assert set(served.backend.kept) == {1002, 1030}


@on_a_loop
async def test_an_image_is_kept_before_it_is_sent(served):
    async with served.client() as client:
        served.show(make_frame(1))
        await client.frame()
        assert served.backend.kept[0] == 1001


@on_a_loop
async def test_a_click_into_an_image_that_is_gone_is_sent_for_the_newest_and_its_sender_is_told(
    served,
):
    async with served.client() as asking, served.client() as other:
        await asking.send('point', tag=7, x=10, y=20, object=3, stamp='1000')
        await until(lambda: served.backend.prompts)
        served.call('broadcast_answer', Answer(3, PromptState.REFUSED, TOO_OLD))
        await until(lambda: len(served.backend.prompts) == 2)
        first, second = served.backend.prompts
        assert (first.stamp_ns, second.stamp_ns) == (1000, 0)
        assert (second.points, second.object_id) == (first.points, 3)
        served.call('broadcast_answer', Answer(3, PromptState.ACCEPTED, '', 5))
        notice = await asking.text('notice')
        assert notice['tag'] is None
        assert notice['text'] == (
            f'Answered on the newest image, not on the one that was clicked: {TOO_OLD}'
        )
        answer = await asking.text('answer')
        assert (answer['tag'], answer['state'], answer['generation']) == (7, 'accepted', 5)
        # The refusal in between is nobody's answer.
        assert (await other.text('answer'))['state'] == 'accepted'


@on_a_loop
async def test_a_click_is_sent_for_the_newest_once_and_only_because_of_its_stamp(served):
    async with served.client() as client:
        for tag, stamp, reason in ((1, '1000', 'outside the image'), (2, '0', TOO_OLD)):
            await client.send('point', tag=tag, x=10, y=20, object=3, stamp=stamp)
            await until(lambda tag=tag: len(served.backend.prompts) == tag)
            served.call('broadcast_answer', Answer(3, PromptState.REFUSED, reason))
            answer = await client.text('answer')
            assert (answer['tag'], answer['state']) == (tag, 'refused')
        assert len(served.backend.prompts) == 2


@on_a_loop
async def test_a_click_that_was_answered_on_the_newest_image_is_told(served):
    async with served.client() as client:
        await client.send('point', tag=1, x=10, y=20, object=3, stamp='1000')
        await until(lambda: served.backend.prompts)
        served.call('broadcast_answer', Answer(3, PromptState.ACCEPTED, NOT_KEPT, 1))
        assert NOT_KEPT in (await client.text('notice'))['text']
        assert (await client.text('answer'))['state'] == 'accepted'


@on_a_loop
async def test_late_masks_go_to_the_browsers_that_still_show_their_image(served):
    async with served.client() as frozen, served.client() as live:
        served.show(make_frame(1))
        await frozen.frame()
        await live.frame()
        served.show(make_frame(2))
        await live.frame()
        await live.send('ack', number=2)
        # Answered in their order: the acknowledgement is through.
        await live.send('box', tag=1)
        assert 'x0 None' in (await live.text('notice'))['text']
        served.call('broadcast_late', FrameMasks(1001, (disc_mask(generation=7),)))
        late = await frozen.text('late')
        [mask] = late['masks']
        assert (late['stamp'], mask['object'], mask['generation']) == ('1001', 1, 7)
        assert mask['outline']
        served.call('broadcast_late', FrameMasks(1002, (disc_mask(generation=8),)))
        assert (await live.text('late'))['stamp'] == '1002'
