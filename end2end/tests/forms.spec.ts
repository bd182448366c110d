// Hydrated forms, and their use with a keyboard and a screen reader.

import type { Locator } from '@playwright/test';
import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import type { Visitor } from '../support/pages.ts';
import { sentences } from '../support/words.ts';

withAndWithoutJavaScript(() => {
  test('logging in takes a keyboard and nothing else', async ({ account, visitor }) => {
    await visitor.goTo('/login?next=%2Fprofile');
    const { keyboard } = visitor.page;
    await tabTo(visitor, visitor.logIn.email);
    await keyboard.type(account.email);
    await tabTo(visitor, visitor.logIn.password);
    await keyboard.type(account.password);
    await keyboard.press('Enter');
    await visitor.arrivesAt('/profile');

    // And the way out, too.
    await tabTo(visitor, visitor.bar.accountMenu);
    await keyboard.press('Enter');
    await tabTo(visitor, visitor.page.getByRole('button', { name: 'Log out', exact: true }));
    await keyboard.press('Enter');
    await visitor.bar.showsNobody();
  });

  test('the first stop of the keyboard leads past the bar', async ({ visitor }) => {
    await visitor.goTo('/');
    await visitor.page.keyboard.press('Tab');
    const skip = visitor.page.getByRole('link', { name: /skip to (the )?content/i });
    await expect(skip).toBeFocused();
    await visitor.page.keyboard.press('Enter');
    await expect(visitor.page).toHaveURL(/#/);
  });
});

test('a password can be shown and hidden, and stays what it is', async ({ visitor }) => {
  await visitor.logIn.open();
  await visitor.logIn.password.fill('correct-horse');
  await visitor.page.getByRole('button', { name: 'Show password' }).click();
  await expect(visitor.logIn.password).toHaveAttribute('type', 'text');
  await visitor.page.getByRole('button', { name: 'Hide password' }).click();
  await expect(visitor.logIn.password).toHaveAttribute('type', 'password');
  await expect(visitor.logIn.password).toHaveValue('correct-horse');
});

test('without JavaScript there is no button that could do nothing', async ({ open }) => {
  const visitor = await open('nobody', { javaScriptEnabled: false });
  await visitor.logIn.open();
  await expect(visitor.page.getByRole('button', { name: 'Show password' })).toHaveCount(0);
  await expect(visitor.bar.theme('Dark')).toHaveCount(0);
});

test('the strength meter rises with the password, and says what would help', async ({ visitor }) => {
  await visitor.signUp.open();
  const meter = visitor.page.locator('[data-score]');
  await visitor.signUp.password.fill('password1234');
  await expect(meter).toHaveAttribute('data-score', /^[01]$/);
  await expect(meter).toContainText(/\w+/);
  await visitor.signUp.password.fill('seven brass keys under a slate roof');
  await expect(meter).toHaveAttribute('data-score', '4');
});

test('nothing is sent while a field is at fault, and the focus goes there', async ({ visitor }) => {
  await visitor.signUp.open();
  const posts: string[] = [];
  visitor.page.on('request', (request) => {
    if (request.isNavigationRequest() && request.method() === 'POST') posts.push(request.url());
  });
  await visitor.signUp.send({ ...somebody(), email: 'not an address' });
  await expect(visitor.signUp.email).toHaveAccessibleDescription(new RegExp(sentences.emailMalformed));
  await expect(visitor.signUp.email).toBeFocused();
  expect(posts).toEqual([]);

  // Editing a field takes back what was said about it, and about no other.
  await visitor.signUp.send({ ...somebody(), email: 'not an address', password: 'short' });
  await expect(visitor.signUp.password).toHaveAttribute('aria-invalid', 'true');
  await visitor.signUp.email.press('End');
  await visitor.signUp.email.press('Backspace');
  await expect(visitor.signUp.email).not.toHaveAttribute('aria-invalid');
  await expect(visitor.signUp.email).not.toHaveAccessibleDescription(new RegExp(sentences.emailMalformed));
  await expect(visitor.signUp.password).toHaveAttribute('aria-invalid', 'true');
  expect(posts).toEqual([]);
});

test('a form sends once, however often its button is pressed', async ({ account, visitor }) => {
  await visitor.logIn.open();
  let posts = 0;
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await visitor.page.route('**/api/auth/log_in', async (route) => {
    posts += 1;
    await held;
    await route.continue();
  });
  await visitor.logIn.email.fill(account.email);
  await visitor.logIn.password.fill(account.password);
  // In the page itself: a locator would wait for the navigation that the first press begins.
  const waiting = await visitor.logIn.submit.evaluate(async (button: HTMLButtonElement) => {
    const nextFrame = () => new Promise(requestAnimationFrame);
    button.click();
    await nextFrame();
    const said = [...document.querySelectorAll('[role=status]')].map((status) => status.textContent);
    const waiting = button.ariaDisabled === 'true' && said.includes('Sending');
    button.click();
    await nextFrame();
    button.click();
    await nextFrame();
    return waiting;
  });
  expect(waiting, 'shows that it works, and says so').toBe(true);
  answer();
  await visitor.bar.showsSignedIn();
  expect(posts).toBe(1);
});

/** Presses Tab until `target` has the focus. */
async function tabTo(visitor: Visitor, target: Locator): Promise<void> {
  for (let stops = 0; stops < 40; stops++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await visitor.page.keyboard.press('Tab');
  }
  await expect(target, 'reached with the Tab key').toBeFocused();
}
