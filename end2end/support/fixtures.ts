// What every test starts from. `visitor` is a browser that nobody is signed in on; `member` one with the worker's own
// account; `open` gives further ones. All of them are watched: see watch.ts.

import { expect, test as base, type BrowserContextOptions } from '@playwright/test';
import { Api, demo, jar, somebody, type Account, type Role, type StorageState } from './accounts.ts';
import { Visitor } from './pages.ts';
import { url, type Engine, type ServerName, type Site } from './servers.ts';
import { Watch } from './watch.ts';

export type Who = 'nobody' | 'member' | Role | Account;
type Open = (who?: Who, options?: BrowserContextOptions) => Promise<Visitor>;

interface PerTest {
  open: Open;
  visitor: Visitor;
  member: Visitor;
}

interface PerWorker {
  /** The database behind the servers: a project's choice. */
  engine: Engine;
  /** Which server a file's tests talk to: `test.use({ server: 'brief' })`. */
  server: ServerName;
  site: Site;
  api: Api;
  /** An account of this worker alone, signed up before its first test. */
  account: Account;
}

/** What a project may choose. */
export type Options = Pick<PerWorker, 'engine'>;

/** Fails a test in which something happens that it did not expect. */
export const watched = base.extend<{ watch: Watch }>({
  watch: [
    async ({}, use) => {
      const watch = new Watch();
      await use(watch);
      expect(watch.trouble, 'errors, violations and requests that nobody expected').toEqual([]);
    },
    { auto: true },
  ],
});

export const test = watched.extend<PerTest, PerWorker>({
  engine: ['sqlite', { option: true, scope: 'worker' }],
  server: ['main', { option: true, scope: 'worker' }],
  site: [async ({ engine, server }, use) => use(`${engine}-${server}`), { scope: 'worker' }],

  api: [async ({ site }, use) => use(new Api(site)), { scope: 'worker' }],

  account: [
    async ({ api, server }, use) => {
      // A sign-up alone makes no account there.
      if (server === 'verified') return use(demo('user'));
      const account = somebody();
      await api.signUp(account);
      await use(account);
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ site }, use) => use(url(site)),

  open: async ({ browser, site, api, account, watch, javaScriptEnabled }, use, { parallelIndex }) => {
    const endings: (() => Promise<void>)[] = [];
    await use(async (who = 'nobody', options = {}) => {
      let storageState: StorageState | string | undefined;
      let keep: string | undefined;
      if (who === 'member') {
        storageState = await api.logIn(account);
      } else if (typeof who === 'object') {
        storageState = await api.logIn(who);
      } else if (who !== 'nobody') {
        const { path, exists } = jar(site, who, parallelIndex);
        storageState = exists ? path : await api.logIn(demo(who));
        keep = path;
      }
      const hasJavaScript = options.javaScriptEnabled ?? javaScriptEnabled;
      const context = await browser.newContext({ storageState, ...options });
      await watch.over(context, hasJavaScript);
      endings.push(async () => {
        if (keep) await context.storageState({ path: keep });
        await context.close();
      });
      return new Visitor(await context.newPage(), hasJavaScript);
    });
    for (const end of endings) await end();
  },

  visitor: async ({ open }, use) => use(await open('nobody')),
  member: async ({ open }, use) => use(await open('member')),
});

/** Defines the same tests twice: for a browser with JavaScript, and for one without. */
export function withAndWithoutJavaScript(define: (javaScript: boolean) => void): void {
  for (const javaScript of [true, false]) {
    test.describe(javaScript ? 'with JavaScript' : 'without JavaScript', () => {
      test.use({ javaScriptEnabled: javaScript });
      define(javaScript);
    });
  }
}

export { expect };
