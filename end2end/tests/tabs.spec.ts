// Several tabs of one browser, which share their cookies.

import { somebody } from '../support/accounts.ts';
import { expect, test } from '../support/fixtures.ts';
import { sentences } from '../support/words.ts';

test('logging out in one tab sends the others to the log-in, with the way back', async ({ member }) => {
  await member.profile.open();
  const other = await member.newTab();
  await other.profile.open();

  await member.bar.logOut();

  await other.arrivesAtLogIn('/profile');
});

test('a tab on a public page notices, too, that nobody is signed in any more', async ({ member }) => {
  await member.profile.open();
  const other = await member.newTab();
  await other.goTo('/');
  await other.bar.showsSignedIn();

  await member.bar.logOut();

  await other.bar.showsNobody();
});

test('a new password in one tab leaves the others signed in, and told of what comes', async ({ open, api }) => {
  const account = somebody();
  const password = 'violet-anchor-seventeen';
  await api.signUp(account);
  const listening = await open(account);
  await listening.profile.open();
  await listening.page.evaluate(() => (document.documentElement.dataset.stayed = 'yes'));
  const other = await listening.newTab();
  await other.goTo('/account/password');
  await other.page.getByLabel('Current password').fill(account.password);
  await other.newPassword.fill(password);
  const listensAnew = listening.page.waitForRequest('**/api/auth/events');

  await other.page.getByRole('button', { name: 'Change password', exact: true }).click();

  await other.arrivesAt('/account');
  await expect(other.text(sentences.passwordChanged)).toBeVisible();
  await listensAnew;
  await expect(listening.page.locator('html[data-stayed]'), 'the page is the one that it was').toBeAttached();
  await listening.profile.change({ name: 'Still Here', bio: '' });
  await expect(listening.text(sentences.profileSaved)).toBeVisible();
  await listening.ready();
  const elsewhere = await open({ ...account, password });
  await elsewhere.devices.open();
  await elsewhere.devices.logOutEverywhere.click();
  await listening.arrivesAtLogIn('/profile');
  await other.arrivesAtLogIn('/account');
});

test('without JavaScript the other tab finds out with its next step', async ({ open }) => {
  const member = await open('member', { javaScriptEnabled: false });
  await member.profile.open();
  const other = await member.newTab();
  await other.profile.open();

  await member.bar.logOut();
  await other.profile.save.click();

  await other.arrivesAtLogIn('/profile');
});
