// Several tabs of one browser, which share their cookies.

import { test } from '../support/fixtures.ts';

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

test('without JavaScript the other tab finds out with its next step', async ({ open }) => {
  const member = await open('member', { javaScriptEnabled: false });
  await member.profile.open();
  const other = await member.newTab();
  await other.profile.open();

  await member.bar.logOut();
  await other.profile.save.click();

  await other.arrivesAtLogIn('/profile');
});
