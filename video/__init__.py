"""Rooms' pictures and sound: the forwarding hub, its WHIP and WHEP doors, recording, TURN."""
