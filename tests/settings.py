"""The project's settings with a fast password hasher and nothing that leaves the process."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
# Playwright keeps an event loop in the test's own thread; Django would refuse every query beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
if "WANGGE_DATA_DIR" not in os.environ:
    os.environ["WANGGE_DATA_DIR"] = tempfile.mkdtemp(prefix="wangge-test-files-")
    atexit.register(shutil.rmtree, os.environ["WANGGE_DATA_DIR"], ignore_errors=True)

from governance.settings import *  # noqa: F403

DEBUG = False
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CELERY_BROKER_URL = "memory://"
MEDIA_ROOT = Path(os.environ["WANGGE_DATA_DIR"])
