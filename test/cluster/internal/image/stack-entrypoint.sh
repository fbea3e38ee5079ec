#!/usr/bin/dumb-init /bin/sh
# Starts the server with its module, and with the user's file where there is one.
# It stays in front of the server: what ends the container ends this script, and
# the server has no time to save. The image that this stands for does the same.

home=/opt/redis-stack
cd $home || exit

conf=
if [ -f /redis-stack.conf ]; then
	conf=/redis-stack.conf
fi

# Any number of arguments, or none, are in conf and in REDIS_ARGS.
# shellcheck disable=SC2086
$home/bin/redis-server $conf --dir "${REDIS_DATA_DIR:-/data}" --protected-mode no --daemonize no \
	--loadmodule $home/lib/tally.so $REDIS_ARGS
