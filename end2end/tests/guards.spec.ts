// Guards: who may open which page. Nobody else gets a byte of it, in the response or on the screen.

import type { Page } from '@playwright/test';
import type { Role } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings } from '../support/words.ts';

/** `link`: in the bar, where it has one there. */
type Guarded = { path: string; heading: string; link?: string; least: Role };

const ranks: Role[] = ['user', 'moderator', 'admin'];
const pages: Guarded[] = [
  { path: '/profile', heading: headings.profile, link: 'Profile', least: 'user' },
  { path: '/account/devices', heading: headings.devices, least: 'user' },
  { path: '/moderation', heading: headings.moderation, link: 'Moderation', least: 'moderator' },
  { path: '/admin', heading: headings.admin, link: 'Admin', least: 'admin' },
];

const linked = pages.filter((page): page is Guarded & { link: string } => page.link !== undefined);

/** What only those get to see who may open the page: its own words, and what it knows of others. */
const secrets: Record<string, string[]> = {
  '/profile': ['About you', 'Save profile'],
  '/account/devices': ['Log out everywhere'],
  '/moderation': ['Newest accounts', 'admin@demo.test'],
  '/admin': ['Accounts with role and state', 'admin@demo.test'],
};

function mayOpen(role: Role, { least }: Guarded): boolean {
  return ranks.indexOf(role) >= ranks.indexOf(least);
}

withAndWithoutJavaScript(() => {
  for (const guarded of pages) {
    test(`nobody opens ${guarded.path} without logging in`, async ({ visitor }) => {
      const hops: number[] = [];
      visitor.page.on('response', (response) => {
        if (response.request().isNavigationRequest()) hops.push(response.status());
      });
      const response = await visitor.goTo(guarded.path);
      await visitor.arrivesAtLogIn(guarded.path);
      expect(hops).toEqual([302, 200]);
      const body = await response.text();
      for (const secret of secrets[guarded.path]!) expect(body).not.toContain(secret);
    });

    for (const role of ranks) {
      const may = mayOpen(role, guarded);
      test(`${may ? 'a' : 'no'} ${role} opens ${guarded.path}`, async ({ open, watch }) => {
        const visitor = await open(role);
        if (!may) watch.expectStatus(403, guarded.path);
        const response = await visitor.goTo(guarded.path);
        expect(response.status()).toBe(may ? 200 : 403);
        expect(response.headers()['cache-control']).toBe('private, no-store');
        await visitor.sees(may ? guarded.heading : headings.forbidden);
        const body = await response.text();
        for (const secret of may ? [] : secrets[guarded.path]!) expect(body).not.toContain(secret);
        await visitor.bar.showsSignedIn();
      });
    }
  }

  for (const role of ranks) {
    test(`the bar shows a ${role} what a ${role} may open, and no more`, async ({ open }) => {
      const visitor = await open(role);
      await visitor.goTo('/profile');
      for (const guarded of linked) {
        await expect(visitor.bar.link(guarded.link), guarded.link).toHaveCount(mayOpen(role, guarded) ? 1 : 0);
      }
    });
  }

  test('the bar shows nobody the way in, and none to what is guarded', async ({ visitor }) => {
    await visitor.goTo('/');
    await expect(visitor.bar.link('Log in')).toHaveCount(1);
    for (const { link } of linked) await expect(visitor.bar.link(link), link).toHaveCount(0);
  });

  test('an address that leads nowhere says so, with its status', async ({ visitor, watch }) => {
    watch.expectStatus(404, '/no/such/page');
    const response = await visitor.goTo('/no/such/page');
    expect(response.status()).toBe(404);
    await visitor.sees(headings.notFound);
  });
});

test.describe('in the hydrated app', () => {
  test('a step to a page of a higher role shows the 403 page, and nothing else in between', async ({ open }) => {
    const visitor = await open('user');
    await visitor.goTo('/profile');
    const observed = await observe(visitor.page, secrets['/admin']!);

    await followInside(visitor.page, '/admin');
    await visitor.sees(headings.forbidden);

    expect(await observed.drawn()).toEqual([]);
    expect(await observed.received()).toEqual([]);
  });

  test('a step to a guarded page leads a visitor to the log-in, and shows nothing else in between', async ({ visitor }) => {
    await visitor.goTo('/');
    const observed = await observe(visitor.page, secrets['/profile']!);

    await followInside(visitor.page, '/profile');
    await visitor.arrivesAtLogIn('/profile');

    expect(await observed.drawn()).toEqual([]);
    expect(await observed.received()).toEqual([]);
  });

  test('a moderator steps through the bar without a page load', async ({ open }) => {
    const visitor = await open('moderator');
    await visitor.goTo('/profile');
    await visitor.page.evaluate(() => Object.assign(window, { stillHere: true }));
    await visitor.bar.link('Moderation').click();
    await visitor.arrivesAt('/moderation');
    await visitor.sees(headings.moderation);
    expect(await visitor.page.evaluate(() => 'stillHere' in window)).toBe(true);
  });
});

/** Follows a link that the page does not offer, as the app's own router would. */
async function followInside(page: Page, path: string): Promise<void> {
  await page.evaluate((path) => {
    const link = document.createElement('a');
    link.href = path;
    document.body.append(link);
    link.click();
    link.remove();
  }, path);
}

/** Watches for `words` from now on: in whatever the page draws, if only for a moment, and in what the server answers. */
async function observe(page: Page, words: string[]) {
  const answers: Promise<string>[] = [];
  page.on('response', (response) => {
    const kind = response.request().resourceType();
    if (['document', 'fetch', 'xhr'].includes(kind)) answers.push(response.text().catch(() => ''));
  });
  await page.evaluate((words) => {
    const drawn: string[] = [];
    Object.assign(window, { drawn });
    new MutationObserver((mutations) => {
      for (const { addedNodes, target } of mutations) {
        for (const node of [...addedNodes, target]) {
          const text = node.textContent ?? '';
          drawn.push(...words.filter((word) => text.includes(word) && !drawn.includes(word)));
        }
      }
    }).observe(document.querySelector('main') ?? document.body, { childList: true, characterData: true, subtree: true });
  }, words);
  return {
    // A page load in between would begin a new window: then nothing of the app drew it, and the answer is looked at.
    drawn: () => page.evaluate(() => (window as unknown as { drawn?: string[] }).drawn ?? []),
    received: async () => {
      const bodies = await Promise.all(answers);
      return words.filter((word) => bodies.some((body) => body.includes(word)));
    },
  };
}
