// Light and dark theme: the system's or the chosen one, from the first frame.

import { expect, test } from '../support/fixtures.ts';
import type { Visitor } from '../support/pages.ts';

for (const system of ['light', 'dark'] as const) {
  test(`a ${system} system gets a ${system} page, with or without JavaScript`, async ({ open }) => {
    const backgrounds = [];
    for (const javaScriptEnabled of [true, false]) {
      const visitor = await open('nobody', { javaScriptEnabled, colorScheme: system });
      await visitor.goTo('/');
      backgrounds.push(await lightness(visitor));
    }
    for (const background of backgrounds) {
      if (system === 'light') expect(background).toBeGreaterThan(0.8);
      else expect(background).toBeLessThan(0.35);
    }
  });
}

test('a chosen theme stays, and is there before anything is drawn', async ({ open }) => {
  const visitor = await open('nobody', { colorScheme: 'light' });
  await visitor.page.addInitScript(() => {
    // The theme at the moment when there is a body to draw.
    new MutationObserver((_, observer) => {
      if (!document.body) return;
      observer.disconnect();
      Object.assign(window, { firstTheme: document.documentElement.dataset['theme'] });
    }).observe(document, { childList: true, subtree: true });
  });
  await visitor.goTo('/');
  await visitor.bar.chooseTheme('Dark');
  await expect.poll(() => lightness(visitor)).toBeLessThan(0.35);

  for (const path of ['/login', '/']) {
    await visitor.goTo(path);
    expect(await visitor.page.evaluate(() => (window as unknown as { firstTheme?: string }).firstTheme)).toBe('dark');
    expect(await lightness(visitor)).toBeLessThan(0.35);
    await expect(visitor.bar.theme('Dark')).toBeChecked();
  }

  await visitor.bar.chooseTheme('System');
  await expect.poll(() => lightness(visitor)).toBeGreaterThan(0.8);
});

test('a chosen theme reaches the other tabs', async ({ open }) => {
  const visitor = await open('nobody', { colorScheme: 'light' });
  await visitor.goTo('/');
  const other = await visitor.newTab();
  await other.goTo('/login');
  await visitor.bar.chooseTheme('Dark');
  await expect.poll(() => lightness(other)).toBeLessThan(0.35);
});

/** Of what stands behind the page, from 0 (black) to 1 (white), as a canvas paints it. */
function lightness(visitor: Visitor): Promise<number> {
  return visitor.page.evaluate(() => {
    const behind = [document.body, document.documentElement]
      .map((element) => getComputedStyle(element).backgroundColor)
      .find((color) => color !== 'rgba(0, 0, 0, 0)');
    const canvas = document.createElement('canvas').getContext('2d')!;
    canvas.fillStyle = behind ?? 'white';
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  });
}
