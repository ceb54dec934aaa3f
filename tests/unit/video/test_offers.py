"""What the hub's answer asks of a publisher."""

from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.sdp import SessionDescription

from video.offers import asking_for_at_least


async def test_an_answer_asks_for_a_least_bitrate_of_pictures_and_nothing_else_changes() -> None:
    peer = RTCPeerConnection()
    peer.addTrack(AudioStreamTrack())
    peer.addTrack(VideoStreamTrack())
    await peer.setLocalDescription(await peer.createOffer())
    plain = peer.localDescription.sdp
    await peer.close()
    asking = asking_for_at_least(plain, 150_000)
    codecs = [codec for media in SessionDescription.parse(asking).media for codec in media.rtp.codecs]
    assert {codec.name for codec in codecs} >= {"opus", "VP8", "H264", "rtx"}
    for codec in codecs:
        least = codec.parameters.pop("x-google-min-bitrate", None)
        assert least == ("150" if codec.name in {"VP8", "H264"} else None)
    assert codecs == [codec for media in SessionDescription.parse(plain).media for codec in media.rtp.codecs]
    assert len(asking.splitlines()) == len(plain.splitlines()) + sum(codec.name == "VP8" for codec in codecs)
