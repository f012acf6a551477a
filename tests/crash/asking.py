"""A process that stays and is asked again and again where a point lies: `python -m tests.crash.asking`.

A line of standard input is a longitude and a latitude; the answer is a line of JSON: the grid by each way of asking.
"""

import json
import sys


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from grids import selectors
    from incidents import births
    from incidents.births import Position

    for line in sys.stdin:
        longitude, latitude = map(float, line.split())
        one = selectors.grid_at((longitude, latitude))
        (of_many,) = selectors.grids_at([(longitude, latitude)])
        found = births.find_place(position=Position(longitude, latitude, accuracy_m=5), place=None)
        assert one is not None and of_many is not None
        officer = selectors.primary_officer(one.unit_code, timezone.now())
        shown = [one.unit_code, of_many.unit_code, found.place.pk, officer.username if officer else ""]
        print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
