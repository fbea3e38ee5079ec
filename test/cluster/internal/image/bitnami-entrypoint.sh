#!/bin/bash
# Makes a configuration of variables where the server is to be started, and then
# becomes what the container is asked for.
set -euo pipefail

home=/opt/bitnami/redis
conf=$home/etc/redis.conf
mounted=$home/mounted-etc
data=${REDIS_DATA_DIR:-/bitnami/redis/data}

# A word of the user's that means yes.
says_yes() {
	[[ ${1,,} =~ ^(1|yes|true)$ ]]
}

configure() {
	local open=${ALLOW_EMPTY_PASSWORD:-no} password=${REDIS_PASSWORD:-}
	if [[ -r ${REDIS_PASSWORD_FILE:-} ]]; then
		password=$(<"$REDIS_PASSWORD_FILE")
	fi
	if [[ -z $password ]] && ! says_yes "$open"; then
		echo "entrypoint.sh: no password: set REDIS_PASSWORD, or ALLOW_EMPTY_PASSWORD=yes" >&2
		exit 1
	fi
	mkdir -p "$data"
	if [[ -e $mounted/redis.conf ]]; then
		cp "$mounted/redis.conf" "$conf"
		return
	fi
	{
		echo "port ${REDIS_PORT_NUMBER:-6379}"
		echo "dir $data"
		echo "appendonly ${REDIS_AOF_ENABLED:-yes}"
		if says_yes "$open"; then echo "protected-mode no"; fi
		if [[ -n $password ]]; then echo "requirepass $password"; fi
		if [[ -f $mounted/overrides.conf ]]; then echo "include $mounted/overrides.conf"; fi
	} >"$conf"
}

case "$*" in
*/run.sh*) configure ;;
esac

exec "$@"
