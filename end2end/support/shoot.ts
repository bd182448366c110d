// What the pictures of docs/screenshots share.

import { join } from 'node:path';
import { expect } from './fixtures.ts';
import type { Visitor } from './pages.ts';
import { projectRoot } from './servers.ts';

export const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

/** The newest mail to `to` about `subject` as it looks, light on a phone and dark on a desktop. */
export async function shootMail(visitor: Visitor, name: string, to: string, subject: string): Promise<void> {
  const row = visitor.page.getByRole('row').filter({ hasText: to }).filter({ hasText: subject }).first();
  await expect(async () => {
    await visitor.goTo('/dev/mailbox');
    await expect(row).toBeVisible({ timeout: 500 });
  }).toPass();
  const href = await row.getByRole('link').getAttribute('href');
  for (const [colorScheme, viewport] of [['light', sizes[0]!], ['dark', sizes[1]!]] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    await visitor.page.setViewportSize({ width: viewport.width, height: 480 });
    await visitor.page.goto(`${href}/html`);
    await visitor.page.screenshot({
      path: join(projectRoot, 'docs', 'screenshots', `mail-${name}-${colorScheme}-${viewport.width}.png`),
      scale: 'css',
      caret: 'initial',
      fullPage: true,
    });
  }
}
