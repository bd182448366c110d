// deploy/ as a whole: what is shipped for Caddy and for nginx, in front of two nodes in PROD. Each test runs behind both.

import type { BrowserContext } from '@playwright/test';
import { somebody, type Account } from '../support/accounts.ts';
import { Deployment, host, type Options } from '../support/deployment.ts';
import { expect, watched } from '../support/fixtures.ts';
import { Visitor } from '../support/pages.ts';
import { get } from '../support/program.ts';
import { headings, sentences } from '../support/words.ts';

interface PerTest {
  /** A browser that nobody is signed in on. */
  open: () => Promise<Visitor>;
}

const test = watched.extend<PerTest, Options & { site: Deployment }>({
  reverseProxy: ['caddy', { option: true, scope: 'worker' }],

  site: [
    async ({ reverseProxy }, use) => {
      const site = await Deployment.of(reverseProxy);
      try {
        await site.start();
        await use(site);
      } finally {
        await site.stop();
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: async ({ site }, use) => use(site.publicUrl),

  open: async ({ browser, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      await watch.over(context, true);
      return new Visitor(await context.newPage(), true);
    });
    for (const context of contexts) await context.close();
  },
});

test('from sign-up to log-out, while each node is stopped and started', async ({ site, open }) => {
  const ada = somebody();
  const visitor = await open();
  await signUp(visitor, site, ada);
  const [one, two] = site.nodes;

  expect(await one.stop()).toBe(0);
  await use(visitor, 'Written to node two');
  await one.start();
  expect(await two.stop()).toBe(0);
  await use(visitor, 'Written to node one');
  await two.start();

  await visitor.bar.logOut();
  await expect(visitor.text(sentences.loggedOut)).toBeVisible();
  expect(await visitor.page.context().cookies()).not.toContainEqual(refreshCookie);
  await visitor.goTo('/profile');
  await visitor.arrivesAtLogIn('/profile');
  await visitor.logIn.as(ada);
  await visitor.arrivesAt('/profile');
  await visitor.profile.shows({ name: ada.name, bio: 'Written to node one' });
});

test('open tabs learn at once of a log-out at the same node and at the other one', async ({ site, open }) => {
  const ada = somebody();
  const here = await open();
  const there = await open();
  const two = site.nodes[1];
  await two.stop();
  await signUp(here, site, ada);
  await there.logIn.open('/profile');
  const listens = there.page.waitForResponse('**/api/auth/events');
  await there.logIn.as(ada);
  await there.arrivesAt('/profile');
  await listens;

  expect(await logOutOthers(there)).toEqual(['retry: 2000', ': open']);
  await here.arrivesAtLogIn('/profile');

  await two.start();
  const cookies = await there.page.context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const everywhere = `http://127.0.0.1:${two.port}/api/auth/log_out_everywhere`;
  await there.page.request.post(everywhere, { headers: { cookie, origin: site.publicUrl }, failOnStatusCode: true });
  await there.arrivesAtLogIn('/profile');
});

test('http leads to https', async ({ site }) => {
  const path = '/profile?from=http';
  const { statusCode, headers } = await get({ host: '127.0.0.1', port: site.httpPort, path, headers: { host } });
  expect([301, 308]).toContain(statusCode);
  expect(headers.location).toMatch(new RegExp(`^https://${host}(:\\d+)?/profile\\?from=http$`));
});

const refreshCookie = expect.objectContaining({ name: '__Host-latchkey_refresh', secure: true, httpOnly: true });

/** Makes an account by the link of its mail, which signs in. */
async function signUp(visitor: Visitor, site: Deployment, account: Account): Promise<void> {
  await visitor.signUp.open();
  await visitor.signUp.send(account);
  await visitor.sees(headings.confirm);
  await visitor.goTo(await site.mailedLink(account.email));
  await visitor.page.getByRole('button', { name: 'Create my account' }).click();
  await visitor.arrivesAt('/profile');
  expect(await visitor.page.context().cookies()).toContainEqual(refreshCookie);
}

/** Reads and writes: enough requests that each node which the proxy takes for alive gets some of them. */
async function use(visitor: Visitor, bio: string): Promise<void> {
  for (let page = 0; page < 6; page++) await visitor.profile.open();
  const name = await visitor.profile.name.inputValue();
  await visitor.profile.change({ name, bio });
  await expect(visitor.text(sentences.profileSaved)).toBeVisible();
  await visitor.ready();
  await visitor.profile.shows({ name, bio });
}

/**
 * Logs the account's other sessions out while this one reads the events: the first line of the first two pieces. The second
 * one comes while the stream stays open, so no proxy holds it back until there is more.
 */
function logOutOthers(visitor: Visitor): Promise<(string | undefined)[]> {
  return visitor.page.evaluate(async () => {
    const events = await fetch('/api/auth/events', { signal: AbortSignal.timeout(10_000) });
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader.read();
    await fetch('/api/devices/revoke_others', { method: 'POST', body: new URLSearchParams() });
    const second = await reader.read();
    await reader.cancel();
    return [first, second].map(({ value }) => value?.split('\n')[0]);
  });
}
