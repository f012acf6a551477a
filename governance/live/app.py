"""The ASGI door of the live service: `uvicorn governance.live.app:app --timeout-graceful-shutdown 2 --no-access-log`.

/live/             what happens in the sight of whoever is signed in
/live/wall/<key>   what happens in the sight of a wall's key
/live/health       whether it hears anything, as JSON

Not the Django site: only settings and models are used, in a few threads, and never while a stream is open.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
django.setup(set_prefix=False)

from governance.live.door import Door  # noqa: E402

app = Door()
