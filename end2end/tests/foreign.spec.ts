// Extensions, password managers, translators and proxies change the page before the program starts.

import { expect, test } from '../support/fixtures.ts';
import { headings, sentences } from '../support/words.ts';
import type { Visitor } from '../support/pages.ts';

/** On the log-in page, before any program runs, once its markup is there. */
async function before(visitor: Visitor, change: () => void): Promise<void> {
  await visitor.page.addInitScript(`document.addEventListener('readystatechange', () => {
    if (document.readyState === 'interactive' && location.pathname === '/login') (${change.toString()})();
  })`);
}

test('what extensions put into the body is nothing to the program', async ({ visitor }) => {
  await before(visitor, () => {
    for (const place of ['prepend', 'append'] as const) document.body[place](document.createElement('div'));
  });
  await visitor.logIn.open();
  await visitor.page.evaluate(() => (document.documentElement.dataset.stayed = 'yes'));
  await visitor.page.getByRole('main').getByRole('link', { name: 'Create an account' }).click();
  await visitor.arrivesAt('/signup');
  await expect(visitor.page.locator('html[data-stayed]'), 'a step inside the app').toBeAttached();
});

const changes: [string, () => void][] = [
  ['a box behind each input', () => document.querySelectorAll('input').forEach((input) => input.after(document.createElement('div')))],
  ['something in front of the content', () => document.querySelector('#app')?.prepend(document.createElement('div'))],
  ['a page whose words were replaced', () => document.querySelectorAll('main *').forEach((element) => {
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) {
      const font = document.createElement('font');
      font.textContent = node.textContent;
      node.replaceWith(font);
    }
  })],
  ['a page whose content is gone', () => document.querySelector('main')?.replaceChildren(document.querySelector('form') ?? '')],
];

for (const [name, change] of changes) {
  test(`links and forms work, and the console says why once, in a page with ${name}`, async ({ visitor, account, watch }) => {
    watch.allow(/The program of this page stopped/);
    await before(visitor, change);
    const reports: string[] = [];
    visitor.page.on('console', (message) => message.type() === 'error' && reports.push(message.text()));
    visitor.page.on('pageerror', (error) => reports.push(error.message));
    await visitor.page.goto('/login');
    // One or the other: the program bears it, or leaves the page to the browser.
    await expect(visitor.page.locator('html[data-hydrated], html[data-stopped]')).toBeAttached();
    const stopped = (await visitor.page.locator('html[data-stopped]').count()) > 0;
    expect(reports).toHaveLength(stopped ? 1 : 0);

    await expect(visitor.page).toHaveTitle(/^Log in/);
    await visitor.bar.link('Latchkey').click();
    await visitor.arrivesAt('/');
    await visitor.page.goBack();
    await expect(visitor.page).toHaveURL(/\/login$/);
    await expect(visitor.page.locator('html[data-hydrated], html[data-stopped]')).toBeAttached();
    await visitor.logIn.email.fill(account.email);
    await visitor.logIn.password.fill('not the password at all');
    await visitor.page.locator('form[action="/api/auth/log_in"] [type=submit]').click();
    await expect(visitor.text(sentences.noMatch)).toBeVisible();
    await expect(visitor.logIn.email).toHaveValue(account.email);
  });
}

test('a program that stops later leaves the page to the browser, too', async ({ member, watch }) => {
  watch.allow(/The program of this page stopped/);
  await member.goTo('/');
  await member.page.evaluate(() => {
    window.dispatchEvent(new ErrorEvent('error', { error: new WebAssembly.RuntimeError('unreachable'), cancelable: true }));
  });
  await expect(member.page.locator('html[data-stopped]')).toBeAttached();
  await member.page.evaluate(() => (document.documentElement.dataset.stayed = 'yes'));
  await member.bar.link('Profile').click();
  await member.sees(headings.profile);
  await expect(member.page.locator('html[data-stayed]'), 'a page of its own').toHaveCount(0);
});

test('a browser that keeps no cookies is told so', async ({ visitor, account }) => {
  const { page } = visitor;
  // What a browser does whose owner blocks cookies: it takes none and sends none.
  await page.route('**/*', async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    const headers = response.headers();
    delete headers['set-cookie'];
    await page.context().clearCookies();
    await route.fulfill({ response, headers });
  });
  for (const password of [account.password, 'not the password at all']) {
    await page.goto('/login');
    await expect(visitor.text(sentences.cookiesBlocked)).toHaveCount(0);
    await visitor.logIn.send(account.email, password);
    await expect(visitor.text(sentences.cookiesBlocked)).toBeVisible();
  }
  await page.unrouteAll({ behavior: 'wait' });
});
