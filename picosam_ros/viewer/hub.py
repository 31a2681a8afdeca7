"""All browsers that look at one pipeline: what they get, and what they ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from picosam_ros.errors import ViewerError
from picosam_ros.latency import Timing
from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import protocol
from picosam_ros.viewer.client import Client
from picosam_ros.viewer.figures import Figures
from picosam_ros.viewer.protocol import (
    Acknowledge,
    Ask,
    Clear,
    Component,
    Remove,
)
from picosam_ros.viewer.pending import Questions
from picosam_ros.viewer.frames import Scene


class Pipeline(Protocol):
    """What browsers want from whatever makes the masks; called on the server's event loop."""

    def ask(self, ask: Ask) -> None:
        """Send a prompt; its object id is given."""

    def remove(self, object_id: int) -> None:
        """Stop segmenting an object."""

    def clear(self) -> None:
        """Stop segmenting everything."""

    def watch(self, wanted: bool) -> None:
        """Begin to deliver, since somebody looks; or end, since nobody does."""


class Hub:
    """Brings prompts of browsers to a pipeline, and scenes, answers and figures to browsers.

    Args:
        pipeline: gets the prompts.
        name: of the node that makes the masks.
        title: what the page is called beside that.

    Attributes:
        refused: messages, by cause.

    """

    def __init__(self, pipeline: Pipeline, *, name: str, title: str) -> None:
        self.refused: Counter[str] = Counter()
        self._pipeline = pipeline
        self._hello = protocol.hello(name, title=title)
        self._silence = f'nobody answered: does the node {name} run, with the same topic prompt?'
        self._clients: set[Client] = set()
        self._questions: Questions[Client] = Questions()
        self._figures = Figures()
        self._scene: Scene | None = None
        self._diagnostics = ''

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Client]:
        return iter(self._clients)

    def enter(self, client: Client) -> None:
        """Somebody looks: show what there is."""
        self._clients.add(client)
        client.answer(self._hello)
        if self._diagnostics:
            client.tell('diagnostics', self._diagnostics)
        if self._scene is not None:
            client.show(self._scene)
        if len(self._clients) == 1:
            self._pipeline.watch(True)

    def leave(self, client: Client) -> None:
        """Somebody has gone."""
        self._clients.discard(client)
        self._questions.forget(client)
        if not self._clients:
            # Nothing more comes, and what there is grows old.
            self._scene, self._diagnostics = None, ''
            self._pipeline.watch(False)

    def show(self, scene: Scene) -> None:
        """Show a scene to everybody."""
        self._scene = scene
        self._questions.seen(scene.object_ids)
        for client in self._clients:
            client.show(scene)

    def answered(self, told: Answer) -> None:
        """Tell everybody what became of a prompt, and the one who asked that it was theirs."""
        question = None
        if told.state != PromptState.LOST:  # which nobody asked for
            accepted = told.state != PromptState.REFUSED
            question = self._questions.answered(told.object_id, accepted=accepted)
        for client in self._clients:
            tag = question.tag if question is not None and question.who is client else None
            client.answer(protocol.answer(told, tag))

    def measured(self, timing: Timing, dropped: int) -> None:
        """Note where the time of one result went."""
        self._figures.add(timing, dropped)

    def diagnosed(self, components: list[Component]) -> None:
        """Tell everybody how the nodes are."""
        self._diagnostics = protocol.diagnostics(components)
        for client in self._clients:
            client.tell('diagnostics', self._diagnostics)

    def notice(self, sentence: str) -> None:
        """Tell everybody one sentence."""
        for client in self._clients:
            client.answer(protocol.notice(sentence))

    def tick(self) -> None:
        """Tell figures, and who got no answer; to be called a few times a second."""
        figures = self._figures.text()
        for client in self._clients:
            client.tell('figures', figures)
            client.describe_link(len(self._clients))
        for question in self._questions.expired():
            question.who.answer(protocol.notice(self._silence, question.tag))

    def take(self, client: Client, text: str) -> None:
        """Do what a browser asks; what it may not ask is counted, and it is told why."""
        if not client.allowance.take():
            self.refused['messages too fast'] += 1
            client.tell('notice', protocol.notice(client.allowance.complaint))
            return
        try:
            self._do(client, protocol.parse(text))
        except ViewerError as error:
            self.refuse(client, 'messages malformed', str(error))

    def refuse(self, client: Client, cause: str, sentence: str) -> None:
        """Count a message that is none, and say why."""
        self.refused[cause] += 1
        client.allowance.refused += 1
        client.tell('notice', protocol.notice(sentence))

    def _do(self, client: Client, request: protocol.Request) -> None:
        if isinstance(request, Acknowledge):
            client.acknowledge(request.number, held=request.held)
        elif isinstance(request, Ask):
            self._ask(client, request)
        elif isinstance(request, Remove):
            self._questions.ask(client, request.tag, request.object_id, starts=False)
            self._pipeline.remove(request.object_id)
        elif isinstance(request, Clear):
            self._pipeline.clear()

    def _ask(self, client: Client, ask: Ask) -> None:
        taken = self._scene.object_ids if self._scene is not None else frozenset()
        object_id = ask.object_id or self._questions.free_id(taken)
        self._questions.ask(client, ask.tag, object_id, starts=True)
        self._pipeline.ask(ask.about(object_id))
