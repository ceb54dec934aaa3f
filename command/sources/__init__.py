"""What arrives here, and whether it has stopped: judged once for everybody, and said in the event log."""
