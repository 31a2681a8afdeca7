"""A picture for the docs: what RViz and Foxglove show of the image topics of a node."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from picosam_ros.cameras.photos import photo_folder
from picosam_ros.ros.messages import to_image
from scripts.picture_commands import PHOTO, side_by_side

TOPICS = ('overlay', 'label_mask/color')
# Of the node, the file `prompts`: a name tag, a helmet and a badge.
PROMPTS = (
    '[{id: 1, points: [[299, 358]]}, {id: 2, points: [[395, 428]]}, {id: 3, points: [[168, 392]]}]'
)
OBJECTS = 3
PICTURE = 'topics.jpg'


def write_picture(folder: Path, model: str) -> None:
    """Run the node `segmenter` on a photograph, and keep what its topics show.

    Raises:
        RuntimeError: the node did not answer.

    """
    with Image.open(photo_folder() / PHOTO) as picture:
        photograph = to_image(np.asarray(picture.convert('RGB')), 'rgb8', Header(frame_id='camera'))
    with tempfile.TemporaryDirectory() as made:
        prompts = Path(made) / 'prompts.yaml'
        prompts.write_text(PROMPTS)
        parameters = {'model': model, 'prompts': prompts}
        with ros(), NodeProcess('segmenter', parameters) as process:
            shown = _shown(Client(process), photograph)
            process.end()
    side_by_side([Image.fromarray(pixels) for pixels in shown]).save(folder / PICTURE, quality=85)


def _shown(client: Client, photograph: ImageMessage) -> list[np.ndarray]:
    """Publish the photograph until all objects are seen in both topics."""
    newest: dict[str, np.ndarray] = {}

    def keep(topic: str, message: ImageMessage) -> None:
        pixels = np.frombuffer(message.data, np.uint8)
        newest[topic] = pixels.reshape(message.height, message.width, 3)

    for topic in TOPICS:
        client.subscribe(
            ImageMessage,
            f'{client.name}/{topic}',
            lambda message, topic=topic: keep(topic, message),
        )
    images = client.publisher(ImageMessage, 'image')

    def complete() -> bool:
        photograph.header.stamp = client.node.get_clock().now().to_msg()
        images.publish(photograph)
        client.serve(0.2)
        colours = newest.get(TOPICS[1])
        return (
            TOPICS[0] in newest
            and colours is not None
            and len(np.unique(colours.reshape(-1, 3), axis=0)) > OBJECTS
        )

    try:
        if not client.wait_for(complete):
            raise RuntimeError(f'no masks came; the node printed:\n{client.process.output}')
        return [newest[topic] for topic in TOPICS]
    finally:
        client.close()
