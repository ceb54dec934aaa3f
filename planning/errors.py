"""What planning refuses, and how a job ends early."""


class UnusableScenario(ValueError):
    """What is asked for cannot be worked out; the message says why and what to change."""


class JobOver(Exception):
    """The job is not in a state in which that can be done; the message says which it is in."""


class Cancelled(Exception):
    """Somebody cancelled the job, or its process is ending."""
