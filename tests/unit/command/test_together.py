"""Sharing one answer: never an older one than the question, never another's."""

import asyncio

import pytest

from command.together import Together


class Clerk:
    """Answers with how often it began to work, when told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def work(self) -> int:
        self.begun += 1
        begun = self.begun
        await self.may_end.wait()
        return begun


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_ask_before_the_work_begins_share_one_answer() -> None:
    clerk, together = Clerk(), Together[str, int]()
    asked = [asyncio.create_task(together.ask("list", clerk.work)) for _ in range(50)]
    await soon()
    clerk.may_end.set()
    assert await asyncio.gather(*asked) == [1] * 50
    assert clerk.begun == 1


async def test_who_asks_while_work_goes_on_is_given_a_fresh_answer() -> None:
    clerk, together = Clerk(), Together[str, int]()
    first = asyncio.create_task(together.ask("list", clerk.work))
    await soon()
    later = [asyncio.create_task(together.ask("list", clerk.work)) for _ in range(3)]
    await soon()
    assert clerk.begun == 1  # one at a time
    clerk.may_end.set()
    assert (await first, await asyncio.gather(*later)) == (1, [2, 2, 2])


async def test_other_questions_do_not_wait() -> None:
    slow, quick, together = Clerk(), Clerk(), Together[str, int]()
    asked = asyncio.create_task(together.ask("slow", slow.work))
    await soon()
    quick.may_end.set()
    assert await together.ask("quick", quick.work) == 1
    slow.may_end.set()
    assert await asked == 1


async def test_an_error_is_raised_to_all_who_wait_and_to_nobody_after_them() -> None:
    together = Together[str, int]()

    async def fail() -> int:
        raise LookupError("no such alert")

    async def succeed() -> int:
        return 7

    errors = await asyncio.gather(*(together.ask("list", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in errors] == ["no such alert"] * 3
    assert await together.ask("list", succeed) == 7


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    clerk, together = Clerk(), Together[str, int]()
    leaving, staying = (asyncio.create_task(together.ask("list", clerk.work)) for _ in range(2))
    await soon()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    clerk.may_end.set()
    assert await staying == 1
