"""History from another system: a table of its records becomes incidents with the other system's facts.

    files -> moments -> mapping -> targets -> checks -> placing -> writing -> punctuality -> taking_over

`taking_over.take_over` is the one way in; `manage.py import_incidents` and docs/imports.md tell how to use it.
"""
