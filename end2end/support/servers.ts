// The servers that the tests talk to, each with an empty database of its own on a free port of this machine. Read first by
// playwright.config.ts, which starts them; the workers find the same choice in their environment.

import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `main` has the times of the default configuration; on `brief` an access token lives for two seconds. */
export type ServerName = 'main' | 'brief';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

interface Chosen {
  folder: string;
  ports: Record<ServerName, number>;
}

process.env.LATCHKEY_END2END ??= JSON.stringify(await choose());
const chosen = JSON.parse(process.env.LATCHKEY_END2END) as Chosen;

/** Where the databases are: made when the servers start, removed at the end of the run. */
export const folder = chosen.folder;

export function url(server: ServerName): string {
  return `http://127.0.0.1:${chosen.ports[server]}`;
}

export function environment(server: ServerName): Record<string, string> {
  const brief = {
    LATCHKEY__AUTH__ACCESS_TTL: '2s',
    LATCHKEY__AUTH__ROTATION_MIN_AGE: '1s',
    LATCHKEY__AUTH__REUSE_LEEWAY: '10s',
  };
  return {
    DATABASE_URL: `sqlite:${join(folder, `${server}.db`)}`,
    LEPTOS_SITE_ADDR: `127.0.0.1:${chosen.ports[server]}`,
    LEPTOS_ENV: 'DEV',
    LATCHKEY__SERVER__PUBLIC_URL: url(server),
    LATCHKEY__DEMO__SEED: 'true',
    // All tests come from one address.
    LATCHKEY__THROTTLE__CLIENT_PER_MINUTE: '10000',
    LATCHKEY__AUTH__SECRET: randomBytes(32).toString('hex'),
    ...(server === 'brief' ? brief : {}),
  };
}

async function choose(): Promise<Chosen> {
  const folder = join(tmpdir(), `latchkey-end2end-${randomBytes(6).toString('hex')}`);
  const [main, brief] = await freePorts(2);
  return { folder, ports: { main: main!, brief: brief! } };
}

/** Ports that nobody listens on; held open together, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const holder = createServer();
      await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
      return holder;
    }),
  );
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port);
  await Promise.all(holders.map((holder) => new Promise((closed) => holder.close(closed))));
  return ports;
}
