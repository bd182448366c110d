// Input that tries to run as a script, and redirect targets on other sites.

import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings, sentences } from '../support/words.ts';

const names = [
  '<script>window.hit=1</script>',
  '"><img src=x onerror=window.hit=1>',
  "</title><svg onload='window.hit=1'>",
];
const bio = [
  '</textarea><script>window.hit=1</script>',
  '</script><script>window.hit=1</script>',
  '<!--<script>',
  "javascript:window.hit=1 ' onfocus=window.hit=1 autofocus='",
  '{{constructor.constructor("window.hit=1")()}} \\u003cscript> &lt;script&gt; &amp;',
].join('\n');

withAndWithoutJavaScript((javaScript) => {
  for (const name of names) {
    test(`a name and a text stay text: ${name}`, async ({ api, open }) => {
      const mallory = somebody('Mallory');
      const visitor = await open('nobody', { storageState: await api.signUp(mallory) });

      await visitor.profile.open();
      await visitor.profile.change({ name, bio });
      await expect(visitor.text(sentences.profileSaved)).toBeVisible();
      for (const path of ['/profile', '/']) {
        await visitor.goTo(path);
        await expect(visitor.page.locator('img[src=x], svg[onload], [onfocus]')).toHaveCount(0);
        if (javaScript) expect(await visitor.page.evaluate(() => 'hit' in window)).toBe(false);
      }
      await visitor.profile.open();
      await visitor.profile.shows({ name, bio });

      // Where others see it: as the text that it is.
      const moderator = await open('moderator');
      await moderator.goTo('/moderation');
      await expect(moderator.page.getByText(mallory.email).first()).toBeVisible();
      await expect(moderator.page.getByText(name, { exact: true }).first()).toBeVisible();
      if (javaScript) expect(await moderator.page.evaluate(() => 'hit' in window)).toBe(false);
    });
  }

  test('characters that break a script apart are refused, and the rest of the text stays', async ({ member }) => {
    await member.profile.open();
    await member.profile.change({ name: 'Ada', bio: 'before\u2028after' });
    await expect(member.profile.bio).toHaveAccessibleDescription(new RegExp(sentences.unprintable));
    await expect(member.profile.bio).toHaveValue('before\u2028after');
  });

  for (const next of [
    '//evil.test',
    '/\\evil.test',
    'https:evil.test',
    'https://evil.test/',
    'javascript:alert(1)',
    '%2F%2Fevil.test',
    '/%2Fevil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '@evil.test',
  ]) {
    test(`a log-in does not lead to ${JSON.stringify(next)}`, async ({ account, visitor }) => {
      const elsewhere: string[] = [];
      visitor.page.on('request', (request) => {
        if (request.url().includes('evil.test/') && !request.url().includes('127.0.0.1')) elsewhere.push(request.url());
      });
      await visitor.logIn.open(next);
      await visitor.logIn.as(account);
      await visitor.arrivesAt('/profile');
      await visitor.sees(headings.profile);
      expect(elsewhere).toEqual([]);
    });
  }
});
