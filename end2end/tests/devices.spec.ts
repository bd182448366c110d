// The devices page, and the effect of its buttons on other open tabs.

import type { Request } from '@playwright/test';
import { somebody, type Account, type Api } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings, sentences } from '../support/words.ts';

/** An account that no other test shares: its list of devices is this test's alone. */
async function fresh(api: Api): Promise<Account> {
  const account = somebody();
  await api.signUp(account);
  return account;
}

withAndWithoutJavaScript((javaScript) => {
  test('the page is reached by the account menu and marks this device', async ({ open, api }) => {
    const visitor = await open(await fresh(api));
    await visitor.profile.open();
    await visitor.bar.accountMenu.click();
    await visitor.bar.link('Devices').click();
    await visitor.arrivesAt('/account/devices');
    await visitor.sees(headings.devices);
    await expect(visitor.devices.rows).toHaveCount(2);
    await expect(visitor.devices.rows.filter({ hasText: 'this device' })).toHaveCount(1);
  });

  test('one device is logged out from another', async ({ open, api }) => {
    const account = await fresh(api);
    const here = await open(account);
    const there = await open(account);
    await here.devices.open();
    // The sign-up's own session, this one, and the other browser's, which was the last to be seen.
    await expect(here.devices.rows).toHaveCount(3);
    await there.profile.open();
    await here.devices.open();

    await here.devices.logOutAnother.first().click();
    await expect(here.text(sentences.deviceLoggedOut)).toBeVisible();
    await here.ready();
    await expect(here.devices.rows).toHaveCount(2);
    await here.devices.logOutAnother.first().click();
    await expect(here.devices.rows).toHaveCount(1);

    if (!javaScript) await there.page.reload();
    await there.arrivesAtLogIn('/profile');
    await here.profile.open();
  });

  test('all others are logged out, and this device stays', async ({ open, api }) => {
    const account = await fresh(api);
    const here = await open(account);
    const there = await open(account);
    await there.profile.open();
    await here.devices.open();

    await here.devices.logOutOthers.click();

    await expect(here.text(sentences.othersLoggedOut)).toBeVisible();
    await here.ready();
    await expect(here.devices.rows).toHaveCount(1);
    await expect(here.devices.logOutOthers).toHaveCount(0);
    if (!javaScript) await there.page.reload();
    await there.arrivesAtLogIn('/profile');
  });

  test('everywhere means here too', async ({ open, api }) => {
    const account = await fresh(api);
    const here = await open(account);
    const there = await open(account);
    await there.profile.open();
    await here.devices.open();

    await here.devices.logOutEverywhere.click();

    // The form's answer decides where this tab goes, although the server tells it of the end at the same time.
    await here.arrivesAt('/');
    await expect(here.text(sentences.loggedOutEverywhere)).toBeVisible();
    await here.bar.showsNobody();
    if (!javaScript) await there.page.reload();
    await there.arrivesAtLogIn('/profile');
  });
});

test('the tabs of a browser share one stream, and all of them learn of the end', async ({ open, api }) => {
  const account = await fresh(api);
  const here = await open(account);
  const there = await open(account);
  const streams: Request[] = [];
  there.page.context().on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/auth/events') streams.push(request);
  });
  const tabs = [there, await there.newTab(), await there.newTab()];
  for (const tab of tabs) await tab.profile.open();
  await expect.poll(() => streams.length).toBe(1);
  // The tab that listens is closed: another takes its place.
  await tabs[0]!.page.close();
  await expect.poll(() => streams.length).toBe(2);

  await here.devices.open();
  await here.devices.logOutOthers.click();

  await tabs[1]!.arrivesAtLogIn('/profile');
  await tabs[2]!.arrivesAtLogIn('/profile');
  expect(streams.length).toBe(2);
});
