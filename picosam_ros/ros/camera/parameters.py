"""Parameters of the node `camera`."""

from picosam_ros.cameras import CAMERAS
from picosam_ros.engines.fallback import POLICIES
from picosam_ros.ros.parameters import Parameter
from picosam_ros.ros.segmentation.parameters import SEGMENTATION_PARAMETERS

# Parameters that are options of a camera; each camera gets those that it has.
CAMERA_OPTIONS = (
    Parameter(
        'source',
        '',
        "Device, file or folder of the camera; empty takes the camera's default.",
        read_only=True,
    ),
    Parameter('rate', 30.0, 'Frames per second.', low=0.1, high=240.0, read_only=True),
    Parameter(
        'frame_id',
        'camera_optical_frame',
        'Frame of the images: z forward, x right, y down (REP-103).',
        read_only=True,
    ),
    Parameter(
        'sensor_network',
        '',
        'The network.rpk that the IMX500 runs; simulated, a model, empty for the default.',
        read_only=True,
    ),
    Parameter(
        'roi_settle_frames',
        3,
        "Frames after a change of the IMX500's ROI that may still show the old one.",
        low=0,
        high=10,
        read_only=True,
    ),
    Parameter('simulate', False, 'Take a simulated IMX500; it needs no hardware.', read_only=True),
    Parameter(
        'faults',
        '',
        'What goes wrong with the simulated IMX500, for example missing=0.3,roi_lag=2.',
        read_only=True,
    ),
)

PARAMETERS = (
    Parameter('camera', 'auto', 'Where frames come from.', choices=tuple(CAMERAS), read_only=True),
    *CAMERA_OPTIONS,
    Parameter(
        'camera_info_url',
        '',
        'Calibration: a path, file:///PATH or package://PACKAGE/PATH; set_camera_info writes it.',
        read_only=True,
    ),
    Parameter(
        'fallback_policy',
        POLICIES[0],
        'With engine auto and an IMX500: how the host stands in for the sensor.',
        choices=POLICIES,
        read_only=True,
    ),
    *SEGMENTATION_PARAMETERS,
)
