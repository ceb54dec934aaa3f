import asyncio
import logging
from collections.abc import Sequence
from contextlib import asynccontextmanager

import pytest

from data.hj212.errors import StoreUnavailable
from data.hj212.frame import Frame
from data.hj212.gateway import Arrival, Limits, Verdict, serve_gateway

PATIENT = 10.0  # seconds until a hanging test is a failed one


class Store:
    """A `take` that remembers, waits while `open` is clear, and raises what it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[Arrival]] = []
        self.faults: list[BaseException] = []
        self.poison: bytes | None = None
        self.refused: set[str | None] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.called = asyncio.Event()

    @property
    def arrivals(self) -> list[Arrival]:
        return [arrival for batch in self.batches for arrival in batch]

    async def __call__(self, arrivals: Sequence[Arrival]) -> Sequence[Verdict]:
        self.called.set()
        await self.open.wait()
        if self.faults:
            raise self.faults.pop(0)
        if self.poison is not None and any(self.poison in arrival.raw for arrival in arrivals):
            raise ValueError("cannot digest")
        self.batches.append(list(arrivals))
        return [Verdict(a.frame is not None and a.frame.mn not in self.refused) for a in arrivals]


class Logger:
    """A field logger on a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *raws: bytes) -> None:
        self.writer.write(b"".join(raws))
        await self.writer.drain()

    async def answer(self) -> Frame:
        async with asyncio.timeout(PATIENT):
            return Frame.parse(await self.reader.readuntil(b"\r\n"))

    async def rest(self) -> bytes:
        """What comes until the gateway closes the connection, gently or not."""
        async with asyncio.timeout(PATIENT):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def serving(store: Store, **limits: object):
    gateway = await serve_gateway(
        "127.0.0.1", 0, take=store, limits=Limits(**{"retry_pauses_s": (0, 0, 0), "closing_s": PATIENT, **limits})
    )
    loggers = []

    async def connect() -> Logger:
        loggers.append(Logger(*await asyncio.open_connection("127.0.0.1", gateway.port)))
        return loggers[-1]

    gateway.connect = connect
    try:
        yield gateway
    finally:
        store.open.set()
        async with asyncio.timeout(PATIENT):
            await gateway.close()
        for logger in loggers:
            logger.writer.close()


def upload(number: int, flag: int | None = 5, **header: object) -> bytes:
    cp = "DataTime=20240601080000;w01018-Rtd=52,w01018-Flag=N"
    said = {"cn": "2011", "qn": f"20240601080000{number:03d}", "st": "32", "pw": "1", "mn": "8173", "cp": cp}
    return bytes(Frame(**{**said, "flag": flag, **header}))


async def until(condition) -> None:
    async with asyncio.timeout(PATIENT):
        while not condition():
            await asyncio.sleep(0)


async def test_the_answer_comes_only_after_the_store_has_committed():
    store = Store()
    store.open.clear()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1))
        await asyncio.wait_for(store.called.wait(), PATIENT)
        waiting = asyncio.create_task(logger.answer())
        await until(lambda: gateway.counts.frames == 1)
        assert not waiting.done()
        assert not store.batches
        store.open.set()
        answer = await waiting
        assert (answer.cn, answer.qn) == ("9014", "20240601080000001")
        assert len(store.arrivals) == 1
        assert store.arrivals[0].raw == upload(1)


async def test_who_did_not_ask_hears_nothing():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1, flag=4), upload(2, flag=None), upload(3))
        assert (await logger.answer()).qn == "20240601080000003"
        assert len(store.arrivals) == 3


async def test_answers_keep_the_order_of_their_frames():
    store = Store()
    async with serving(store, batch_frames=7, in_flight_frames=5, waiting_frames=20) as gateway:
        loggers = [await gateway.connect() for _ in range(3)]
        for logger in loggers:
            await logger.send(*(upload(number) for number in range(200)))
        for logger in loggers:
            assert [(await logger.answer()).qn[-3:] for _ in range(200)] == [f"{n:03d}" for n in range(200)]
        assert max(map(len, store.batches)) == 7


async def test_what_comes_during_a_commit_is_one_batch():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        store.open.clear()
        await logger.send(upload(0))
        await asyncio.wait_for(store.called.wait(), PATIENT)
        others = [await gateway.connect() for _ in range(5)]
        for number, other in enumerate(others, 1):
            await other.send(upload(number), upload(number + 10))
        await until(lambda: gateway.counts.frames == 11)
        store.open.set()
        for other in others:
            await other.answer()
        assert [len(batch) for batch in store.batches] == [1, 10]


async def test_a_refused_device_gets_no_answer_and_its_neighbour_does():
    store = Store()
    store.refused = {"unknown"}
    async with serving(store) as gateway:
        stranger, friend = await gateway.connect(), await gateway.connect()
        await stranger.send(upload(1, mn="unknown"))
        await friend.send(upload(2))
        assert (await friend.answer()).qn == "20240601080000002"
        await stranger.send(upload(3))
        assert (await stranger.answer()).qn == "20240601080000003"


async def test_a_damaged_frame_is_handed_over_with_its_error_and_the_connection_lives_on():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1).replace(b"Rtd=52", b"Rtd=53"), b"\x00noise\r\n", upload(2)[:40], upload(3))
        assert (await logger.answer()).qn == "20240601080000003"
        kinds = [arrival.error and arrival.error.kind for arrival in store.arrivals]
        assert kinds == ["bad_crc", "bad_structure", "bad_structure", None]
        assert gateway.counts.damaged == 3


async def test_frames_in_pieces_are_put_together():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        raw = upload(1)
        for place in range(0, len(raw), 9):
            await logger.send(raw[place : place + 9])
            await asyncio.sleep(0)
        assert (await logger.answer()).qn == "20240601080000001"


async def test_one_connection_may_mix_the_dialects():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1, flag=1), upload(2, flag=5), upload(3, flag=9), upload(4, cn="9015", flag=8, cp=""))
        old, new, newest, heartbeat = [await logger.answer() for _ in range(4)]
        assert (old.dialect, old.qn, old.parameters["QN"]) == ("2005", None, "20240601080000001")
        assert (new.cn, new.flag, newest.flag) == ("9014", 4, 8)
        assert (heartbeat.cn, heartbeat.flag) == ("9013", 8)


async def test_each_piece_of_a_split_upload_is_answered_and_readable():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        cp = "DataTime=20240601080000;w01018-Rtd=194.2,w01018-Flag=N"
        await logger.send(upload(1, flag=7, pnum=2, pno=1, cp=cp[:37]))
        assert (await logger.answer()).qn == "20240601080000001"
        await logger.send(upload(2, flag=7, pnum=2, pno=2, cp=cp[37:]))
        assert (await logger.answer()).qn == "20240601080000002"
        assert store.arrivals[1].frame.cp == cp
        assert store.arrivals[1].raw == upload(2, flag=7, pnum=2, pno=2, cp=cp[37:])


async def test_a_store_that_comes_back_gets_the_same_batch_again(caplog):
    caplog.set_level(logging.INFO, "data.hj212.gateway")
    store = Store()
    store.faults = [StoreUnavailable("restarting"), ConnectionResetError("gone")]
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1))
        assert (await logger.answer()).qn == "20240601080000001"
    assert len([line for line in caplog.messages if "cannot be stored" in line]) == 1
    assert len([line for line in caplog.messages if "stored again" in line]) == 1


async def test_a_store_that_stays_away_means_no_answer_but_no_lost_connection():
    store = Store()
    store.faults = [StoreUnavailable("down")] * 4
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1))
        await until(lambda: gateway.counts.unstored == 1)
        await logger.send(upload(1))  # the device tries again
        assert (await logger.answer()).qn == "20240601080000001"
        assert gateway.counts.acknowledged == 1


async def test_a_frame_that_the_store_stumbles_over_does_not_take_its_batch_along():
    store = Store()
    store.poison = b"080000005;"
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(*(upload(number) for number in range(9)))
        got = [(await logger.answer()).qn[-3:] for _ in range(8)]
        assert got == [f"{number:03d}" for number in range(9) if number != 5]
        assert gateway.counts.unstored == 1


async def test_wrong_number_of_verdicts_acknowledges_nothing():
    class Forgetful(Store):
        async def __call__(self, arrivals):
            return (await super().__call__(arrivals))[1:]

    async with serving(Forgetful()) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1), upload(2))
        await until(lambda: gateway.counts.unstored == 2)
        assert gateway.counts.acknowledged == 0


async def test_a_slow_store_stops_the_reading_not_the_memory():
    store = Store()
    store.open.clear()
    async with serving(store, in_flight_frames=10) as gateway:
        logger = await gateway.connect()
        sending = asyncio.create_task(logger.send(*[upload(1, flag=4)] * 20_000))
        await asyncio.wait_for(store.called.wait(), PATIENT)
        for _ in range(500):
            await asyncio.sleep(0)
        assert gateway.counts.frames < 10 + 16 * 1024 / len(upload(1, flag=4)) + 1
        store.open.set()
        await sending
        await until(lambda: len(store.arrivals) == 20_000)


async def test_a_peer_that_hangs_up_is_still_stored_and_answered():
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1), upload(2).rstrip())
        logger.writer.write_eof()
        assert (await logger.rest()).count(b"CN=9014") == 2


async def test_a_silent_peer_is_closed():
    async with serving(Store(), idle_s=0.01) as gateway:
        logger = await gateway.connect()
        assert await logger.rest() == b""


async def test_a_peer_that_is_no_logger_is_closed():
    store = Store()
    async with serving(store, noise_bytes=1000) as gateway:
        stranger = await gateway.connect()
        await stranger.send(b"GET / HTTP/1.1\r\n" * 2000)
        assert await stranger.rest() == b""
        friend = await gateway.connect()
        await friend.send(upload(1))
        await friend.answer()


async def test_one_connection_too_many_is_refused_until_one_leaves():
    async with serving(Store(), connections=1) as gateway:
        first = await gateway.connect()
        await first.send(upload(1))
        await first.answer()
        second = await gateway.connect()
        assert await second.rest() == b""
        assert gateway.counts.refused_connections == 1
        first.writer.close()
        await until(lambda: gateway.open_connections == 0)
        third = await gateway.connect()
        await third.send(upload(3))
        await third.answer()


async def test_closing_stores_and_answers_what_has_been_read():
    store = Store()
    store.open.clear()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        await logger.send(upload(1), upload(2))
        await until(lambda: gateway.counts.frames == 2)
        closing = asyncio.create_task(gateway.close())
        await asyncio.sleep(0)
        store.open.set()
        await closing
        assert (await logger.rest()).count(b"CN=9014") == 2
        with pytest.raises(ConnectionRefusedError):
            await gateway.connect()


async def test_damage_is_said_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.INFO, "data.hj212.gateway")
    store = Store()
    async with serving(store) as gateway:
        logger = await gateway.connect()
        bad = upload(1).replace(b"Rtd=52", b"Rtd=53")
        await logger.send(*[bad] * 30, *[upload(2)] * 30)
        for _ in range(30):
            await logger.answer()
    assert len([line for line in caplog.messages if "damaged frame" in line]) == 1
    assert len([line for line in caplog.messages if "clean frames again" in line]) == 1
