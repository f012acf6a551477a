# Sets LIB, this folder, and PYTHON3, a Python of at least 3.11; one clear line if there is none.
LIB=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PYTHON3=
for name in python3 python3.11 python3.12 python3.13 /usr/bin/python3; do
    if command -v "$name" >/dev/null 2>&1 \
        && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHON3=$name
        break
    fi
done
if [ -z "$PYTHON3" ]; then
    echo "script/$(basename -- "$0"): Python 3.11 or later is needed; on Debian 12: apt-get install python3-venv" >&2
    exit 1
fi
export PYTHONDONTWRITEBYTECODE=1
