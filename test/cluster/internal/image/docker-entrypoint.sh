#!/bin/sh
# Starts what the container is asked for, as the official Redis image does.
set -e

# Options alone, or a configuration file, are meant for the server.
case "$1" in
-* | *.conf) set -- redis-server "$@" ;;
esac

# Redis needs no root: give its folder to redis and go on as redis.
case "$1" in
redis-server | redis-sentinel)
	if [ "$(id -u)" = 0 ]; then
		find . ! -user redis -exec chown redis '{}' +
		exec gosu redis "$0" "$@"
	fi
	;;
esac

# Data is nobody else's business, unless somebody chose another umask.
if [ "$(umask)" = 0022 ]; then
	umask 0077
fi

exec "$@"
