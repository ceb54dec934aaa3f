from hypothesis import given
from hypothesis import strategies as st

from data.hj212.crc import crc16, modbus_crc16

EXAMPLE = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"


def bit_by_bit(data: bytes) -> int:
    """The checksum as the standard's annex tells it."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= 0xA001
    return register


def test_the_example_of_the_standard_has_its_checksum():
    assert len(EXAMPLE) == 101
    assert crc16(EXAMPLE) == 0x1C80


def test_short_inputs_have_the_published_checksums():
    assert crc16(b"") == 0xFFFF
    assert crc16(b"\0") == 0x4040
    clock = b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&"
    assert crc16(clock) == 0x2200


def test_modbus_is_another_checksum():
    assert modbus_crc16(EXAMPLE) == 0x0759
    assert modbus_crc16(b"123456789") == 0x4B37


@given(st.binary(max_size=3000))
def test_folding_gives_what_the_bits_give(data):
    assert crc16(data) == bit_by_bit(data)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_single_wrong_byte_changes_the_checksum(data, draw):
    place = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda other: other != data[place]))
    assert crc16(data[:place] + bytes([byte]) + data[place + 1 :]) != crc16(data)


def test_only_256_checksums_exist():
    assert len({crc16(bytes([high, low])) for high in range(256) for low in range(256)}) == 256
