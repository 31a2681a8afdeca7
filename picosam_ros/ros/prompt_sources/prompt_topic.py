"""`prompt` (picosam_ros/Prompt): set, refine and remove objects."""

from __future__ import annotations

from picosam_ros.errors import PromptError
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.prompts.recent_frames import noted
from picosam_ros.results import Answer
from picosam_ros.ros.messages import from_time, to_points, to_prompt
from picosam_ros.ros.prompt_sources.context import PromptContext


class PromptTopic:
    """One message, one action on one object."""

    def __init__(self, context: PromptContext) -> None:
        self._context = context
        context.subscribe(PromptMessage, 'prompt', self._on_prompt)

    def _on_prompt(self, message: PromptMessage) -> None:
        # Not kept: methods that an object keeps of itself are a circle, and outlive their use.
        actions = {
            PromptMessage.SET: self._set,
            PromptMessage.REFINE: self._refine,
            PromptMessage.REMOVE: self._remove,
        }
        act = actions.get(message.action, self._unknown)
        try:
            from_time(message.header.stamp, PromptError)  # REMOVE finds no image by it
            answer = act(message)
        except PromptError as error:
            answer = self._context.store.refuse(message.object_id, str(error))
        self._context.publish(answer, message.header)

    def _set(self, message: PromptMessage) -> Answer:
        prompt = to_prompt(message, self._context.roi_size())
        made_for = self._context.find(message.header)
        answer = self._context.store.put(prompt, made_for)
        return noted(answer, from_time(message.header.stamp), made_for)

    def _refine(self, message: PromptMessage) -> Answer:
        box = message.box
        if message.roi_size or any((box.x0, box.y0, box.x1, box.y1)):
            raise PromptError(
                'a box or an roi_size was given with REFINE, which takes points and a size_step; '
                'give it with SET, which begins the object anew'
            )
        made_for = self._context.find(message.header)
        points, step = to_points(message), message.size_step
        answer = self._context.store.refine(message.object_id, points, made_for, size_step=step)
        return noted(answer, from_time(message.header.stamp), made_for)

    def _remove(self, message: PromptMessage) -> Answer:
        return self._context.store.remove(message.object_id)

    def _unknown(self, message: PromptMessage) -> Answer:
        raise PromptError(
            f'action {message.action} was given; allowed are 0 (SET), 1 (REFINE), 2 (REMOVE)'
        )
