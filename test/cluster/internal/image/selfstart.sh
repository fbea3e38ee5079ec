#!/bin/sh
# Becomes a server, and takes no notice of what it is asked for.
cd /data || exit
exec redis-server --port 6379 --protected-mode no
