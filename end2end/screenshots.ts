// Takes docs/screenshots/{page}-{light|dark}-{390|1280}.png: what the window shows, so that the files stay small.

import { join } from 'node:path';
import { demo, somebody } from './support/accounts.ts';
import { expect, test, type Who } from './support/fixtures.ts';
import { projectRoot, url } from './support/servers.ts';
import { shootMail, sizes } from './support/shoot.ts';

const pages: { name: string; who: Who; path: string; status?: number }[] = [
  { name: 'landing', who: 'user', path: '/' },
  { name: 'log-in', who: 'nobody', path: '/login' },
  { name: 'sign-up', who: 'nobody', path: '/signup' },
  { name: 'profile', who: 'user', path: '/profile' },
  { name: 'reminder', who: 'member', path: '/profile' },
  { name: 'forgot', who: 'nobody', path: '/forgot' },
  { name: 'magic', who: 'nobody', path: '/magic' },
  { name: 'account', who: 'user', path: '/account' },
  { name: 'email', who: 'user', path: '/account/email' },
  { name: 'password', who: 'user', path: '/account/password' },
  { name: 'data', who: 'user', path: '/account/data' },
  { name: 'leave', who: 'user', path: '/account/leave' },
  { name: 'devices', who: 'user', path: '/account/devices' },
  { name: 'admin', who: 'admin', path: '/admin' },
  { name: 'moderation', who: 'moderator', path: '/moderation' },
  { name: '403', who: 'user', path: '/admin', status: 403 },
  { name: '404', who: 'nobody', path: '/no/such/page', status: 404 },
];
/** Where the user of the devices page has logged in before. */
const devices = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
];

test.beforeAll(async ({ api }) => {
  for (const device of devices) await api.logIn(demo('user'), device);
});

for (const { name, who, path, status } of pages) {
  for (const theme of ['light', 'dark'] as const) {
    for (const viewport of sizes) {
      const file = `${name}-${theme}-${viewport.width}.png`;
      test(file, async ({ open, watch }) => {
        if (status) watch.expectStatus(status, path);
        const visitor = await open(who, { colorScheme: theme, viewport });
        await visitor.goTo(path);
        await visitor.page.evaluate(() => document.fonts.ready.then(() => undefined));
        await expect(visitor.page.getByRole('heading', { level: 1 })).toBeVisible();
        // `initial`: hiding the caret would take a style sheet that the content security policy refuses.
        await visitor.page.screenshot({
          path: join(projectRoot, 'docs', 'screenshots', file),
          scale: 'css',
          caret: 'initial',
        });
      });
    }
  }
}

for (const theme of ['light', 'dark'] as const) {
  for (const viewport of sizes) {
    test(`mail and its page, ${theme}, ${viewport.width}`, async ({ open, api }) => {
      const account = somebody();
      await api.signUp(account);
      const visitor = await open('nobody', { colorScheme: theme, viewport });
      const shoot = (name: string) =>
        visitor.page.screenshot({
          path: join(projectRoot, 'docs', 'screenshots', `${name}-${theme}-${viewport.width}.png`),
          scale: 'css',
          caret: 'initial',
        });
      await visitor.goTo('/magic');
      await visitor.logIn.email.fill(account.email);
      await visitor.page.getByRole('button', { name: 'Send me a link' }).click();
      await visitor.arrivesAt('/confirm');
      await expect(visitor.page.getByRole('button', { name: 'Log in', exact: true })).toBeVisible();
      await shoot('digits');
      await visitor.mailbox.openMail(account.email, 'login link');
      await shoot('mail');
      await visitor.mailbox.link.click();
      await visitor.sees('Log in by email');
      await visitor.ready();
      await shoot('confirm');
      await visitor.goTo('/dev/mailbox');
      await shoot('mailbox');
    });
  }
}

test('every mail', async ({ open, api, site }) => {
  const account = somebody();
  const moved = somebody().email;
  await api.signUp(account);
  const visitor = await open(account);
  const post = async (path: string, form: Record<string, string> = {}) => {
    const headers = { origin: url(site), accept: 'application/json' };
    return (await visitor.page.request.post(`/api/${path}`, { form, headers })).status();
  };
  const use = async (to: string, subject: string) => {
    await visitor.mailbox.openMail(to, subject);
    const code = new URL(await visitor.mailbox.link.innerText()).searchParams.get('code')!;
    expect(await post('auth/confirm', { code })).toBe(200);
  };
  await post('auth/send_verification');
  await use(account.email, 'Verify your email address');
  await post('auth/forgot_password', { email: account.email });
  await post('auth/send_magic_link', { email: account.email });
  await api.logIn(account, devices[0]);
  await post('account/change_email', { email: demo('user').email });
  await post('account/change_password', { old_password: account.password, password: 'violet-anchor-seventeen' });
  await post('account/change_email', { email: moved });
  await use(moved, 'Confirm your new email address');
  for (let n = 0; n < 6; n += 1) await post('auth/log_in', { email: moved, password: 'not-this-one-either' });
  await post('account/leave', { email: moved });
  await post('auth/send_magic_link', { email: moved });
  await use(moved, 'login link');
  await post('account/keep');

  const mails: [name: string, to: string, subject: string][] = [
    ['verify', account.email, 'Verify your email address'],
    ['recover', account.email, 'Choose a new password'],
    ['log-in', account.email, 'Your login link'],
    ['new-device', account.email, 'A new device logged in'],
    ['has-account', demo('user').email, 'You already have an account'],
    ['password-changed', account.email, 'Your password was changed'],
    ['change-email', moved, 'Confirm your new email address'],
    ['email-changed', account.email, 'Your email address was changed'],
    ['locked', moved, 'Too many login attempts'],
    ['leaving', moved, 'Your account will be deleted'],
    ['kept', moved, "Your account won't be deleted"],
  ];
  for (const [name, to, subject] of mails) {
    await shootMail(visitor, name, to, subject);
  }
});
