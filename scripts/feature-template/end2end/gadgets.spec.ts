// The gizmos of an account, from the first to the deletion of the last.

import { AxeBuilder } from '@axe-core/playwright';
import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';

withAndWithoutJavaScript((javaScript) => {
  test('add, change and delete a gizmo', async ({ open, api }) => {
    const account = somebody();
    await api.signUp(account);
    const visitor = await open(account);
    const main = visitor.page.getByRole('main');
    const title = main.getByLabel('Title', { exact: true });
    const text = main.getByLabel(/^Text/);

    await visitor.goTo('/profile');
    await visitor.bar.link('Gizmos').click();
    await visitor.arrivesAt('/gadgets');
    await expect(visitor.text('No gizmos yet')).toBeVisible();

    await main.getByRole('link', { name: 'New gizmo' }).click();
    await visitor.arrivesAt('/gadgets/new');
    await title.fill('  ');
    await text.fill('Two lines,\nboth kept.');
    await main.getByRole('button', { name: 'Add gizmo' }).click();
    await expect(title).toHaveAccessibleDescription('Enter the title.');
    await expect(text).toHaveValue('Two lines,\nboth kept.');
    await visitor.ready();
    await title.fill('The first');
    await main.getByRole('button', { name: 'Add gizmo' }).click();
    await visitor.arrivesAt('/gadgets');
    await expect(visitor.text('Gizmo added.')).toBeVisible();

    await main.getByRole('link', { name: 'The first', exact: true }).click();
    await visitor.sees('Edit gizmo');
    await visitor.ready();
    await expect(title).toHaveValue('The first');
    await expect(text).toHaveValue('Two lines,\nboth kept.');
    await title.fill('The best');
    await main.getByRole('button', { name: 'Save gizmo' }).click();
    await visitor.arrivesAt('/gadgets');
    await expect(visitor.text('Gizmo saved.')).toBeVisible();

    await main.getByRole('link', { name: 'Delete The best' }).click();
    await visitor.sees('Delete gizmo');
    await main.getByRole('link', { name: 'Keep it' }).click();
    await visitor.arrivesAt('/gadgets');
    await main.getByRole('link', { name: 'Delete The best' }).click();
    await visitor.sees('Delete gizmo');
    await visitor.ready();
    await main.getByRole('button', { name: 'Delete gizmo' }).click();
    await visitor.arrivesAt('/gadgets');
    await expect(visitor.text('Gizmo deleted.')).toBeVisible();
    await expect(visitor.text('No gizmos yet')).toBeVisible();
    expect(visitor.hasJavaScript).toBe(javaScript);
  });
});

test('somebody who is not logged in gets there by way of the log-in', async ({ visitor, account }) => {
  await visitor.goTo('/gadgets');
  await visitor.arrivesAtLogIn('/gadgets');
  await visitor.logIn.as(account);
  await visitor.arrivesAt('/gadgets');
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing, and 320 pixels are wide enough, ${colorScheme}`, async ({ open, api }) => {
    const account = somebody();
    await api.signUp(account);
    const visitor = await open(account, { colorScheme, viewport: { width: 320, height: 640 } });
    const { page } = visitor;
    const check = async () => {
      await visitor.ready();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${page.url()}: ${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    };
    await visitor.goTo('/gadgets');
    await check();
    await visitor.goTo('/gadgets/new');
    await check();
    await page.getByLabel('Title', { exact: true }).fill('Something-with-a-long-name-'.repeat(3));
    await page.getByRole('button', { name: 'Add gizmo' }).click();
    await visitor.arrivesAt('/gadgets');
    await check();
    for (const [link, heading] of [[/^Something/, 'Edit gizmo'], [/^Delete/, 'Delete gizmo']] as const) {
      await visitor.goTo('/gadgets');
      await page.getByRole('main').getByRole('link', { name: link }).click();
      await visitor.sees(heading);
      await check();
    }
  });
}
