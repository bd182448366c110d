// Accessibility: axe finds nothing on any page, in both themes and sizes, and nothing is wider than a small screen.

import { AxeBuilder } from '@axe-core/playwright';
import { somebody } from '../support/accounts.ts';
import { expect, test, type Who } from '../support/fixtures.ts';
import type { Visitor } from '../support/pages.ts';
import { headings } from '../support/words.ts';

interface Place {
  name: string;
  who: Who;
  path: string;
  status?: number;
  /** What makes the page look as it is to be looked at. */
  then?: (visitor: Visitor) => Promise<void>;
}

const places: Place[] = [
  { name: 'start page', who: 'nobody', path: '/' },
  { name: 'start page of a member', who: 'user', path: '/' },
  { name: 'log-in', who: 'nobody', path: '/login' },
  {
    name: 'log-in that was refused',
    who: 'nobody',
    path: '/login',
    then: async (visitor) => {
      await visitor.logIn.send('nobody.at.all@example.test', 'not-the-right-one-at-all');
      await expect(visitor.page.getByRole('alert').first()).toBeVisible();
      await visitor.ready();
    },
  },
  { name: 'sign-up', who: 'nobody', path: '/signup' },
  {
    name: 'sign-up with every field at fault',
    who: 'nobody',
    path: '/signup',
    then: async (visitor) => {
      await visitor.signUp.submit.click();
      await expect(visitor.page.locator('[aria-invalid=true]').first()).toBeVisible();
    },
  },
  { name: 'profile', who: 'user', path: '/profile' },
  { name: 'profile of somebody who has to verify an address', who: 'member', path: '/profile' },
  {
    name: 'profile with the account menu open',
    who: 'user',
    path: '/profile',
    then: (visitor) => visitor.bar.accountMenu.click(),
  },
  { name: 'account', who: 'user', path: '/account' },
  { name: 'email', who: 'user', path: '/account/email' },
  { name: 'password', who: 'user', path: '/account/password' },
  { name: 'data', who: 'user', path: '/account/data' },
  { name: 'erasing an account', who: 'user', path: '/account/leave' },
  { name: 'forgotten password', who: 'nobody', path: '/forgot' },
  { name: 'log-in by mail', who: 'nobody', path: '/magic' },
  { name: 'nothing to confirm', who: 'nobody', path: '/confirm' },
  {
    name: 'digits from a mail',
    who: 'nobody',
    path: '/forgot',
    then: async (visitor) => {
      await visitor.logIn.email.fill(somebody().email);
      await visitor.page.getByRole('button', { name: 'Send me a link' }).click();
      await visitor.arrivesAt('/confirm');
      await visitor.sees(headings.confirm);
    },
  },
  { name: 'devices', who: 'user', path: '/account/devices' },
  { name: 'moderation', who: 'moderator', path: '/moderation' },
  { name: 'accounts', who: 'admin', path: '/admin' },
  { name: '403', who: 'user', path: '/admin', status: 403 },
  { name: '404', who: 'nobody', path: '/no/such/page', status: 404 },
];

for (const place of places) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing: ${place.name}, ${colorScheme}`, async ({ open, watch }) => {
      if (place.status) watch.expectStatus(place.status, place.path);
      const visitor = await open(place.who, { colorScheme });
      await visitor.goTo(place.path);
      await place.then?.(visitor);
      const { violations } = await new AxeBuilder({ page: visitor.page }).analyze();
      const found = violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.html).join(' ')})`);
      expect(found).toEqual([]);
    });
  }

  test(`320 pixels are wide enough: ${place.name}`, async ({ open, watch }) => {
    if (place.status) watch.expectStatus(place.status, place.path);
    const visitor = await open(place.who, { viewport: { width: 320, height: 640 } });
    await visitor.goTo(place.path);
    await place.then?.(visitor);
    const width = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(320);
  });
}
