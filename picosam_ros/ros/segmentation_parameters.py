"""Parameters that all nodes with a Segmenter have."""

from picosam_ros.engines import ENGINES
from picosam_ros.models import DEFAULT
from picosam_ros.ros.parameters import Parameter
from picosam_ros.segmenter import MAX_PROMPTS

SEGMENTATION_PARAMETERS = (
    Parameter('engine', 'auto', 'Who computes the masks.', choices=tuple(ENGINES), read_only=True),
    Parameter(
        'model',
        DEFAULT,
        'The network: a name that `picosam doctor` lists, or the path of an .onnx file.',
        read_only=True,
    ),
    Parameter(
        'threads',
        0,
        'Threads of one inference; 0 takes half of the cores, at most four.',
        low=0,
        high=64,
        read_only=True,
    ),
    Parameter(
        'roi_size',
        0,
        'Side of the square around a click, in image pixels; 0 lets the engine choose.',
        low=0,
        high=8192,
    ),
    Parameter(
        'track',
        True,
        'Let the ROIs follow their objects; false keeps them where the prompts are.',
        read_only=True,
    ),
    Parameter(
        'max_prompts',
        MAX_PROMPTS,
        'Objects that are segmented at a time; further ones are refused.',
        low=1,
        high=254,
        read_only=True,
    ),
    Parameter(
        'autostart',
        True,
        'Configure and activate without waiting for a lifecycle manager.',
        read_only=True,
    ),
)
