// SPDX-License-Identifier: Apache-2.0

import { createClient, createSentinel } from 'redis';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeNumbers } from './numbers.mjs';

const { SERVER, MASTER: master, PASSWORD: password, NAME: name, WAY, SETTINGS } = process.env;
const [host, port] = [SERVER.split(':')[0], Number(SERVER.split(':')[1])];

// sample: settings
const socket = {
  connectTimeout: 1000, // the address of a pod that is gone answers nothing at all
  socketTimeout: 3000, // longer than writes are held back in a handover
  reconnectStrategy: (retries) => Math.min(20 * 2 ** retries, 500),
};

let client, leaving;

async function connect() {
  const made = clients[`${WAY}_${SETTINGS}`]();
  made.on('error', () => {}); // without a listener the process would end
  await made.connect();
  return made;
}

/** Makes a new client: a server that is a replica now keeps the connection. The client of createSentinel leaves it by itself. */
function leave() {
  if (WAY === 'sentinel') return;
  const old = client;
  leaving ??= connect()
    .then((made) => (client = made) && old.destroy())
    .finally(() => (leaving = undefined));
  return leaving;
}

/** Does it again where the connection went or the server is no master now; only for what may be done twice. */
async function again(command) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await command();
    } catch (error) {
      const refused = /^[A-Z]+ /.test(error.message) && !/^(READONLY|LOADING|MASTERDOWN)/.test(error.message);
      if (refused || attempt === 20) throw error;
      if (error.message.startsWith('READONLY')) await leave();
      await sleep(Math.min(20 * 2 ** attempt, 500));
    }
  }
}
// end

const clients = {
  sentinel_defaults: () =>
    createSentinel({ name: master, sentinelRootNodes: [{ host, port }], nodeClientOptions: { password, name } }),
  service_defaults: () => createClient({ socket: { host, port }, password, name }),

  // sample: sentinel
  sentinel_recommended: () =>
    createSentinel({
      name: master,
      sentinelRootNodes: [{ host, port }],
      scanInterval: 1000, // ask the Sentinels again, should a message of theirs be missed
      nodeClientOptions: { password, name, socket },
      sentinelClientOptions: { socket: { connectTimeout: 1000 } },
    }),
  // end

  // sample: service
  service_recommended: () => createClient({ socket: { host, port, ...socket }, password, name }),
  // end
};

client = await connect();
writeNumbers(
  SETTINGS === 'defaults' ? (key, value) => client.set(key, value) : (key, value) => again(() => client.set(key, value)),
);
