// Typed text is kept when the session ends, and never shown to another account in the same browser.

import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { sentences } from '../support/words.ts';

const typed = { name: 'Ada, Countess', bio: 'Half a page,\nnot saved yet.' };

withAndWithoutJavaScript((javaScript) => {
  test('what was typed while the session ended elsewhere is back after the log-in', async ({ open, api }) => {
    const account = somebody();
    await api.signUp(account);
    const writer = await open(account);
    await writer.profile.open();
    await writer.profile.name.fill(typed.name);
    await writer.profile.bio.fill(typed.bio);

    const elsewhere = await open(account);
    await elsewhere.devices.open();
    await elsewhere.devices.logOutEverywhere.click();
    // With JavaScript the tab leaves by itself.
    if (!javaScript) await writer.profile.save.click();
    await writer.arrivesAtLogIn('/profile');
    await expect(writer.text(sentences.sessionEnded)).toBeVisible();
    await writer.logIn.as(account);

    await writer.arrivesAt('/profile');
    await expect(writer.text(sentences.draftKept)).toBeVisible();
    await writer.profile.shows(typed);
    await writer.profile.save.click();
    await expect(writer.text(sentences.profileSaved)).toBeVisible();
    await writer.profile.shows(typed);
  });

  test('what was typed for one account changes nothing for the one that took over', async ({ open, api }) => {
    const [ada, grace] = [somebody(), somebody('Grace Hopper')];
    await api.signUp(ada);
    const writer = await open(ada);
    await writer.profile.open();
    await writer.profile.name.fill(typed.name);
    await writer.profile.bio.fill(typed.bio);

    // Another tab's log-in, of which this one hears by its next step at the latest.
    await writer.page.context().clearCookies();
    await writer.page.context().addCookies((await api.signUp(grace)).cookies);
    await writer.profile.save.click();

    await writer.arrivesAt('/profile');
    await expect(writer.text("You're now logged in as Grace Hopper")).toBeVisible();
    await writer.profile.shows(typed);
    await writer.profile.open();
    await writer.profile.shows({ name: 'Grace Hopper', bio: '' });
  });
});

test('a tab that another account takes over keeps what was typed, and says whose page it is now', async ({ open, api }) => {
  const [ada, grace] = [somebody(), somebody('Grace Hopper')];
  await api.signUp(ada);
  await api.signUp(grace);
  const writer = await open(ada);
  await writer.profile.open();
  const other = await writer.newTab();
  await other.goTo('/');
  await writer.profile.bio.fill(typed.bio);

  // In one step, without a page for nobody in between.
  await other.page.evaluate(async ({ email, password }) => {
    const body = new URLSearchParams({ email, password, next: '' });
    await fetch('/api/auth/log_in', { method: 'POST', body });
  }, grace);
  await other.goTo('/');

  await expect(writer.text("You're now logged in as Grace Hopper")).toBeVisible();
  await expect(writer.profile.bio).toHaveValue(typed.bio);
});
