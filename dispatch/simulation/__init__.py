"""Plays the people of a district: they report, accept, hand up, dispatch, answer, check, each at a believable pace.

Everything goes through the doors that pages use (`incidents.reporting`, `dispatch.moves`, `incidents.comments`), with a
`now` that moves on; the sweep and the announcer are called as time passes. `story` tells past days, `live` goes on in
real time. The one move nobody presses here is `rehome`, which follows from a redrawn boundary.
"""
