import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from data.hj212.stream import LONGEST_FRAME, FrameScanner, Garbage

FRAMES = st.builds(
    Frame,
    cn=st.sampled_from(["2011", "2051"]),
    qn=st.from_regex(r"\d{17}", fullmatch=True),
    mn=st.from_regex(r"[0-9A-F]{14}", fullmatch=True),
    flag=st.sampled_from([4, 5]),
    cp=st.lists(st.from_regex(r"w\d{5}-Rtd=\d{1,3}\.\d", fullmatch=True), max_size=20).map(";".join),
).map(bytes)

# Noise that neither begins a frame nor hides the beginning of the next one.
NOISE = st.binary(max_size=60).map(lambda noise: noise.replace(b"#", b"."))


def chopped(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def scan(pieces: list[bytes]) -> list[bytes | Garbage]:
    scanner = FrameScanner()
    found = [item for piece in pieces for item in scanner.feed(piece)]
    return [*found, *scanner.flush()]


def frames(items: list[bytes | Garbage]) -> list[bytes]:
    return [item.rstrip() for item in items if isinstance(item, bytes)]


def good(items: list[bytes | Garbage]) -> list[bytes]:
    found = []
    for item in frames(items):
        try:
            Frame.parse(item)
        except FrameError:
            continue
        found.append(item)
    return found


@given(st.lists(st.tuples(NOISE, FRAMES), max_size=6), st.lists(st.integers(0, 200), max_size=30))
def test_every_good_frame_is_found_in_any_chopping_and_between_noise(parts, sizes):
    stream = b"".join(noise + frame for noise, frame in parts)
    assert frames(scan(chopped(stream, sizes))) == [frame.rstrip() for _, frame in parts]


@given(
    st.lists(FRAMES, min_size=1, max_size=4), st.sampled_from([b"\n", b"", b"\r\n\r\n", b"\r\n  "]), st.integers(1, 50)
)
def test_other_line_ends_are_read_too(printed, line_end, size):
    stream = b"".join(frame.rstrip() + line_end for frame in printed)
    pieces = [stream[place : place + size] for place in range(0, len(stream), size)]
    assert frames(scan(pieces)) == [frame.rstrip() for frame in printed]


@given(FRAMES, FRAMES, FRAMES, st.data())
def test_a_damaged_frame_never_takes_its_neighbours_along(before, damaged, after, draw):
    place = draw.draw(st.integers(0, len(damaged) - 3))
    kind = draw.draw(st.sampled_from(["wrong byte", "cut short", "byte missing", "byte too many"]))
    odd = bytes([draw.draw(st.integers(0, 255).filter(lambda byte: byte not in b"#"))])
    damaged = {
        "wrong byte": damaged[:place] + odd + damaged[place + 1 :],
        "cut short": damaged[:place],
        "byte missing": damaged[:place] + damaged[place + 1 :],
        "byte too many": damaged[:place] + odd + damaged[place:],
    }[kind]
    found = good(scan([before + damaged + after]))
    assert found[0] == before.rstrip()
    assert found[-1] == after.rstrip()


@given(st.binary(max_size=500), st.integers(1, 40))
def test_nothing_but_blanks_is_swallowed(data, size):
    items = scan([data[place : place + size] for place in range(0, len(data), size)])
    seen = b"".join(item.data if isinstance(item, Garbage) else item for item in items)
    blanks = str.maketrans("", "", "\r\n \t\0")
    assert seen.decode("latin-1").translate(blanks) == data.decode("latin-1").translate(blanks)


def test_a_frame_is_handed_on_without_waiting_for_its_line_end():
    frame = bytes(Frame(cn="2011", flag=4)).rstrip()
    scanner = FrameScanner()
    assert list(scanner.feed(frame)) == [frame]
    assert list(scanner.feed(b"\r\n")) == []


def test_a_length_that_swallows_the_next_frame_is_not_believed():
    good_one = bytes(Frame(cn="2011", flag=4, cp="DataTime=20240601080000"))
    liar = b"##%04d" % (len(good_one) - 10 + len(good_one)) + good_one[6:]
    assert scan([liar + good_one]) == [liar, good_one]


def test_a_start_inside_a_remark_is_no_start():
    frame = bytes(Frame(cn="2011", flag=4, cp="i11001-Info=##1 restarted##0101"))
    assert scan([frame + frame]) == [frame, frame]


@pytest.mark.parametrize("endless", [b"A" * 1000, b"##0999QN=" + b"1" * 991, b"##9999" * 100, b"#" * 1000, b"##"])
def test_a_peer_that_never_ends_its_line_cannot_fill_the_memory(endless):
    scanner = FrameScanner()
    for _ in range(100):
        list(scanner.feed(endless))
        assert scanner.held <= LONGEST_FRAME + len(endless)
    good_one = bytes(Frame(cn="2011", flag=4))
    assert good(list(scanner.feed(b"\r\n" + good_one))) == [good_one.rstrip()]


def test_a_frame_just_behind_the_longest_unfinished_one_is_found():
    good_one = bytes(Frame(cn="2011", flag=4))
    for over in range(-4, 5):
        unfinished = (b"##9999" + b"x" * LONGEST_FRAME)[: LONGEST_FRAME + over]
        assert good(scan([unfinished + good_one])) == [good_one.rstrip()]


def test_noise_is_reported_in_one_piece_with_its_place():
    scanner = FrameScanner()
    frame = bytes(Frame(cn="2011", flag=4))
    items = [(scanner.at, item) for piece in (frame, b"GET / ", b"HTTP/1.1\r\n", frame) for item in scanner.feed(piece)]
    assert [at for at, _ in items] == [0, len(frame), len(frame) + 16]
    assert isinstance(items[1][1], Garbage)
    assert items[1][1].data == b"GET / HTTP/1.1\r\n"
