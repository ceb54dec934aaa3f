"""Where officers say they are: readers for what phones and trackers send, and the judgement of each fix."""
