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
        "Device, file, folder, bag or address of a stream; empty takes the camera's default.",
        read_only=True,
    ),
    Parameter('rate', 30.0, 'Frame rate, in Hz.', low=0.1, high=240.0, read_only=True),
    Parameter(
        'frame_id',
        'camera_optical_frame',
        'Frame of the images: z forward, x right, y down (REP-103).',
        read_only=True,
    ),
    Parameter(
        'sensor_network',
        '',
        'Network file (.rpk) of the IMX500; simulated: a model name, empty for the default.',
        read_only=True,
    ),
    Parameter(
        'roi_settle_frames',
        3,
        "Number of frames after a change of the IMX500's ROI that may still show the old one.",
        low=0,
        high=10,
        read_only=True,
    ),
    Parameter('simulate', False, 'Use a simulated IMX500; needs no hardware.', read_only=True),
    Parameter(
        'faults',
        '',
        'Faults of the simulated IMX500, for example missing=0.3,roi_lag=2.',
        read_only=True,
    ),
)

PARAMETERS = (
    Parameter(
        'camera',
        'auto',
        'Camera driver; auto takes what shows the source, without one the best that is connected.',
        choices=tuple(CAMERAS),
        read_only=True,
    ),
    *CAMERA_OPTIONS,
    Parameter(
        'camera_info_url',
        '',
        'Calibration file, which set_camera_info writes: a path, file:///PATH or '
        'package://PACKAGE/PATH; ~, ${NAME} and ${ROS_HOME} are filled in.',
        read_only=True,
    ),
    Parameter(
        'fallback_policy',
        POLICIES[0],
        'How the host replaces missing masks of an IMX500 (engines auto and cascade).',
        choices=POLICIES,
        read_only=True,
    ),
    *SEGMENTATION_PARAMETERS,
)
