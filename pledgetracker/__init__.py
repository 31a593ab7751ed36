"""Tracks public pledges with targets and deadlines, and speaks up before a deadline passes in silence."""
