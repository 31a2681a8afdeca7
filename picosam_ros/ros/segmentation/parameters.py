"""Parameters of all nodes with a Segmenter, and those of the node `segmenter`."""

from picosam_ros.engines import ENGINES
from picosam_ros.engines.runtimes import DEFAULT_RUNTIME, RUNTIMES
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompts.store import MAX_PROMPTS
from picosam_ros.ros.parameters import Parameter
from picosam_ros.tracking.tracker import Limits

SEGMENTATION_PARAMETERS = (
    Parameter('engine', 'auto', 'Who computes the masks.', choices=tuple(ENGINES), read_only=True),
    Parameter(
        'model',
        DEFAULT_MODEL,
        'The network: a name that `picosam doctor` lists, or the path of an .onnx file.',
        read_only=True,
    ),
    Parameter(
        'encoder',
        '',
        'With engine edgesam or cascade: path of the encoder, an .onnx file of yours.',
        read_only=True,
    ),
    Parameter(
        'decoder',
        '',
        'With engine edgesam or cascade: path of the decoder, an .onnx file of yours.',
        read_only=True,
    ),
    Parameter(
        'runtime',
        DEFAULT_RUNTIME,
        'What runs networks on the CPU; openvino needs `pip install openvino`.',
        choices=tuple(RUNTIMES),
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
    ),
    Parameter(
        'lost_after',
        Limits.patience,
        'Images without a believable mask after which a followed object is lost.',
        low=1,
        high=10_000,
    ),
    Parameter(
        'max_prompts',
        MAX_PROMPTS,
        'Objects that are segmented at a time; further ones are refused.',
        low=1,
        high=254,
    ),
    Parameter(
        'expected_rate',
        0.0,
        'Images per second that /diagnostics expects, give or take a fifth; 0 accepts any rate.',
        low=0,
        high=1000,
    ),
    Parameter(
        'max_age',
        1.0,
        'Age of an arriving image, in seconds, above which /diagnostics warns; 0 accepts any.',
        low=0,
        high=3600,
    ),
    Parameter(
        'prompts',
        '',
        'YAML file of prompts that are answered with the first image; empty for none.',
        read_only=True,
    ),
    Parameter(
        'prompt_max_age',
        1.0,
        'How much older than the newest image the stamp of a prompt may be, in seconds.',
        low=0,
        high=3600,
    ),
)

PARAMETERS = (
    Parameter(
        'rectified',
        False,
        "Images are rectified (image_rect): camera_info's P holds for clicks in 3-D, not K and D.",
    ),
    *SEGMENTATION_PARAMETERS,
)

# Parameters that are options of an engine; each engine gets those that it has.
ENGINE_OPTIONS = ('model', 'encoder', 'decoder', 'runtime', 'threads')

# Those that Segmenter.tune takes: they hold from the next image on.
TUNABLE = ('track', 'lost_after', 'max_prompts')
