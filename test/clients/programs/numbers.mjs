// SPDX-License-Identifier: Apache-2.0

/**
 * Writes numbered keys until the process is told to end, and tells what became of each. A write does not wait for the one
 * before it, as in a program that serves requests.
 * @param {(key: string, value: string) => Promise<unknown>} set one write
 */
export function writeNumbers(set) {
  const tell = (line) => process.stdout.write(JSON.stringify({ ...line, at: Date.now() }) + '\n');
  let number = 0;
  setInterval(() => {
    const n = ++number;
    set(process.env.PREFIX + n, String(n)).then(
      () => tell({ n }),
      (error) => tell({ n, error: `${error.name}: ${error.message}` }),
    );
  }, 1000 / Number(process.env.RATE));
  process.on('SIGTERM', () => process.exit(0));
}
