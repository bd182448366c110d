// Takes docs/screenshots/{page}-{light|dark}-{390|1280}.png: what the window shows, so that the files stay small.

import { join } from 'node:path';
import { expect, test, type Who } from './support/fixtures.ts';
import { projectRoot } from './support/servers.ts';

const pages: { name: string; who: Who; path: string; status?: number }[] = [
  { name: 'landing', who: 'user', path: '/' },
  { name: 'log-in', who: 'nobody', path: '/login' },
  { name: 'sign-up', who: 'nobody', path: '/signup' },
  { name: 'profile', who: 'user', path: '/profile' },
  { name: 'devices', who: 'user', path: '/account/devices' },
  { name: 'admin', who: 'admin', path: '/admin' },
  { name: 'moderation', who: 'moderator', path: '/moderation' },
  { name: '403', who: 'user', path: '/admin', status: 403 },
  { name: '404', who: 'nobody', path: '/no/such/page', status: 404 },
];
const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

for (const { name, who, path, status } of pages) {
  for (const theme of ['light', 'dark'] as const) {
    for (const viewport of sizes) {
      const file = `${name}-${theme}-${viewport.width}.png`;
      test(file, async ({ open, watch }) => {
        if (status) watch.expectStatus(status, path);
        const visitor = await open(who, { colorScheme: theme, viewport });
        await visitor.goTo(path);
        await visitor.page.evaluate(() => document.fonts.ready.then(() => undefined));
        await expect(visitor.page.getByRole('heading', { level: 1 })).toBeVisible();
        // `initial`: hiding the caret would take a style sheet that the content security policy refuses.
        await visitor.page.screenshot({
          path: join(projectRoot, 'docs', 'screenshots', file),
          scale: 'css',
          caret: 'initial',
        });
      });
    }
  }
}
