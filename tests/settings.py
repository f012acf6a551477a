"""The project's settings with a fast password hasher and nothing that leaves the process."""

import os

os.environ.setdefault("DEBUG", "1")
# Playwright keeps an event loop in the test's own thread; Django would refuse every query beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from governance.settings import *  # noqa: F403

DEBUG = False
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "boards": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    "desks": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CELERY_BROKER_URL = "memory://"
