// The access token expires during an action, here after two seconds, and the user doesn't notice.

import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings, sentences } from '../support/words.ts';

test.use({ server: 'brief' });

withAndWithoutJavaScript(() => {
  test('before a page: it comes as if nothing were, and the tokens are new', async ({ member }) => {
    await member.profile.open();
    const before = await member.cookie('latchkey_refresh');
    await member.accessExpires();

    const response = await member.profile.open();

    expect(response.status()).toBe(200);
    await member.bar.showsSignedIn();
    // As it was sent: on a slow machine it has expired again by now.
    expect(await response.headerValue('set-cookie')).toMatch(/latchkey_access=[^;]/);
    expect(await member.cookie('latchkey_refresh')).not.toBe(before);
  });

  test('before a form is sent: it is saved', async ({ member }) => {
    await member.profile.open();
    await member.accessExpires();

    const bio = `Written for longer than a token lives, ${Date.now()}`;
    await member.profile.change({ name: 'Ada', bio });

    await expect(member.text(sentences.profileSaved)).toBeVisible();
    await member.profile.shows({ name: 'Ada', bio });
  });

  test('again and again: one session lives through many tokens', async ({ member }) => {
    const seen = new Set<string>();
    for (let round = 0; round < 4; round++) {
      await member.profile.open();
      seen.add((await member.cookie('latchkey_refresh'))!);
      await member.accessExpires();
    }
    expect(seen.size).toBe(4);
  });
});

test('before a server function that the hydrated app calls: it answers', async ({ member }) => {
  await member.goTo('/');
  const before = await member.cookie('latchkey_refresh');
  await member.accessExpires();
  await member.page.evaluate(() => Object.assign(window, { stillHere: true }));

  await member.bar.link('Profile').click();

  await member.arrivesAt('/profile');
  await member.sees(headings.profile);
  await expect(member.profile.name).not.toHaveValue('');
  expect(await member.page.evaluate(() => 'stillHere' in window), 'without a page load').toBe(true);
  expect(await member.cookie('latchkey_refresh')).not.toBe(before);
});

test('the session card turns by a notch when it is asked to, in place', async ({ member }) => {
  const generation = async () => Number((await member.text('Generation').locator('..').innerText()).match(/\d+/)?.[0]);
  await member.goTo('/');
  const before = await generation();
  await member.page.evaluate(() => Object.assign(window, { stillHere: true }));
  await member.accessExpires();
  await member.page.getByRole('button', { name: 'Refresh now' }).click();
  // By one, or more where the machine is so slow that the new token has expired in between.
  await expect.poll(generation).toBeGreaterThan(before);
  expect(await member.page.evaluate(() => 'stillHere' in window), 'without a page load').toBe(true);
});

test('in five tabs at once: all of them stay signed in', async ({ member }) => {
  const tabs = [member];
  while (tabs.length < 5) tabs.push(await member.newTab());
  for (let round = 0; round < 3; round++) {
    await Promise.all(tabs.map((tab) => tab.profile.open()));
    await member.accessExpires();
    await Promise.all(
      tabs.map(async (tab) => {
        const response = await tab.profile.open();
        expect(response.status()).toBe(200);
        await tab.bar.showsSignedIn();
      }),
    );
  }
});
