"""Parameters of the node `cloud`."""

from picosam_ros.ros.parameters import Parameter

# Names of the views, see views.VIEWS.
MODES = ('depth', 'ground')

PARAMETERS = (
    Parameter(
        'mode',
        'depth',
        'Where depth comes from: a depth image, or a ground that is said to be flat.',
        choices=MODES,
        read_only=True,
    ),
    Parameter(
        'object_id',
        0,
        'The object whose pose is published; 0 takes the one with most points.',
        low=0,
        high=254,
    ),
    Parameter(
        'slop',
        0.05,
        'Seconds that the stamps of images of one moment may differ; 0 asks for equal ones.',
        low=0.0,
        high=10.0,
        read_only=True,
    ),
    Parameter(
        'queue_size',
        10,
        'Images of each topic that wait for those of the others.',
        low=1,
        high=1000,
        read_only=True,
    ),
    Parameter(
        'rectified',
        False,
        'The images are rectified: P of camera_info holds, not K and the distortion.',
    ),
    Parameter(
        'min_depth', 0.0, 'Nearer points, in metres along the axis, are left out.', 0.0, 100.0
    ),
    Parameter(
        'max_depth', 10.0, 'Farther points, in metres along the axis, are left out.', 0.01, 1000.0
    ),
    Parameter(
        'trim',
        0.02,
        'Share of the points at either end of each axis that does not count for centroid and '
        'extent: masks reach over the edges of things.',
        low=0.0,
        high=0.4,
    ),
    Parameter(
        'max_age',
        1.0,
        'Seconds from stamp to arrival above which diagnostics warn; 0 accepts any.',
        low=0.0,
        high=86400.0,
    ),
    Parameter(
        'base_frame',
        'base_link',
        'Mode ground: the frame of the grid, z up, the ground at its z = 0.',
        read_only=True,
    ),
    Parameter(
        'camera_height',
        0.0,
        'Mode ground: metres of the camera above the ground, the camera being above the origin of '
        'base_frame; 0 takes its place from TF.',
        low=0.0,
        high=1000.0,
    ),
    Parameter(
        'camera_pitch',
        0.0,
        'Mode ground: radians by which the camera looks down; used with camera_height.',
        low=-1.5708,
        high=1.5708,
    ),
    Parameter(
        'standing',
        True,
        'Mode ground: objects stand, so their lowest pixel of each column is on the ground; false: '
        'they lie flat, and all of their pixels are.',
    ),
    Parameter('grid_length', 5.0, 'Metres that the grid reaches ahead.', 0.1, 100.0),
    Parameter('grid_width', 5.0, 'Metres that the grid is wide.', 0.1, 100.0),
    Parameter('grid_resolution', 0.05, 'Metres from cell to cell.', 0.01, 1.0),
)
