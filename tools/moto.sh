#!/usr/bin/env bash
# Start moto, an emulator of AWS's API, for tests: print its address once it listens, and run until this script is ended.
# A moto of the pinned version that python3 has is used; otherwise it is installed into a virtual environment under
# .rehearsal/, from the versions pinned in tools/moto/requirements.txt. With the argument `install` it only makes sure of
# that, and says which python has it.
#
#   MOTO_PORT     this port of 127.0.0.1 instead of a free one
#   NO_INSTALL=1  install nothing: only say what is missing, and fail
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
pinned=$(sed -nE 's/^moto(\[[a-z]+\])?==([0-9.]+).*/\2/p' moto/requirements.txt)

# has PYTHON: does it have the server of the pinned version?
has() { "$1" -c "import sys, moto, moto.server; sys.exit(moto.__version__ != '$pinned')" >/dev/null 2>&1; }

python=python3
if ! has "$python"; then
  environment=$root/.rehearsal/moto-$pinned
  python=$environment/bin/python
  if ! has "$python"; then
    if ! command -v python3 >/dev/null; then
      echo 'there is no python3 on PATH: install python3 and its venv (Debian, Ubuntu: python3-venv); tools/moto.sh brings moto itself' >&2
      exit 1
    fi
    if [ "${NO_INSTALL:-}" = 1 ]; then
      printf 'python3 has no moto %s: install tools/moto/requirements.txt, or take NO_INSTALL=1 away\n' "$pinned" >&2
      exit 1
    fi
    printf '==> installing moto %s into %s\n' "$pinned" "$environment" >&2
    python3 -m venv "$environment"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement moto/requirements.txt >&2
  fi
fi

if [ "${1:-}" = install ]; then
  printf '==> using moto %s: %s\n' "$pinned" "$(command -v "$python")"
  exit 0
fi

# Any free port: several tests may each have a server. A caller's profile is not moto's: an empty one makes it answer 500.
exec env -u AWS_PROFILE -u AWS_DEFAULT_PROFILE MOTO_IAM_LOAD_MANAGED_POLICIES=true "$python" - <<'PYTHON'
import logging
import os
import socket
import sys
from moto.server import ThreadedMotoServer
import threading

port = int(os.environ.get("MOTO_PORT") or 0)
# The server would wait for ever for a port that is taken.
if port and socket.socket().connect_ex(("127.0.0.1", port)) == 0:
    sys.exit(f"port {port} of 127.0.0.1 is taken: end what listens there, or name another one by MOTO_PORT")
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
threading.Event().wait()
PYTHON
