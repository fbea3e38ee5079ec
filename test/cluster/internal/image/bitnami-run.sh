#!/bin/bash
# Becomes the server, with the configuration that is made, and with the flags of
# a variable and of the command line.
set -euo pipefail

read -r -a flags <<<"${REDIS_EXTRA_FLAGS:-}"
exec redis-server /opt/bitnami/redis/etc/redis.conf --daemonize no "${flags[@]}" "$@"
