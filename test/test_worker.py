import threading

import pytest

from picosam_ros.worker import NewestSlot, TurnLock, Worker

PATIENCE = 30.0


def fail(error):
    raise AssertionError('no error was expected') from error


class Desk:
    """Work that shows what came, and waits at the gate."""

    def __init__(self) -> None:
        self.done = []
        self.waits = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def work(self, thing, waited_ms):
        self.waits.append(waited_ms)
        self.begun.release()
        assert self.gate.acquire(timeout=PATIENCE)
        self.done.append(thing)

    def wait_until_it_begins(self):
        assert self.begun.acquire(timeout=PATIENCE)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def worker(desk):
    worker = Worker(desk.work, fail)
    worker.start()
    yield worker
    desk.gate.release(1000)
    stopping = threading.Thread(target=worker.stop, daemon=True)
    stopping.start()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_the_newest_wins_and_what_it_replaced_is_counted(worker, desk):
    worker.offer(0)
    desk.wait_until_it_begins()
    for frame in range(1, 100):
        worker.offer(frame)
    assert worker.dropped == 98
    desk.gate.release(2)
    desk.wait_until_it_begins()
    worker.stop()
    assert desk.done == [0, 99]
    assert worker.dropped == 98


def test_what_is_offered_one_by_one_is_all_done_in_order(worker, desk):
    for frame in range(20):
        worker.offer(frame)
        desk.wait_until_it_begins()
        desk.gate.release()
    worker.stop()
    assert desk.done == list(range(20))
    assert worker.dropped == 0


def test_offering_does_not_wait_for_the_work(worker, desk):
    worker.offer('blocked')
    desk.wait_until_it_begins()
    thread = threading.Thread(
        target=lambda: [worker.offer(frame) for frame in range(1000)], daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert desk.done == []


def test_the_work_is_told_how_long_the_thing_waited(worker, desk):
    worker.offer(0)
    desk.wait_until_it_begins()
    worker.offer(1)
    assert not desk.begun.acquire(timeout=0.02)
    desk.gate.release(2)
    desk.wait_until_it_begins()
    assert 10 <= desk.waits[1] < 1e3 * PATIENCE
    assert 0 <= desk.waits[0] < 1e3 * PATIENCE


def test_an_error_goes_to_its_owner_and_the_next_thing_is_done():
    errors, done = [], threading.Event()

    def work(thing, _):
        if thing == 'bad':
            raise ValueError(thing)
        done.set()

    failed = threading.Event()

    def on_error(error):
        errors.append(error)
        failed.set()

    worker = Worker(work, on_error)
    worker.start()
    worker.offer('bad')
    assert failed.wait(PATIENCE)
    worker.offer('good')
    assert done.wait(PATIENCE)
    worker.stop()
    assert [str(error) for error in errors] == ['bad']


def test_stopping_finishes_what_is_worked_on_and_forgets_what_waits(worker, desk):
    worker.offer('now')
    desk.wait_until_it_begins()
    worker.offer('later')
    stopping = threading.Thread(target=worker.stop, daemon=True)
    stopping.start()
    # `stop` has emptied the slot once an offer is no longer taken.
    while not worker._slot._closed:
        stopping.join(0.001)
    assert stopping.is_alive()
    assert desk.done == []
    desk.gate.release(2)
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert desk.done == ['now']


def test_after_stop_nothing_is_taken_and_nothing_is_counted(worker, desk):
    worker.stop()
    worker.offer(1)
    worker.offer(2)
    assert worker.dropped == 0
    assert desk.waits == []


def test_a_stopped_worker_starts_again(worker, desk):
    worker.stop()
    worker.start()
    worker.offer('again')
    desk.wait_until_it_begins()
    desk.gate.release()
    worker.stop()
    assert desk.done == ['again']


def test_starting_and_stopping_twice_does_nothing_more(worker):
    thread = worker._thread
    worker.start()
    assert worker._thread is thread
    worker.stop()
    worker.stop()
    assert not thread.is_alive()


def test_stopping_a_worker_that_never_began_is_allowed(desk):
    Worker(desk.work, fail).stop()


def test_a_slot_returns_what_nobody_will_take():
    slot = NewestSlot()
    assert slot.put('old') is None
    assert slot.put('new') == 'old'
    assert slot.dropped == 1
    assert slot.close() == 'new'
    assert slot.put('late') == 'late'
    assert slot.close() is None
    assert slot.dropped == 1


def test_a_thing_is_taken_once_and_a_timeout_returns_none():
    slot = NewestSlot()
    slot.put('thing')
    assert slot.wait(0)
    assert slot.take(0) == 'thing'
    assert not slot.wait(0)
    assert slot.take(0.001) is None


def test_a_failure_is_raised_after_the_last_thing_was_taken():
    slot = NewestSlot()
    slot.put('last')
    slot.fail(ValueError('unplugged'))
    assert slot.take(0) == 'last'
    for _ in range(2):
        with pytest.raises(ValueError, match='unplugged'):
            slot.take(PATIENCE)
    slot.close()
    assert slot.take(0) is None


@pytest.mark.parametrize(
    ('act', 'taken'), [(lambda slot: slot.put('thing'), ['thing']), (NewestSlot.close, [None])]
)
def test_putting_and_closing_end_a_wait_in_another_thread(act, taken):
    slot, found = NewestSlot(), []
    thread = threading.Thread(target=lambda: found.append(slot.take()), daemon=True)
    thread.start()
    act(slot)
    thread.join(PATIENCE)
    assert found == taken


def test_a_slot_that_was_reopened_accepts_things_again():
    slot = NewestSlot()
    slot.close()
    slot.reopen()
    slot.put('thing')
    assert slot.take(0) == 'thing'


def test_an_error_that_cannot_be_reported_is_logged_and_the_next_thing_is_done(caplog):
    done = threading.Event()

    def work(thing, _):
        if thing == 'bad':
            begun.set()
            raise TypeError('of the work')
        done.set()

    def on_error(error):
        raise TypeError('of the report') from error

    begun = threading.Event()
    worker = Worker(work, on_error)
    worker.start()
    worker.offer('bad')
    assert begun.wait(PATIENCE)
    worker.offer('good')
    assert done.wait(PATIENCE)
    worker.stop()
    assert "a worker could not report TypeError('of the work')" in caplog.text
    assert 'of the report' in caplog.text


def test_a_worker_whose_thread_could_not_start_starts_at_the_next_try(desk, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    worker = Worker(desk.work, fail)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, 'start', refuse)
        with pytest.raises(RuntimeError, match='new thread'):
            worker.start()
    worker.stop()
    worker.start()
    worker.offer('thing')
    desk.wait_until_it_begins()
    desk.gate.release()
    worker.stop()
    assert desk.done == ['thing']


# The lock in turns


def test_threads_get_the_lock_in_the_order_in_which_they_asked():
    lock, order, threads = TurnLock(), [], []

    def take(number):
        with lock:
            order.append(number)

    with lock:
        assert not lock.wanted
        for number in range(5):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            while len(lock._waiting) <= number:
                threads[-1].join(0.001)
        assert lock.wanted
    # Whoever takes it again at once comes after those that wait.
    take('again')
    for thread in threads:
        thread.join(PATIENCE)
    assert order == [0, 1, 2, 3, 4, 'again']
    assert not lock.wanted


def test_who_fails_with_the_lock_lets_it_go():
    lock = TurnLock()
    with pytest.raises(ValueError, match='in the block'), lock:
        raise ValueError('in the block')
    with lock:
        pass


def test_who_leaves_while_waiting_gets_no_turn(monkeypatch):
    lock = TurnLock()

    class Interrupted:
        def __init__(self):
            self.asked = 0

        def acquire(self):
            self.asked += 1
            if self.asked == 2:
                raise KeyboardInterrupt

    with lock:
        with monkeypatch.context() as patch:
            patch.setattr(threading, 'Lock', Interrupted)
            with pytest.raises(KeyboardInterrupt), lock:
                pass
        assert not lock.wanted
    with lock:
        pass
