"""Who decides: alerts, dispatch, access, the event log, and the app that puts the house together."""
