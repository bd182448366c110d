// The servers that the tests talk to, each with an empty database of its own on a free port of this machine. Read first by
// playwright.config.ts, which starts them; the workers find the same choice in their environment.
//
// One project runs on SQLite and one on PostgreSQL, so that every test runs on both.

import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const engines = ['sqlite', 'postgres'] as const;
export type Engine = (typeof engines)[number];

/**
 * `main` has the times of the default configuration; on `brief` an access token lives for two seconds, and sensitive
 * changes ask for the password eight seconds after a log-in; on `verified` a sign-up needs its mail.
 */
export const servers = ['main', 'brief', 'verified'] as const;
export type ServerName = (typeof servers)[number];

/** A server of one engine. */
export type Site = `${Engine}-${ServerName}`;

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

interface Chosen {
  folder: string;
  ports: Record<Site, number>;
}

process.env.LATCHKEY_END2END ??= JSON.stringify(await choose());
const chosen = JSON.parse(process.env.LATCHKEY_END2END) as Chosen;

/** Where the databases are: made when the servers start, removed at the end of the run. */
export const folder = chosen.folder;

export function url(site: Site): string {
  return `http://127.0.0.1:${chosen.ports[site]}`;
}

export function environment(engine: Engine, server: ServerName): Record<string, string> {
  const site: Site = `${engine}-${server}`;
  const brief = {
    LATCHKEY__AUTH__ACCESS_TTL: '2s',
    LATCHKEY__AUTH__ROTATION_MIN_AGE: '1s',
    LATCHKEY__AUTH__REUSE_LEEWAY: '10s',
    LATCHKEY__AUTH__SUDO_TTL: '8s',
  };
  return {
    DATABASE_URL: engine === 'sqlite' ? `sqlite:${join(folder, `${server}.db`)}` : postgres(server),
    LEPTOS_SITE_ADDR: `127.0.0.1:${chosen.ports[site]}`,
    LEPTOS_ENV: 'DEV',
    LATCHKEY__SERVER__PUBLIC_URL: url(site),
    LATCHKEY__DEMO__SEED: 'true',
    // All tests come from one address, and those of one worker share an account.
    LATCHKEY__THROTTLE__CLIENT_PER_MINUTE: '10000',
    LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES: '10000',
    LATCHKEY__AUTH__SECRET: randomBytes(32).toString('hex'),
    ...(server === 'brief' ? brief : {}),
    ...(server === 'verified' ? { LATCHKEY__AUTH__SIGN_UP: 'verified' } : {}),
  };
}

/** An empty database of the cluster that scripts/with-postgres has made. */
export function postgres(server: ServerName | 'deploy'): string {
  const cluster = process.env.LATCHKEY_TEST_POSTGRES;
  if (!cluster) throw new Error('No PostgreSQL to test on: run npm test in end2end, or make test.');
  return `${cluster.slice(0, cluster.lastIndexOf('/'))}/end2end_${server}`;
}

async function choose(): Promise<Chosen> {
  const folder = join(tmpdir(), `latchkey-end2end-${randomBytes(6).toString('hex')}`);
  const sites = engines.flatMap((engine) => servers.map((server): Site => `${engine}-${server}`));
  const ports = await freePorts(sites.length);
  return { folder, ports: Object.fromEntries(sites.map((site, n) => [site, ports[n]])) as Record<Site, number> };
}

/** Ports that nobody listens on; held open together, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(Array.from({ length: count }, holdPort));
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port);
  await Promise.all(holders.map((holder) => new Promise((closed) => holder.close(closed))));
  return ports;
}

/**
 * Below 32768: Linux gives the ports above to outgoing connections, and a server that is stopped and started again has to
 * find its port free.
 */
async function holdPort(): Promise<Server> {
  for (;;) {
    const holder = createServer().listen(randomInt(20_000, 32_000), '127.0.0.1');
    try {
      await once(holder, 'listening');
      return holder;
    } catch {
      // The port is taken.
    }
  }
}
