# SPDX-License-Identifier: Apache-2.0
"""Writes numbered keys with redis-py until it is told to end, and tells what became of each."""

import itertools
import json
import os
import signal
import threading
import time

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, ReadOnlyError, TimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

HOST, PORT = os.environ["SERVER"].rsplit(":", 1)
MASTER, PASSWORD, NAME = os.environ["MASTER"], os.environ["PASSWORD"], os.environ["NAME"]


def sentinel_defaults():
    return Sentinel([(HOST, int(PORT))]).master_for(MASTER, password=PASSWORD, client_name=NAME)


def service_defaults():
    return redis.Redis(HOST, int(PORT), password=PASSWORD, client_name=NAME)


# sample: settings
def settings():
    """Both for a client behind Sentinel and for one of the Service."""
    return dict(
        socket_connect_timeout=1,  # the address of a pod that is gone answers nothing at all
        socket_timeout=3,  # longer than writes are held back in a handover
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), 8),
        retry_on_error=[ConnectionError, TimeoutError, ReadOnlyError, BusyLoadingError],
    )
# end


# sample: sentinel
def sentinel_recommended():
    sentinel = Sentinel([(HOST, int(PORT))], sentinel_kwargs=dict(socket_connect_timeout=1, socket_timeout=1))
    return sentinel.master_for(MASTER, password=PASSWORD, client_name=NAME, **settings())
# end


# sample: service
def service_recommended():
    tries = settings()
    # A refused connection, which the pool gives up at once otherwise. Not behind Sentinel: the same address would be tried again.
    tries["retry_on_error"].append(OSError)
    return redis.Redis(HOST, int(PORT), password=PASSWORD, client_name=NAME, **tries)
# end


def write(client, numbers, running):
    """One of several threads that share the client and its pool."""
    pause = 4 / float(os.environ["RATE"])
    while running():
        number = next(numbers)
        line = {"n": number}
        try:
            client.set(f"{os.environ['PREFIX']}{number}", number)
        except Exception as error:
            line["error"] = f"{type(error).__name__}: {error}"
        line["at"] = time.time() * 1000
        os.write(1, (json.dumps(line) + "\n").encode())
        time.sleep(pause)


def main():
    client = globals()[f"{os.environ['WAY']}_{os.environ['SETTINGS']}"]()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    numbers = itertools.count(1)
    for _ in range(4):
        threading.Thread(target=write, args=(client, numbers, lambda: not ended.is_set()), daemon=True).start()
    ended.wait()


main()
