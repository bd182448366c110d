// Pictures of what takes a while where tokens live as long as they should.

import { join } from 'node:path';
import { somebody } from './support/accounts.ts';
import { expect, test } from './support/fixtures.ts';
import { projectRoot, url } from './support/servers.ts';
import { shootMail, sizes } from './support/shoot.ts';

test.use({ server: 'brief' });

test('the mail about a session that was used twice', async ({ open, api, site }) => {
  const account = somebody();
  await api.signUp(account);
  const visitor = await open(account);
  const context = visitor.page.context();
  const copy = (await context.cookies()).filter(({ name }) => name === 'latchkey_refresh');
  for (let rotations = 0; rotations < 2; rotations += 1) {
    const before = await visitor.cookie('latchkey_refresh');
    await expect(async () => {
      await visitor.page.request.post('/api/auth/refresh', { form: {}, headers: { origin: url(site) } });
      expect(await visitor.cookie('latchkey_refresh')).not.toBe(before);
    }).toPass();
  }
  await context.clearCookies();
  await context.addCookies(copy);
  await visitor.goTo('/profile');
  await shootMail(visitor, 'session-copied', account.email, 'We ended a suspicious session');
});

for (const theme of ['light', 'dark'] as const) {
  for (const viewport of sizes) {
    const file = `step-up-${theme}-${viewport.width}.png`;
    test(file, async ({ open, api }) => {
      const account = somebody();
      await api.signUp(account);
      const visitor = await open(account, { colorScheme: theme, viewport });
      await expect(async () => {
        await visitor.goTo('/account/email');
        await expect(visitor.page.getByRole('heading', { name: 'Confirm access' })).toBeVisible({ timeout: 500 });
      }).toPass();
      await visitor.page.screenshot({
        path: join(projectRoot, 'docs', 'screenshots', file),
        scale: 'css',
        caret: 'initial',
      });
    });
  }
}
