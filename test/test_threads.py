"""No thread dies in silence: whatever runs beside its maker has a test that makes it raise.

A thread, task, executor, callback of an event loop or process that raises has nobody to raise to.
Its error must be told, by a status, a log or the error of who waits for it, and it goes on or its
owner notices the end. To add one, add a row to PLACES, and the test that the row names.
"""

import ast
from collections import Counter
from typing import NamedTuple

import pytest
from helpers.imports import ROOT, python_files

PACKAGE = 'picosam_ros'

# What is made by the full name of a function or class, and what by a method of whatever object.
FUNCTIONS = {
    'threading.Thread',
    'threading.Timer',
    '_thread.start_new_thread',
    'concurrent.futures.ThreadPoolExecutor',
    'concurrent.futures.ProcessPoolExecutor',
    'multiprocessing.Process',
    'multiprocessing.Pool',
    'multiprocessing.pool.ThreadPool',
    'subprocess.Popen',
    'subprocess.run',
    'subprocess.call',
    'subprocess.check_call',
    'subprocess.check_output',
    'os.fork',
    'os.popen',
    'os.posix_spawn',
    'os.system',
    'asyncio.create_subprocess_exec',
    'asyncio.create_subprocess_shell',
    'asyncio.create_task',
    'asyncio.ensure_future',
    'asyncio.gather',
    'asyncio.run_coroutine_threadsafe',
    'asyncio.to_thread',
    'asyncio.TaskGroup',
    # A thread for each owner, who decides what becomes of its errors.
    'picosam_ros.worker.Worker',
}
METHODS = {
    'call_at',
    'call_later',
    'call_soon',
    'call_soon_threadsafe',
    'create_task',
    'run_in_executor',
    'Process',
}
# The arguments that name threads: keyword, or position.
NAMES = {
    'Thread': ('name', 2),
    'Timer': ('name', None),
    'ThreadPoolExecutor': ('thread_name_prefix', 1),
    'ThreadPool': (None, None),
}
PREFIX = 'picosam_'


class Place(NamedTuple):
    """Where something is made that runs beside its maker.

    Attributes:
        file: within the package.
        function: that makes it, with its class.
        maker: what is called.
        name: of the thread, as debuggers show it; empty for what is no thread.

    """

    file: str
    function: str
    maker: str
    name: str = ''


# Each place, and the test that makes it raise.
# fmt: off
PLACES = [
    (Place('cameras/process/child.py', '_run', 'Thread', 'picosam_calls'),
     'cameras/process/test_child.py::test_a_call_that_raises_is_answered_with_it'),
    (Place('cameras/process/child.py', '_progress_told', 'Process'),
     'cameras/process/test_child.py::test_a_progress_that_raises_is_not_known'),
    (Place('cameras/reader.py', 'CameraReader.start', 'Thread', 'picosam_camera'),
     'cameras/test_reader.py::'
     'test_a_camera_that_raises_anything_is_told_closed_and_opened_again'),
    (Place('cameras/v4l2.py', 'DeviceReader.__init__', 'Thread', 'picosam_reader'),
     'cameras/test_v4l2.py::'
     'test_a_thread_that_fails_is_told_as_it_failed_and_the_device_is_released'),
    (Place('commands/doctor/__init__.py', 'examine', 'ThreadPoolExecutor', 'picosam_doctor'),
     'commands/doctor/test_failing_checks.py::'
     'test_a_check_that_fails_is_a_finding_and_the_others_are_made'),
    (Place('commands/doctor/finding.py', 'run_isolated', 'run'),
     'commands/doctor/test_doctor_checks.py::'
     'test_an_outcome_holds_the_last_line_or_the_first_words_of_the_error'),
    (Place('engines/cascade.py', 'CascadeEngine.__init__', 'Worker'),
     'engines/test_cascade.py::'
     'test_a_slow_thread_that_fails_before_its_engine_is_told_and_tries_again'),
    (Place('labelling/workers.py', '_Worker.__init__', 'Process'),
     'labelling/test_workers.py::test_an_error_that_nobody_foresaw_comes_with_its_traceback'),
    (Place('nodes/cloud.py', 'CloudNode.__init__', 'Worker'),
     'ros/cloud/test_cloud_worker.py::'
     'test_work_that_fails_is_an_error_and_counted_and_the_next_images_are_taken'),
    (Place('python_process.py', 'run_python', 'Popen'),
     'engines/test_trial.py::test_a_file_that_ends_its_process_is_refused_with_a_sentence'),
    (Place('label_pages/threads.py', 'PageThreads.__init__', 'ThreadPoolExecutor',
           'picosam_answers'),
     'review/test_review_site.py::'
     'test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered'),
    (Place('label_pages/threads.py', 'PageThreads.__init__', 'ThreadPoolExecutor',
           'picosam_images'),
     'review/test_review_site.py::'
     'test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered'),
    (Place('label_pages/threads.py', 'PageThreads.__init__', 'ThreadPoolExecutor',
           'picosam_engine'),
     'review/test_review_site.py::'
     'test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered'),
    (Place('label_pages/threads.py', '_in', 'run_in_executor'),
     'review/test_review_site.py::'
     'test_an_error_in_a_thread_is_told_to_the_page_and_the_owner_and_the_next_is_answered'),
    (Place('ros/callback_thread.py', 'CallbackThread.start', 'Thread', 'picosam_callbacks'),
     'ros/test_callback_thread.py::test_a_thread_that_fails_outside_of_callbacks_is_told_and_goes_on'),
    (Place('ros/demo/node_process.py', 'NodeProcess.__init__', 'Popen'),
     'ros/demo/test_node_process.py::test_if_it_fails_that_is_said'),
    (Place('ros/demo/node_process.py', 'NodeProcess.__init__', 'Thread', 'picosam_stderr'),
     'ros/demo/test_node_process.py::test_if_it_cannot_be_read_it_is_ended_and_that_is_said'),
    (Place('ros/segmentation/node.py', 'SegmentationNode.__init__', 'Worker'),
     'ros/segmentation/test_segmentation_node.py::'
     'test_an_engine_that_fails_is_an_error_until_it_answers_again'),
    (Place('simulation/clock.py', 'ThreadLoop.__init__', 'Thread', 'picosam_simulation'),
     'simulation/test_simulated_camera.py::'
     'test_a_host_camera_that_fails_is_told_to_who_waits'),
    (Place('viewer/camera_view.py', 'CameraView.__init__', 'Worker'),
     'viewer/test_camera_view.py::'
     'test_an_engine_that_fails_is_told_and_goes_on_with_the_next_frame'),
    (Place('viewer/frames.py', 'JpegEncoder.__init__', 'ThreadPoolExecutor', 'picosam_encode'),
     'viewer/test_failures.py::'
     'test_an_image_on_which_the_encoder_fails_is_told_once_and_the_next_one_is_shown'),
    (Place('viewer/frames.py', 'JpegEncoder.encode', 'run_in_executor'),
     'viewer/test_failures.py::'
     'test_an_image_on_which_the_encoder_fails_is_told_once_and_the_next_one_is_shown'),
    (Place('viewer/frames.py', 'JpegEncoder.encode_full', 'run_in_executor'),
     'viewer/test_full_images.py::'
     'test_one_that_cannot_be_read_again_is_gone_and_the_reason_is_told'),
    (Place('viewer/preview_thread.py', 'PreviewThread.__init__', 'ThreadPoolExecutor',
           'picosam_preview'),
     'viewer/test_camera_view.py::test_why_there_is_no_mask_is_told'),
    (Place('viewer/web_server.py', 'WebServer.__init__', 'Thread', 'picosam_web'),
     'viewer/test_failures.py::'
     'test_a_server_that_fails_at_its_start_says_so_and_leaves_its_port'),
    (Place('viewer/web_server.py', 'WebServer._serve', 'create_task'),
     'viewer/test_viewer_connections.py::test_a_server_that_can_accept_no_more_says_so_and_ends'),
    (Place('viewer/web_server.py', 'WebServer._serve', 'create_task'),
     'viewer/test_failures.py::'
     'test_closing_idle_connections_that_fails_is_reported_and_tried_again'),
    (Place('viewer/web_server.py', 'WebServer.call', 'call_soon_threadsafe'),
     'viewer/test_failures.py::'
     'test_a_call_of_another_thread_that_fails_is_reported_and_the_next_one_is_done'),
    (Place('viewer/site.py', 'Site._close_connections', 'gather'),
     'viewer/test_failures.py::'
     'test_a_connection_that_cannot_be_closed_is_reported_and_the_server_ends'),
    (Place('viewer/site.py', 'Site._connect', 'call_later'),
     'viewer/test_failures.py::test_a_connection_that_cannot_be_aborted_is_reported'),
    (Place('viewer/site.py', 'Site._run_ticks', 'create_task'),
     'viewer/test_failures.py::'
     'test_a_tick_that_fails_is_reported_and_the_next_ones_send_statistics'),
    (Place('viewer/site.py', '_run_both', 'create_task'),
     'viewer/test_failures.py::test_a_message_that_cannot_be_sent_ends_its_connection_alone'),
    (Place('viewer/site.py', '_run_both', 'create_task'),
     'viewer/test_failures.py::'
     'test_a_message_on_which_the_backend_fails_ends_its_connection_alone'),
    (Place('viewer/site.py', '_run_both', 'gather'),
     'viewer/test_failures.py::'
     'test_a_message_on_which_the_backend_fails_ends_its_connection_alone'),
    (Place('viewer/recording.py', 'RecordingDownload.__init__', 'ThreadPoolExecutor',
           'picosam_recording'),
     'viewer/test_recording_download.py::'
     'test_one_that_cannot_be_put_together_is_reported_alone'),
    (Place('viewer/recording.py', 'RecordingDownload.serve', 'run_in_executor'),
     'viewer/test_recording_download.py::'
     'test_one_that_cannot_be_put_together_is_reported_alone'),
    (Place('viewer/upload.py', 'Upload.__init__', 'ThreadPoolExecutor', 'picosam_picture'),
     'viewer/test_pictures.py::test_a_picture_on_which_the_viewer_fails_is_reported_alone'),
    (Place('viewer/upload.py', 'Upload._take', 'run_in_executor'),
     'viewer/test_pictures.py::test_a_picture_on_which_the_viewer_fails_is_reported_alone'),
    (Place('worker.py', 'Worker.start', 'Thread', 'picosam_worker'),
     'test_worker.py::'
     'test_an_error_that_cannot_be_reported_is_logged_and_the_next_thing_is_done'),
]
# fmt: on


class Finder(ast.NodeVisitor):
    """Finds the places of one file."""

    def __init__(self, file):
        self.places = []
        self._file = file
        self._scope = []
        self._imported = {}

    def visit_Import(self, node):
        for alias in node.names:
            top = alias.name.partition('.')[0]
            self._imported[alias.asname or top] = alias.name if alias.asname else top

    def visit_ImportFrom(self, node):
        for alias in node.names:
            self._imported[alias.asname or alias.name] = f'{node.module}.{alias.name}'

    def visit_ClassDef(self, node):
        for base in node.bases:
            # A subclass of Thread or Process hides its makers: this house has none.
            if self._full_name(base) in FUNCTIONS:
                self._add(node.name, '')
        self._visit_within(node)

    def visit_FunctionDef(self, node):
        self._visit_within(node)

    def visit_AsyncFunctionDef(self, node):
        self._visit_within(node)

    def visit_Call(self, node):
        # A class with type arguments, as in `Worker[Frame](…)`, is the class.
        called = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        full = self._full_name(called)
        method = called.attr if isinstance(called, ast.Attribute) else ''
        if full in FUNCTIONS or method in METHODS:
            maker = full.rpartition('.')[2] if full in FUNCTIONS else method
            self._add(maker, _thread_name(maker, node))
        self.generic_visit(node)

    def _visit_within(self, node):
        self._scope.append(node.name)
        self.generic_visit(node)
        self._scope.pop()

    def _add(self, maker, name):
        self.places.append(Place(self._file, '.'.join(self._scope), maker, name))

    def _full_name(self, node):
        """Return the dotted name, as imported; empty for what is no such name."""
        if isinstance(node, ast.Name):
            return self._imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f'{self._full_name(node.value)}.{node.attr}'
        return ''


def _thread_name(maker, call):
    """Return the name that a call gives to its thread, `?` where it gives none."""
    if maker not in NAMES:
        return ''
    keyword, position = NAMES[maker]
    given = [each.value for each in call.keywords if each.arg == keyword]
    if not given and position is not None:
        given = call.args[position : position + 1]
    return given[0].value if given and isinstance(given[0], ast.Constant) else '?'


def places_of(text, file='file.py'):
    finder = Finder(file)
    finder.visit(ast.parse(text))
    return finder.places


def found():
    return [
        place
        for path in python_files(PACKAGE)
        for place in places_of(path.read_text(), str(path.relative_to(ROOT / PACKAGE)))
    ]


def test_whatever_runs_beside_its_maker_has_a_test_that_makes_it_raise():
    here, listed = Counter(found()), Counter(place for place, _ in PLACES)
    new, gone = list((here - listed).elements()), list((listed - here).elements())
    assert not new, 'add a row to PLACES, with a test that makes it raise: ' + '\n'.join(
        map(str, new)
    )
    assert not gone, 'remove from PLACES: ' + '\n'.join(map(str, gone))


def test_threads_have_names_that_tell_whose_they_are():
    names = [place.name for place in found() if place.maker in NAMES]
    assert all(name.startswith(PREFIX) for name in names), names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('test', sorted({test for _, test in PLACES}))
def test_the_tests_of_the_table_are_there(test):
    file, _, name = test.partition('::')
    defined = [
        node.name
        for node in ast.walk(ast.parse((ROOT / 'test' / file).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert name in defined


@pytest.mark.parametrize(
    ('text', 'maker', 'name'),
    [
        ('import threading as t; t.Thread(target=f, name="x")', 'Thread', 'x'),
        ('from threading import Thread; Thread(None, f, "x")', 'Thread', 'x'),
        ('from threading import Thread as T; T(target=f)', 'Thread', '?'),
        ('import threading; threading.Timer(1, f)', 'Timer', '?'),
        ('import threading\nclass Mine(threading.Thread): pass', 'Mine', ''),
        ('from concurrent.futures import ThreadPoolExecutor as P; P(1, "x")',
         'ThreadPoolExecutor', 'x'),
        ('import concurrent.futures as c; c.ThreadPoolExecutor()', 'ThreadPoolExecutor', '?'),
        ('import multiprocessing; multiprocessing.get_context("spawn").Process()', 'Process', ''),
        ('import multiprocessing; multiprocessing.Process()', 'Process', ''),
        ('context.Process(target=f)', 'Process', ''),
        ('import subprocess; subprocess.check_output("ls")', 'check_output', ''),
        ('from subprocess import Popen; Popen("ls")', 'Popen', ''),
        ('async def f(): asyncio.get_running_loop().create_task(g())', 'create_task', ''),
        ('loop.run_in_executor(None, f)', 'run_in_executor', ''),
        ('from picosam_ros.worker import Worker; Worker[int](f, g)', 'Worker', ''),
    ],
)  # fmt: skip
def test_it_finds_what_runs_beside_its_maker_however_it_is_written(text, maker, name):
    [place] = places_of(text)
    assert (place.maker, place.name) == (maker, name)


def test_what_runs_in_its_makers_thread_is_no_such_place():
    assert not places_of('from picosam_ros.ros.managed_node import run; run(f); Thread(); gather()')
