"""Parameters of all nodes with a Segmenter, and those of the node `segmenter`."""

from picosam_ros.engines import ENGINES
from picosam_ros.engines.runtimes import DEFAULT_RUNTIME, RUNTIMES
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL
from picosam_ros.prompt import MAX_POINTS
from picosam_ros.prompts.store import MAX_PROMPTS
from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.value_range_parameter import VALUE_RANGE
from picosam_ros.tracking.track import Limits

SEGMENTATION_PARAMETERS = (
    Parameter(
        'engine',
        'auto',
        'Engine that computes the masks.',
        choices=tuple(ENGINES),
        read_only=True,
    ),
    Parameter(
        'model',
        'auto',
        'Network on the CPU: a name that `picosam doctor` lists, the path of an .onnx file, or '
        f'auto: {DEFAULT_MODEL}, or {FAST_MODEL} where that takes too long.',
        read_only=True,
    ),
    Parameter(
        'encoder',
        '',
        'Path of the encoder, an .onnx file (engines edgesam and cascade).',
        read_only=True,
    ),
    Parameter(
        'decoder',
        '',
        'Path of the decoder, an .onnx file (engines edgesam and cascade).',
        read_only=True,
    ),
    Parameter(
        'runtime',
        DEFAULT_RUNTIME,
        'Inference runtime on the CPU; openvino needs `pip install openvino`.',
        choices=tuple(RUNTIMES),
        read_only=True,
    ),
    Parameter(
        'threads',
        0,
        'Number of threads of one inference; 0 takes half of the cores, at most four.',
        low=0,
        high=64,
        read_only=True,
    ),
    VALUE_RANGE,
    Parameter(
        'roi_size',
        0,
        'Side of the square ROI around a click, in image pixels; 0 lets the engine choose.',
        low=0,
        high=8192,
    ),
    Parameter(
        'track',
        True,
        'Track objects from image to image; false leaves points and boxes where they were given.',
    ),
    Parameter(
        'lost_after',
        Limits.patience,
        'Number of consecutive images without an accepted mask after which a tracked object is '
        'lost.',
        low=1,
        high=10_000,
    ),
    Parameter(
        'max_prompts',
        MAX_PROMPTS,
        'Maximum number of objects at a time; prompts for further ones are refused.',
        low=1,
        high=254,
    ),
    Parameter(
        'max_points',
        MAX_POINTS,
        'Maximum number of points of one prompt, those of its refinements counted; prompts with '
        'more are refused.',
        low=1,
        high=10_000,
    ),
    Parameter(
        'frame_budget',
        0.0,
        'Time for the prompts of one image, in seconds, after which further new objects wait for '
        'the next one; those with a mask have one in every image; 0 takes two periods of the '
        'images.',
        low=0,
        high=3600,
    ),
    Parameter(
        'expected_rate',
        0.0,
        'Image rate in Hz; /diagnostics warns if it deviates by more than 20 %; 0 accepts any.',
        low=0,
        high=1000,
    ),
    Parameter(
        'max_age',
        1.0,
        'Image age on arrival, in seconds, above which /diagnostics warns; 0 accepts any.',
        low=0,
        high=3600,
    ),
    Parameter(
        'prompts',
        '',
        'YAML file of prompts that are set with the first image; empty for none.',
        read_only=True,
    ),
    Parameter(
        'prompt_max_age',
        1.0,
        'Maximum age of the stamp of a prompt, in seconds before the newest image.',
        low=0,
        high=3600,
    ),
)

PARAMETERS = (
    Parameter(
        'rectified',
        False,
        'Images are rectified (image_rect): clicks in 3-D use P of camera_info, not K and D.',
    ),
    *SEGMENTATION_PARAMETERS,
)

# Parameters that are options of an engine; each engine gets those that it has.
ENGINE_OPTIONS = ('model', 'encoder', 'decoder', 'runtime', 'threads')

# Those that Segmenter.tune takes: they hold from the next image on.
TUNABLE = ('track', 'lost_after', 'max_prompts', 'max_points')
