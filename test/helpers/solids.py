"""A tilted plane and a box before a camera: what each pixel sees, worked out in closed form."""

from dataclasses import dataclass

import numpy as np

PLANE, BOX = 1, 2
END = 6.0  # of the plane, along z


@dataclass(frozen=True)
class Scene:
    """A plane through a point, and a box that is turned about the vertical.

    Metres in the optical frame: z forward, x right, y down.
    """

    plane_point: tuple = (0.0, 0.4, 2.5)
    plane_normal: tuple = (0.1, -0.8, -0.55)
    box_centre: tuple = (0.2, 0.0, 1.6)
    box_half: tuple = (0.3, 0.2, 0.15)
    box_yaw: float = 0.5

    @property
    def box_axes(self):
        """Give 3×3: rows are the box's axes."""
        cos, sin = np.cos(self.box_yaw), np.sin(self.box_yaw)
        return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])

    @property
    def unit_normal(self):
        return np.array(self.plane_normal) / np.linalg.norm(self.plane_normal)

    def look(self, directions):
        """Trace rays (…×2, x and y at z = 1): depth along z and label of the first thing hit."""
        rays = np.concatenate([directions, np.ones((*directions.shape[:-1], 1))], axis=-1)
        with np.errstate(divide='ignore', invalid='ignore'):
            plane = (np.array(self.plane_point) @ self.unit_normal) / (rays @ self.unit_normal)
            box = self._box_depth(rays)
        plane = np.where((plane > 0) & (plane < END), plane, np.inf)
        depth = np.minimum(plane, box)
        labels = np.where(box < plane, BOX, PLANE).astype(np.uint8)
        labels[~np.isfinite(depth)] = 0
        return np.where(np.isfinite(depth), depth, 0.0), labels

    def distance_to_plane(self, points):
        return np.abs((points - self.plane_point) @ self.unit_normal)

    def distance_to_box(self, points):
        """Tell how far points are from the box's surface, also from inside."""
        local = (points - self.box_centre) @ self.box_axes.T
        outside = np.abs(local) - self.box_half
        beyond = np.linalg.norm(np.maximum(outside, 0), axis=1)
        return np.abs(beyond + np.minimum(outside.max(axis=1), 0))

    def _box_depth(self, rays):
        origin = -self.box_axes @ np.array(self.box_centre)
        local = rays @ self.box_axes.T
        ends = np.stack([(s * np.array(self.box_half) - origin) / local for s in (-1, 1)])
        enter, leave = ends.min(axis=0).max(axis=-1), ends.max(axis=0).min(axis=-1)
        return np.where((enter <= leave) & (enter > 0), enter, np.inf)
