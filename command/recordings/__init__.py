"""Recordings of rooms: who starts and stops them, who may see them, how long they are kept, how they are handed out."""
