"""The images in doubt, as the page of the review gets them."""

import numpy as np

from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.labelled import Label, LabelledImage, to_json
from picosam_ros.labelling.plan import Plan, PlannedRecording
from picosam_ros.labelling.project import create_project
from picosam_ros.mask import encode_rle
from picosam_ros.prompt import Prompt
from picosam_ros.review.labelled_project import LabelledProject


def recording(folder, name):
    path = folder / f'{name}.mp4'
    path.write_bytes(b'some film')
    return PlannedRecording(name, path, '', (KeyPrompt(1, Prompt.from_point(1, 1)),), 'abc', 4)


def labelled(number, doubt=''):
    inside = np.zeros((4, 4), np.bool_)
    inside[1:3, 1:3] = True
    label = Label(1, 'object', encode_rle(inside)['counts'], 0.9, doubt)
    return LabelledImage(number, number, 4, 4, (label,))


def test_images_about_which_a_prompt_asks_come_first(tmp_path):
    recordings = recording(tmp_path, 'one'), recording(tmp_path, 'two')
    plan = Plan(recordings, EngineChoice(), ('coco',), False, 2.0, 0.2)
    with create_project(tmp_path / 'out', plan) as project:
        for job in project.open_jobs():
            images = [labelled(0, 'astray')] if job.backwards else [labelled(1), labelled(2)]
            project.keep(job, to_json(images))
        found = [(one.recording, one.image.number) for one in LabelledProject(project).doubted]
    assert found == [('one', 1), ('two', 1), ('one', 0), ('two', 0)]
