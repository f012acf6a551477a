"""Boundaries from and for map files: opened safely, read feature by feature, compared, and written.

`opening` finds out what a file is and unpacks it, `reading` gives its features as they stand there, `shapes` puts them
on the lattice, `columns` says what their columns mean, `fitting` whether the coordinate system is likely, `comparing`
what they would change, `writing` makes files, `taking` hands them out, `waiting` keeps what was sent until it is used.
"""
