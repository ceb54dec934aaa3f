"""When the hub takes no more."""

import asyncio

import pytest

from video.errors import HubBusy
from video.guard import LOOK_S, Guard, Limits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def work(guard: Guard, clock: Clock, used: Clock, *, looks: int, share: float) -> None:
    """Let time pass in which the process has this share of the processor."""
    for _ in range(looks):
        clock.now += LOOK_S
        used.now += LOOK_S * share
        guard.look(0)


async def test_one_hiccup_is_no_overload_a_second_of_them_is() -> None:
    guard = Guard(Limits(lag_s=0.1, cpu=60))
    for late in [0, 0, 0.5, 0, 0]:
        guard.look(late)
    async with guard.joining():
        pass
    for _ in range(5):
        guard.look(0.2)
    with pytest.raises(HubBusy, match="200 ms late"):
        async with guard.joining():
            pytest.fail("an overloaded hub took a leg")


async def test_processor_in_use_is_measured_over_the_last_second() -> None:
    clock, used = Clock(), Clock()
    guard = Guard(Limits(cpu=0.8), clock=clock, cpu_time=used)
    work(guard, clock, used, looks=10, share=0.9)
    assert guard.cpu == pytest.approx(0.9)
    with pytest.raises(HubBusy, match="90%"):
        async with guard.joining():
            pytest.fail("an overloaded hub took a leg")
    work(guard, clock, used, looks=5, share=0.0)
    assert guard.cpu == pytest.approx(0.0)


async def test_a_start_that_took_the_processor_is_no_load() -> None:
    clock, used = Clock(), Clock()
    guard = Guard(Limits(cpu=0.8), clock=clock, cpu_time=used)
    work(guard, clock, used, looks=4, share=1.0)
    async with guard.joining():
        pass


async def test_few_join_at_a_time_some_wait_and_the_rest_come_later() -> None:
    guard = Guard(Limits(joining=2, waiting=3))
    go_on = asyncio.Event()
    inside = 0
    most = 0

    async def join() -> None:
        nonlocal inside, most
        async with guard.joining():
            inside += 1
            most = max(most, inside)
            await go_on.wait()
            inside -= 1

    tasks = [asyncio.create_task(join()) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert most == 2
    with pytest.raises(HubBusy, match="too many"):
        await join()
    go_on.set()
    await asyncio.gather(*tasks)
    await join()
