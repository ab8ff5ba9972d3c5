"""Which job runs when, and what follows from the end of one for others."""

import heapq
import threading
from collections.abc import Callable
from itertools import count

from farm_containers import attempt, settings
from farm_containers.attempt import Attempt
from farm_containers.retries import tries_again

DEPENDENT_FAILED = "Dependent Job failed"
CHILD_FAILED = "Array Child Job failed"
OVER = ("SUCCEEDED", "FAILED")

# Held by whoever reads or changes what a job is.
lock = threading.RLock()
runnable: list[tuple[int, int, "Unit"]] = []
running = 0
numbers = count()


class Unit:
    """What runs: a job, or a child of an array. `job` is moto's, which holds the status."""

    def __init__(self, job, index: int, about: dict):
        self.job = job
        self.index = index
        self.about = about
        self.whole: Whole
        self.attempts: list[Attempt] = []
        self.attempt: Attempt | None = None
        self.stop_reason: str | None = None
        self.terminated = self.cancelled = False
        self.stopped_at: int | None = None


class Whole:
    """A job as it was submitted, with its children where it is an array."""

    def __init__(self, job, units: list[Unit], tell: Callable):
        self.job = job
        self.units = units
        self.tell = tell
        self.number = next(numbers)
        self.left = len(units)
        self.waits_for = 0
        self.dependents: list[Whole] = []
        self.stop_reason: str | None = None
        self.terminated = self.cancelled = False
        self.stopped_at: int | None = None
        for unit in units:
            unit.whole = self

    @property
    def is_array(self) -> bool:
        return self.units[0].job is not self.job


def change(whole: Whole, job, status: str, reason: str | None = None) -> None:
    job.status = status
    job.job_stopped_reason = reason
    whole.tell(job)


def submit(whole: Whole, dependencies: list[Whole]) -> None:
    with lock:
        if whole.is_array:
            change(whole, whole.job, "SUBMITTED")
            change(whole, whole.job, "PENDING")
        for unit in whole.units:
            change(whole, unit.job, "SUBMITTED")
        failed = False
        for other in dependencies:
            if other.job.status not in OVER:
                other.dependents.append(whole)
                whole.waits_for += 1
            failed |= other.job.status == "FAILED"
        if failed:
            fail_those_that_wait(whole)
        elif whole.waits_for:
            for unit in whole.units:
                change(whole, unit.job, "PENDING")
        else:
            release(whole)


def release(whole: Whole) -> None:
    for unit in whole.units:
        if unit.job.status in OVER:
            continue
        if unit.stop_reason is not None:
            end(unit, "FAILED", unit.stop_reason)
        else:
            make_runnable(unit)
    start_some()


def make_runnable(unit: Unit) -> None:
    change(unit.whole, unit.job, "RUNNABLE")
    heapq.heappush(runnable, (unit.whole.number, unit.index, unit))


def start_some() -> None:
    global running
    while runnable and running < settings.SETTINGS.slots:
        _, _, unit = heapq.heappop(runnable)
        if unit.job.status != "RUNNABLE":
            continue
        running += 1
        number = len(unit.attempts) + 1
        unit.attempt = Attempt(unit.job.job_id, number, unit.about)
        change(unit.whole, unit.job, "STARTING")
        threading.Thread(target=run, args=[unit, unit.attempt], daemon=True).start()


def run(unit: Unit, this: Attempt) -> None:
    global running

    def tell() -> None:
        with lock:
            change(unit.whole, unit.job, "RUNNING")

    this.run(tell)
    with lock:
        running -= 1
        unit.attempt = None
        unit.attempts.append(this)
        if unit.stop_reason is not None:
            this.status_reason = unit.stop_reason
        follow(unit, this)
        start_some()


def follow(unit: Unit, this: Attempt) -> None:
    """What comes after an attempt: the end, or another one."""
    # Neither what was stopped nor what was too late is tried again, or has succeeded.
    final = unit.stop_reason is not None or this.status_reason == attempt.TIMED_OUT
    if this.exit_code == 0 and not final:
        end(unit, "SUCCEEDED", this.status_reason)
        return
    strategy = unit.about["retry"]
    if not final and len(unit.attempts) < strategy.get("attempts", 1):
        rules = strategy.get("evaluateOnExit", [])
        if tries_again(rules, this.exit_code, this.reason or "", this.status_reason):
            make_runnable(unit)
            return
    end(unit, "FAILED", this.status_reason)


def end(unit: Unit, status: str, reason: str) -> None:
    whole = unit.whole
    unit.stopped_at = attempt.now()
    change(whole, unit.job, status, reason)
    whole.left -= 1
    if whole.left:
        return
    if whole.is_array:
        whole.stopped_at = unit.stopped_at
        if all(each.job.status == "SUCCEEDED" for each in whole.units):
            change(whole, whole.job, "SUCCEEDED")
        elif all(each.job.job_stopped_reason == DEPENDENT_FAILED for each in whole.units):
            change(whole, whole.job, "FAILED", DEPENDENT_FAILED)
        else:
            change(whole, whole.job, "FAILED", whole.stop_reason or CHILD_FAILED)
    for other in whole.dependents:
        other.waits_for -= 1
        if whole.job.status == "FAILED":
            fail_those_that_wait(other)
        elif not other.waits_for:
            release(other)


def fail_those_that_wait(whole: Whole) -> None:
    for unit in whole.units:
        if unit.job.status in ("SUBMITTED", "PENDING"):
            end(unit, "FAILED", unit.stop_reason or DEPENDENT_FAILED)


def stop(whole: Whole, units: list[Unit], reason: str, terminate: bool) -> None:
    with lock:
        if units is whole.units and whole.job.status not in OVER:
            whole.stop_reason = whole.stop_reason or reason
            mark(whole, terminate)
        for unit in units:
            status = unit.job.status
            if status in OVER or (status in ("STARTING", "RUNNING") and not terminate):
                continue
            unit.stop_reason = unit.stop_reason or reason
            mark(unit, terminate)
            if status == "RUNNABLE":
                end(unit, "FAILED", unit.stop_reason)
            elif unit.attempt:
                unit.attempt.stop_asked.set()
            # What waits for others ends when they have.


def mark(it: Unit | Whole, terminate: bool) -> None:
    it.terminated |= terminate
    it.cancelled |= not terminate
