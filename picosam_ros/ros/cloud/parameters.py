"""Parameters of the node `cloud`."""

from picosam_ros.ros.parameters import Parameter

# Names of the views, see views.VIEWS.
MODES = ('depth', 'ground')

# Those that mode ground alone reads.
GROUND_PARAMETERS = (
    'base_frame',
    'camera_height',
    'camera_pitch',
    'standing',
    'grid_length',
    'grid_width',
    'grid_resolution',
)

PARAMETERS = (
    Parameter(
        'mode',
        'depth',
        'Source of the depth: a depth image, or the ground, which is assumed to be flat.',
        choices=MODES,
        read_only=True,
    ),
    Parameter(
        'object_id',
        0,
        'Id of the object whose pose is published; 0 takes the one with most points.',
        low=0,
        high=254,
    ),
    Parameter(
        'slop',
        0.05,
        'Maximum difference of the stamps of matched images, in seconds; 0 requires equal ones.',
        low=0.0,
        high=10.0,
        read_only=True,
    ),
    Parameter(
        'queue_size',
        10,
        'Number of images of each topic that are kept until those of the others arrive.',
        low=1,
        high=1000,
        read_only=True,
    ),
    Parameter(
        'rectified',
        False,
        'Images are rectified (image_rect): points use P of camera_info, not K and D.',
    ),
    Parameter('min_depth', 0.0, 'Minimum depth (z) of a point, in metres.', 0.0, 100.0),
    Parameter('max_depth', 10.0, 'Maximum depth (z) of a point, in metres.', 0.01, 1000.0),
    Parameter(
        'trim',
        0.02,
        'Share of the points at either end of each axis that centroid and extent ignore: masks '
        'reach beyond the edges of objects.',
        low=0.0,
        high=0.4,
    ),
    Parameter(
        'max_age',
        1.0,
        'Image age on arrival, in seconds, above which /diagnostics warns; 0 accepts any.',
        low=0.0,
        high=86400.0,
    ),
    Parameter(
        'base_frame',
        'base_link',
        'Mode ground: frame of the grid, z up, the ground at z = 0.',
        read_only=True,
    ),
    Parameter(
        'camera_height',
        0.0,
        'Mode ground: height of the camera above the origin of base_frame, in metres; 0 takes its '
        'pose from TF.',
        low=0.0,
        high=1000.0,
    ),
    Parameter(
        'camera_pitch',
        0.0,
        'Mode ground: downward pitch of the camera, in radians; used with camera_height.',
        low=-1.5708,
        high=1.5708,
    ),
    Parameter(
        'standing',
        True,
        'Mode ground: objects stand upright, so only the lowest pixel of each column is on the '
        'ground; false: they lie flat, and all pixels are.',
    ),
    Parameter('grid_length', 5.0, 'Length of the grid ahead of base_frame, in metres.', 0.1, 100.0),
    Parameter('grid_width', 5.0, 'Width of the grid, in metres.', 0.1, 100.0),
    Parameter('grid_resolution', 0.05, 'Side of a cell of the grid, in metres.', 0.01, 1.0),
)
