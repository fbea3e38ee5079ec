#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Writes numbered keys with redis-cli until it is told to end, and tells what became of each. With its defaults one redis-cli runs
# all the time and reads commands; as recommended each command is a redis-cli of its own.
export REDISCLI_AUTH=$PASSWORD
host=${SERVER%:*} port=${SERVER##*:}
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM

# sample: sentinel
# master prints host and port of the master by the word of a Sentinel; redis-cli knows nothing of Sentinels itself.
master() { REDISCLI_AUTH='' timeout 1 redis-cli -h "$host" -p "$port" SENTINEL GET-MASTER-ADDR-BY-NAME "$MASTER"; }

# sentinel_recommended runs one command at the master, and again until it is done; a command that may be done twice.
sentinel_recommended() {
  local address answer
  for delay in 0 .02 .05 .1 .2 .5 .5 .5 .5 1 1 1 1 1; do
    sleep "$delay"
    mapfile -t address < <(master)
    [ "${#address[@]}" = 2 ] || continue
    answer=$(timeout 3 redis-cli -e -h "${address[0]}" -p "${address[1]}" "$@" 2>&1) && echo "$answer" && return
  done
  echo "${answer:-no Sentinel names a master}"
  return 1
}
# end

# sample: service
# service_recommended is the same at the Service, which leads to the master.
service_recommended() {
  local answer
  for delay in 0 .02 .05 .1 .2 .5 .5 .5 .5 1 1 1 1 1; do
    sleep "$delay"
    answer=$(timeout 3 redis-cli -e -h "$host" -p "$port" "$@" 2>&1) && echo "$answer" && return
  done
  echo "$answer"
  return 1
}
# end

# tell prints what became of a write.
tell() {
  local error=''
  [ "$2" = OK ] || error=",\"error\":\"${2//[\"\\]/}\""
  printf '{"n":%d,"at":%s%s}\n' "$1" "$(date +%s%3N)" "$error"
}

# commands are what a session reads.
commands() {
  echo "CLIENT SETNAME $NAME"
  for ((n = 1; ; n++)); do echo "SET $PREFIX$n $n"; echo "ECHO $n"; sleep .05; done
}

# session has one redis-cli all the time. It says of an error now one line and now more, so each write is followed by its number.
session() {
  local answer last=''
  commands | stdbuf -oL redis-cli -h "$1" -p "$2" 2>&1 | while read -r answer; do
    case $answer in
      '') ;;
      OK) last=OK ;;
      [0-9]*) [ "$last" = OK ] && tell "$answer" OK; last='' ;;
      *) tell 0 "$answer"; last='' ;;
    esac
  done
}

case ${WAY}_$SETTINGS in
  service_defaults) session "$host" "$port" & wait ;;
  sentinel_defaults) mapfile -t address < <(master); session "${address[0]}" "${address[1]}" & wait ;;
  *) for ((n = 1; ; n++)); do tell "$n" "$("${WAY}_recommended" SET "$PREFIX$n" "$n" | tail -1)"; sleep .05; done ;;
esac
