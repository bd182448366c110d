// The most common journeys: sign up, use the pages, log out and log in again.

import { demo, somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import type { Visitor } from '../support/pages.ts';
import { headings, sentences } from '../support/words.ts';

withAndWithoutJavaScript(() => {
  test('sign up, edit the profile, log out, and log in to where one was going', async ({ visitor }) => {
    const ada = somebody();
    await visitor.signUp.open();
    await visitor.signUp.send(ada);
    await visitor.bar.showsSignedIn();

    await visitor.profile.open();
    await visitor.profile.shows({ name: ada.name, bio: '' });
    const edited = { name: 'Ada, Countess', bio: 'Weaves algebraic patterns.\nOn Tuesdays.' };
    await visitor.profile.change(edited);
    await expect(visitor.text(sentences.profileSaved)).toBeVisible();
    await visitor.profile.open();
    await visitor.profile.shows(edited);

    await visitor.bar.logOut();
    await expect(visitor.text(sentences.loggedOut)).toBeVisible();
    expect(await visitor.cookie('latchkey_refresh')).toBeUndefined();

    await visitor.goTo('/profile');
    await visitor.arrivesAtLogIn('/profile');
    await visitor.logIn.as(ada);
    await visitor.arrivesAt('/profile');
    await visitor.profile.shows(edited);
  });

  test('the demo accounts are one press away', async ({ visitor }) => {
    await visitor.goTo('/');
    await visitor.page.getByRole('button', { name: 'Log in as moderator' }).click();
    await visitor.arrivesAt('/profile');
    await expect(visitor.profile.name).toHaveValue(demo('moderator').name);
    await expect(visitor.bar.link('Moderation')).toBeVisible();
  });

  test('the pages for newcomers lead to each other', async ({ visitor }) => {
    await visitor.logIn.open();
    await visitor.page.getByRole('main').getByRole('link', { name: /create an account|sign up/i }).click();
    await visitor.arrivesAt('/signup');
    await visitor.sees(headings.signUp);
    await visitor.page.getByRole('main').getByRole('link', { name: /log in/i }).click();
    await visitor.arrivesAt('/login');
    await visitor.sees(headings.logIn);
  });

  test('a password that does not match keeps the email, and says the same as an unknown account', async ({
    api,
    visitor,
  }) => {
    const ada = somebody();
    await api.signUp(ada);
    for (const email of [ada.email, somebody().email]) {
      await visitor.logIn.open('/profile');
      await visitor.logIn.send(email, 'not-the-right-one-at-all');
      await expect(visitor.page.getByRole('alert').filter({ hasText: sentences.noMatch })).toBeVisible();
      await expect(visitor.logIn.email).toHaveValue(email);
      await expect(visitor.logIn.password).toHaveValue('');
      await visitor.bar.showsNobody();
    }
    // The way to /profile is not lost by it.
    await visitor.logIn.as(ada);
    await visitor.arrivesAt('/profile');
  });

  test('what is wrong with a sign-up stands at its field, and what was typed stays', async ({ account, visitor }) => {
    const ada = somebody();
    await visitor.signUp.open();
    await visitor.signUp.send({ ...ada, password: 'short' });
    await expect(visitor.signUp.password).toHaveAccessibleDescription(new RegExp(sentences.passwordTooShort));
    await expect(visitor.signUp.password).toHaveAttribute('aria-invalid', 'true');
    await expect(visitor.signUp.email).toHaveValue(ada.email);
    await expect(visitor.signUp.name).toHaveValue(ada.name);

    await visitor.signUp.send({ ...ada, email: account.email });
    await expect(visitor.signUp.email).toHaveAccessibleDescription(new RegExp(sentences.emailTaken));
    await expect(visitor.signUp.email).toHaveValue(account.email);
    await expect(visitor.signUp.name).toHaveValue(ada.name);
    await visitor.bar.showsNobody();

    await visitor.signUp.send(ada);
    await visitor.bar.showsSignedIn();
  });

  test('logging out leaves nothing that works', async ({ api, open, account }) => {
    const state = await api.logIn(account);
    const visitor = await open('nobody', { storageState: state });
    await visitor.profile.open();
    await visitor.bar.logOut();

    // The same cookies once more, as somebody would who had copied them.
    const copy = await open('nobody', { storageState: state });
    await copy.goTo('/profile');
    await copy.arrivesAtLogIn('/profile');
  });
});

test('beside its cookies, the browser keeps the theme and nothing of an account', async ({ api, visitor }) => {
  const ada = somebody();
  await api.signUp(ada);
  await visitor.logIn.open();
  await visitor.logIn.send(ada.email, 'not-the-right-one-at-all');
  await expect(visitor.page.getByRole('alert').filter({ hasText: sentences.noMatch })).toBeVisible();
  await visitor.logIn.as(ada);
  await visitor.profile.open();
  await visitor.profile.change({ name: 'Kept Nowhere', bio: 'Not here.' });
  await expect(visitor.text(sentences.profileSaved)).toBeVisible();
  await visitor.bar.chooseTheme('Dark');
  await visitor.devices.open();
  const theme = { local: [['theme', 'dark']], session: [], databases: [], caches: [] };
  expect(await stored(visitor)).toEqual(theme);

  await visitor.bar.logOut();
  expect(await stored(visitor)).toEqual(theme);
});

/** All that scripts of the page's origin can find in this browser, but for cookies. */
function stored(visitor: Visitor) {
  return visitor.page.evaluate(async () => ({
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
  }));
}
