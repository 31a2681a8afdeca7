"""The signatures of the files of the SAM family, and which of them two given files have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from picosam_ros.engines.runtimes import LoadedNetwork, Port
from picosam_ros.errors import ModelError

S_LAB = 'S-Lab License 1.0: non-commercial use only'
USERS_OWN = "the user's own files"


@dataclass(frozen=True)
class EncoderSpec:
    """How an encoder takes an image.

    Attributes:
        exporter: whose script writes such files.
        shape: of the input; None where the side is free or any.
        normalised: the caller subtracts MEAN, divides by DEVIATION and pads with zeros; else the
            graph does all three to the resized image of 0 to 255.

    """

    exporter: str
    shape: tuple[int | None, ...]
    normalised: bool


@dataclass(frozen=True)
class DecoderSpec:
    """How a decoder takes prompts, and which of several masks is the answer.

    Attributes:
        exporter: whose script writes such files.
        inputs: their names, in order.
        scores, masks: names of the outputs: 1×N and 1×N×h×w logits of the whole square.
        licence: of the weights, as far as the signature tells.
        click, clicks, box: the masks among which the best score decides, for one click, several,
            and a prompt with a box. The first mask is the one for unambiguous prompts, the
            others are whole, part and part of the part (arXiv 2304.02643, section 3).

    """

    exporter: str
    inputs: tuple[str, ...]
    scores: str
    masks: str
    licence: str
    click: slice
    clicks: slice
    box: slice

    @property
    def takes_mask(self) -> bool:
        """Whether an earlier mask refines the next one."""
        return 'mask_input' in self.inputs


ALL, FIRST, OTHERS = slice(None), slice(1), slice(1, None)

# R, G, B of 0 to 255: those of ImageNet, the same in all three.
MEAN = (123.675, 116.28, 103.53)
DEVIATION = (58.395, 57.12, 57.375)
# SAM's own exports have an encoder of no other size.
SIDE = 1024

ENCODERS = (
    # 'image' in EdgeSAM's scripts/export_onnx_model.py, 'input_image' in samexporter.
    EncoderSpec('EdgeSAM, or samexporter', (1, 3, None, None), normalised=True),
    EncoderSpec('samexporter --use-preprocess', (None, None, 3), normalised=False),
)
DECODERS = {
    # scripts/export_onnx_model.py --decoder; the choices are those of web_demo/gradio_app.py.
    'edgesam': DecoderSpec(
        "EdgeSAM's scripts/export_onnx_model.py --decoder",
        ('image_embeddings', 'point_coords', 'point_labels'),
        scores='scores',
        masks='masks',
        licence=S_LAB,
        click=ALL,
        clicks=ALL,
        box=FIRST,
    ),
    # scripts/export_onnx_model.py of SAM; MobileSAM's is the same. Choices: SamOnnxModel, which
    # has no case of its own for a box, which is unambiguous.
    'sam': DecoderSpec(
        'scripts/export_onnx_model.py of SAM or MobileSAM',
        (
            'image_embeddings',
            'point_coords',
            'point_labels',
            'mask_input',
            'has_mask_input',
            'orig_im_size',
        ),
        scores='iou_predictions',
        masks='low_res_masks',
        licence=USERS_OWN,
        click=OTHERS,
        clicks=FIRST,
        box=FIRST,
    ),
}


def encoder_of(network: LoadedNetwork, path: Path) -> EncoderSpec:
    """Find the spec of an encoder.

    Raises:
        ModelError: it is a decoder, or none of ENCODERS.

    """
    if _decoder(network.inputs) is not None:
        raise ModelError(f'{path} is a decoder, but was given as the encoder; swap the two')
    if len(network.inputs) == 1 and len(network.outputs[0].shape) == 4:
        for spec in ENCODERS:
            if _fits(network.inputs[0], spec.shape):
                return spec
    raise ModelError(
        f'{path} is not an encoder of the SAM family ({_signature(network)}); it needs one float32 '
        'input 1×3×S×S (or H×W×3, normalised in the graph) and the output 1×C×h×w: export it with '
        f'{" or ".join(spec.exporter for spec in ENCODERS)}'
    )


def decoder_of(network: LoadedNetwork, path: Path) -> DecoderSpec:
    """Find the spec of a decoder.

    Raises:
        ModelError: it is an encoder, or none of DECODERS.

    """
    spec = _decoder(network.inputs)
    names = {port.name for port in network.outputs}
    if spec is not None and {spec.scores, spec.masks} <= names:
        return spec
    if len(network.inputs) == 1 and any(_fits(network.inputs[0], s.shape) for s in ENCODERS):
        raise ModelError(f'{path} is an encoder, but was given as the decoder; swap the two')
    raise ModelError(
        f'{path} is not a decoder of the SAM family ({_signature(network)}); '
        f'export it with {" or ".join(spec.exporter for spec in DECODERS.values())}'
    )


def check_pair(encoder: LoadedNetwork, decoder: LoadedNetwork, paths: Sequence[Path]) -> None:
    """Raise ModelError if the decoder takes another embedding than the encoder returns."""
    given = encoder.outputs[0].shape
    taken = next(port.shape for port in decoder.inputs if port.name == 'image_embeddings')
    if len(given) != len(taken) or not all(map(_agree, given, taken)):
        raise ModelError(
            f'{paths[0]} returns an embedding {_sides(given)}, {paths[1]} takes {_sides(taken)}: '
            'the two do not match; give two files of one export'
        )


def _decoder(inputs: Sequence[Port]) -> DecoderSpec | None:
    names = {port.name for port in inputs}
    return next((spec for spec in DECODERS.values() if set(spec.inputs) == names), None)


def _fits(port: Port, shape: Sequence[int | None]) -> bool:
    return (
        port.dtype == 'float32'
        and len(port.shape) == len(shape)
        and all(map(_agree, port.shape, shape))
    )


def _agree(a: int | str | None, b: int | str | None) -> bool:
    """Return whether two sides can be equal; a free one can be any."""
    return a == b or not (isinstance(a, int) and isinstance(b, int))


def _signature(network: LoadedNetwork) -> str:
    return ', '.join(map(str, (*network.inputs, *network.outputs)))


def _sides(shape: Sequence[int | str]) -> str:
    return '×'.join(map(str, shape))
