#!/usr/bin/env bash
# Start MariaDB (or MySQL, where that is what there is) for tests: in a temporary directory, on a free port of 127.0.0.1.
# Prints the DSN of its administrator once it accepts connections, and runs until this script or the one who started it
# is ended. The process number of the server stands in <directory>/server.pid.
#
#   MARIADB_DIR   keep the data here instead of a temporary directory: a second start finds what the first one left
#   MARIADB_PORT  this port instead of a free one
#   MARIADB_TLS   a directory with ca.pem, server.pem and server-key.pem: the server then speaks TLS
# With the argument `install` it only makes sure that there is a server, and says which.
#
#   NO_INSTALL=1  install nothing: only say what is missing, and fail
set -euo pipefail
parent=$PPID
PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec

server=$(command -v mariadbd || command -v mysqld || true)
if [ -z "$server" ]; then
  if [ "${NO_INSTALL:-}" = 1 ]; then
    echo 'neither mariadbd nor mysqld is on PATH: install mariadb-server (Debian, Ubuntu) or mysql-server' >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo 'neither mariadbd nor mysqld is on PATH, and only root with apt-get may install it here: sudo apt-get install mariadb-server' >&2
    exit 1
  fi
  echo '==> installing mariadb-server with apt-get (NO_INSTALL=1 prevents it)' >&2
  {
    # Several tests may start at once: one installs, the others wait for it.
    exec 9>"${TMPDIR:-/tmp}/itrack-mariadb.lock"
    flock 9
    if ! command -v mariadbd >/dev/null; then
      apt-get update -qq
      # The server of the system itself must not start: tests have their own.
      DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends mariadb-server
    fi
    exec 9>&-
  } >&2
  server=$(command -v mariadbd)
fi

if [ "${1:-}" = install ]; then
  printf '==> using the database server %s\n' "$server"
  exit 0
fi

directory=${MARIADB_DIR:-}
if [ -z "$directory" ]; then
  directory=$(mktemp -d "${TMPDIR:-/tmp}/itrack-mariadb.XXXXXX")
  temporary=$directory
fi
process=
finish() {
  if [ -n "$process" ]; then
    kill -TERM "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  fi
  if [ -n "${temporary:-}" ]; then rm -rf "$temporary"; fi
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# The server changes to a user only when root starts it; files of ours then belong to root too.
options=(--no-defaults --datadir="$directory/data")
if [ "$(id -u)" = 0 ]; then options+=(--user=root); fi

if [ ! -d "$directory/data" ]; then
  # The administrator of tests signs in from 127.0.0.1 without a password; the port is open to this host alone.
  cat >"$directory/init.sql" <<'SQL'
CREATE USER IF NOT EXISTS 'administrator'@'127.0.0.1' IDENTIFIED BY '';
GRANT ALL PRIVILEGES ON *.* TO 'administrator'@'127.0.0.1' WITH GRANT OPTION;
SQL
  if "$server" --version | grep -qi mariadb; then
    mariadb-install-db "${options[@]}" --skip-test-db --auth-root-authentication-method=normal >"$directory/install.log" 2>&1 ||
      { cat "$directory/install.log" >&2; exit 1; }
  else
    "$server" "${options[@]}" --initialize-insecure >"$directory/install.log" 2>&1 || { cat "$directory/install.log" >&2; exit 1; }
  fi
fi

# A port that is free now; the server is asked again with another one where somebody was faster.
free() {
  for _ in $(seq 50); do
    local port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  echo 'no free port between 20000 and 32000' >&2
  exit 1
}
port=${MARIADB_PORT:-$(free)}

options+=(
  --bind-address=127.0.0.1 --port="$port" --socket="$directory/server.sock" --pid-file="$directory/server.pid"
  --init-file="$directory/init.sql" --skip-name-resolve --skip-log-bin --loose-mysqlx=OFF --innodb-buffer-pool-size=32M
)
if [ -n "${MARIADB_TLS:-}" ]; then
  options+=(--ssl-ca="$MARIADB_TLS/ca.pem" --ssl-cert="$MARIADB_TLS/server.pem" --ssl-key="$MARIADB_TLS/server-key.pem")
fi
"$server" "${options[@]}" >"$directory/server.log" 2>&1 &
process=$!

# The server writes its process number once it is about to listen; recovery after a kill may take a while.
for _ in $(seq 600); do
  if ! kill -0 "$process" 2>/dev/null; then
    echo "the server ended before it listened:" >&2
    tail -n 20 "$directory/server.log" >&2
    exit 1
  fi
  if grep -q 'ready for connections' "$directory/server.log" && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    ready=1
    break
  fi
  sleep 0.1
done
if [ -z "${ready:-}" ]; then
  echo 'the server did not listen within a minute' >&2
  tail -n 20 "$directory/server.log" >&2
  exit 1
fi
echo "administrator@tcp(127.0.0.1:$port)/"

while kill -0 "$parent" 2>/dev/null && kill -0 "$process" 2>/dev/null; do sleep 0.3; done
