// SPDX-License-Identifier: Apache-2.0

import { Redis } from 'ioredis';
import { writeNumbers } from './numbers.mjs';

const { SERVER, MASTER: name, PASSWORD: password, NAME: connectionName, WAY, SETTINGS } = process.env;
const [host, port] = SERVER.split(':');

// sample: settings
const settings = {
  connectTimeout: 1000, // the address of a pod that is gone answers nothing at all
  socketTimeout: 3000, // longer than writes are held back in a handover
  retryStrategy: (times) => Math.min(20 * 2 ** times, 500),
  maxRetriesPerRequest: 20, // connections that are tried before a command fails
  // Connect anew, and send the command again. A server that only says READONLY keeps the connection.
  reconnectOnError: (error) => (/^(READONLY|LOADING|MASTERDOWN)/.test(error.message) ? 2 : false),
};
// end

const clients = {
  sentinel_defaults: () => new Redis({ sentinels: [{ host, port }], name, password, connectionName }),
  service_defaults: () => new Redis({ host, port, password, connectionName }),

  // sample: sentinel
  sentinel_recommended: () =>
    new Redis({
      sentinels: [{ host, port }], // the others it learns from this one
      name,
      password,
      connectionName,
      sentinelRetryStrategy: (times) => Math.min(20 * 2 ** times, 500),
      ...settings,
    }),
  // end

  // sample: service
  service_recommended: () => new Redis({ host, port, password, connectionName, ...settings }),
  // end
};

const client = clients[`${WAY}_${SETTINGS}`]();
client.on('error', () => {}); // what matters is what a write sees
writeNumbers((key, value) => client.set(key, value));
