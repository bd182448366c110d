// Account emails: each journey from the form to the mailbox and back, with and without JavaScript.

import { readFile } from 'node:fs/promises';
import { somebody, type Account, type Api } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import type { Visitor } from '../support/pages.ts';
import { headings, sentences } from '../support/words.ts';

const another = 'violet-anchor-seventeen';

async function fresh(api: Api): Promise<Account> {
  const account = somebody();
  await api.signUp(account);
  return account;
}

/** Presses the button of that name in the page's own part. */
async function press(visitor: Visitor, name: string): Promise<void> {
  await visitor.page.getByRole('main').getByRole('button', { name, exact: true }).click();
}

/** Asks for a mail on the page at `path`, and arrives where its digits are typed. */
async function ask(visitor: Visitor, path: string, email: string, button: string): Promise<void> {
  await visitor.goTo(path);
  await visitor.logIn.email.fill(email);
  await press(visitor, button);
  await visitor.arrivesAt('/confirm');
  await visitor.sees(headings.confirm);
}

withAndWithoutJavaScript((javaScript) => {
  test('a link logs in, and leads to where one was going', async ({ open, api }) => {
    const account = await fresh(api);
    const visitor = await open();
    await visitor.goTo('/account/devices');
    await visitor.arrivesAtLogIn('/account/devices');
    await visitor.page.getByRole('link', { name: 'Log in by email' }).click();
    await visitor.sees('Log in by email');
    await visitor.ready();
    await visitor.logIn.email.fill(account.email);
    await press(visitor, 'Send me a link');
    await visitor.arrivesAt('/confirm');

    await visitor.mailbox.openMail(account.email, 'login link');
    await visitor.mailbox.link.click();
    await visitor.sees('Log in by email');
    await visitor.bar.showsNobody();
    await visitor.ready();
    await press(visitor, 'Log in');

    await visitor.arrivesAt('/account/devices');
    await visitor.bar.showsSignedIn();
    await visitor.page.goBack();
    await visitor.page.reload();
    await visitor.sees(headings.spent);
  });

  test('digits log in where they were asked for, once they are right', async ({ open, api, watch }) => {
    watch.expectStatus(422, '/api/auth/confirm');
    const account = await fresh(api);
    const visitor = await open();
    await ask(visitor, '/magic', account.email, 'Send me a link');
    const mailbox = await visitor.newTab();
    await mailbox.mailbox.openMail(account.email, 'login link');
    const digits = (await mailbox.mailbox.digits.innerText()).trim();

    const field = visitor.page.getByLabel('Six-digit code');
    await field.fill(digits === '000000' ? '111111' : '000000');
    await press(visitor, 'Log in');
    await expect(visitor.text(sentences.wrongDigits)).toBeVisible();
    await visitor.ready();
    await field.fill(`${digits.slice(0, 3)} ${digits.slice(3)}`);
    await press(visitor, 'Log in');

    await visitor.arrivesAt('/profile');
    await visitor.bar.showsSignedIn();
  });

  test('a forgotten password is replaced, and every device is logged out', async ({ open, api }) => {
    const account = await fresh(api);
    const elsewhere = await open(account);
    await elsewhere.profile.open();
    const visitor = await open();
    await ask(visitor, '/forgot', account.email, 'Send me a link');
    await visitor.mailbox.openMail(account.email, 'Choose a new password');
    await visitor.mailbox.link.click();
    await visitor.sees('Choose a new password');
    await visitor.ready();
    await visitor.newPassword.fill(another);
    await press(visitor, 'Change password');

    await visitor.arrivesAt('/profile');
    await expect(visitor.text(sentences.passwordChanged)).toBeVisible();
    if (!javaScript) await elsewhere.page.reload();
    await elsewhere.arrivesAtLogIn('/profile');
    await elsewhere.logIn.as({ ...account, password: another });
  });

  test('an address nobody has gets the same answer and no mail', async ({ open }) => {
    const { email } = somebody();
    const visitor = await open();
    await ask(visitor, '/forgot', email, 'Send me a link');
    await expect(visitor.text(email)).toBeVisible();
  });

  test('an address is verified', async ({ open, api }) => {
    const account = await fresh(api);
    const visitor = await open(account);
    await visitor.goTo('/account');
    await visitor.sees(headings.account);
    await expect(visitor.text('not verified')).toBeVisible();
    await visitor.page.getByRole('button', { name: /^Send me a link/ }).click();
    await visitor.arrivesAt('/confirm');
    await visitor.mailbox.openMail(account.email, 'Verify your email address');
    await visitor.mailbox.link.click();
    await visitor.sees('Verify your email address');
    await visitor.ready();
    await press(visitor, 'Verify email address');
    await visitor.arrivesAt('/account');
    await expect(visitor.text(sentences.emailVerified)).toBeVisible();
    await expect(visitor.text('not verified')).toHaveCount(0);
  });

  test('a password is changed where one is logged in', async ({ open, api }) => {
    const account = await fresh(api);
    const visitor = await open(account);
    await visitor.goTo('/account/password');
    await visitor.page.getByLabel('Current password').fill(account.password);
    await visitor.newPassword.fill(another);
    await press(visitor, 'Change password');
    await visitor.arrivesAt('/account');
    await expect(visitor.text(sentences.passwordChanged)).toBeVisible();
    await visitor.ready();
    await visitor.bar.logOut();
    await visitor.logIn.open();
    await visitor.logIn.as({ ...account, password: another });
  });

  test('an account moves to another address, and back by the mail to the old one', async ({ open, api }) => {
    const account = await fresh(api);
    const moved = somebody().email;
    const visitor = await open(account);
    // Only a verified address gets a way back.
    await visitor.goTo('/account');
    await visitor.page.getByRole('button', { name: /^Send me a link/ }).click();
    await visitor.mailbox.openMail(account.email, 'Verify your email address');
    await visitor.mailbox.link.click();
    await visitor.ready();
    await press(visitor, 'Verify email address');
    await visitor.arrivesAt('/account');

    await visitor.goTo('/account/email');
    await visitor.page.getByLabel('New email').fill(moved);
    await press(visitor, 'Send a link to the new address');
    await visitor.arrivesAt('/confirm');
    await visitor.mailbox.openMail(moved, 'Confirm your new email address');
    await visitor.mailbox.link.click();
    await visitor.sees('Confirm your new email address');
    await visitor.ready();
    await press(visitor, 'Use this address');
    await visitor.arrivesAt('/account');
    await expect(visitor.text(sentences.emailChanged)).toBeVisible();
    await expect(visitor.page.getByRole('definition').filter({ hasText: moved })).toBeVisible();

    // The link can be replaced, which ends the one that was mailed before.
    await expect(visitor.page.getByRole('heading', { name: 'Previous email addresses' })).toBeVisible();
    await visitor.ready();
    await visitor.page.getByRole('button', { name: /^Replace the link/ }).click();
    await visitor.arrivesAt('/account');
    await expect(visitor.text(sentences.wayBackRenewed)).toBeVisible();

    const owner = await open();
    await owner.mailbox.openMail(account.email, 'address was changed');
    await owner.mailbox.link.click();
    await owner.sees(headings.spent);
    await owner.mailbox.openMail(account.email, 'A new link');
    await owner.mailbox.link.click();
    await owner.sees('Restore your email address');
    await expect(owner.page.getByRole('button', { name: 'I made this change: disable this link' })).toBeVisible();
    await owner.ready();
    await owner.newPassword.fill(another);
    await press(owner, 'Restore this address');
    await owner.arrivesAt('/profile');
    await owner.goTo('/account');
    await expect(owner.page.getByRole('definition').filter({ hasText: account.email })).toBeVisible();
    if (!javaScript) await visitor.page.reload();
    await visitor.arrivesAtLogIn('/account');
  });

  test('an account is given up, and kept after all', async ({ open, api }) => {
    const account = await fresh(api);
    const visitor = await open(account);
    await visitor.goTo('/account/leave');
    await visitor.page.getByLabel("Your account's email address").fill(account.email);
    await press(visitor, 'Delete my account');
    await visitor.arrivesAt('/');
    await expect(visitor.text(sentences.leaving)).toBeVisible();
    await visitor.bar.showsNobody();

    await visitor.logIn.open();
    await visitor.logIn.as(account);
    await visitor.arrivesAt('/account');
    await expect(visitor.text('This account will be deleted on')).toBeVisible();
    await press(visitor, 'Keep my account');
    await expect(visitor.text(sentences.kept)).toBeVisible();
    await expect(visitor.text('This account will be deleted on')).toHaveCount(0);
  });

  test('a copy of all data is downloaded', async ({ open, api }) => {
    const account = await fresh(api);
    const visitor = await open(account);
    await visitor.goTo('/account/data');
    const [download] = await Promise.all([
      visitor.page.waitForEvent('download'),
      press(visitor, 'Download as JSON'),
    ]);
    expect(download.suggestedFilename()).toBe('latchkey-account.json');
    const copy = JSON.parse(await readFile(await download.path(), 'utf8')) as { email: string };
    expect(copy.email).toBe(account.email);
  });
});
