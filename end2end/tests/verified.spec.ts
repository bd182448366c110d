// Sign-up with email confirmation, as in production: whoever reads the email creates the account.

import { somebody } from '../support/accounts.ts';
import { expect, test } from '../support/fixtures.ts';
import { headings } from '../support/words.ts';

test.use({ server: 'verified' });

const another = 'violet-anchor-seventeen';

for (const javaScriptEnabled of [true, false]) {
  test(`an account is made by the link, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({ open }) => {
    const account = somebody();
    const visitor = await open('nobody', { javaScriptEnabled });
    await visitor.signUp.open();
    await visitor.signUp.send(account);
    await visitor.arrivesAt('/confirm');
    await visitor.sees(headings.confirm);
    await visitor.bar.showsNobody();
    await visitor.mailbox.openMail(account.email, 'Confirm your email address');
    await visitor.mailbox.link.click();
    await visitor.sees('Confirm your email address');
    await visitor.ready();
    await visitor.page.getByRole('button', { name: 'Create my account' }).click();
    await visitor.arrivesAt('/profile');
    await visitor.bar.showsSignedIn();
  });
}

test('another browser chooses its own password', async ({ open }) => {
  const account = somebody();
  const stranger = await open();
  await stranger.signUp.open();
  await stranger.signUp.send(account);
  await stranger.arrivesAt('/confirm');

  const owner = await open();
  await owner.mailbox.openMail(account.email, 'Confirm your email address');
  await owner.mailbox.link.click();
  await owner.sees('Confirm your email address');
  await owner.ready();
  await owner.newPassword.fill(another);
  await owner.page.getByRole('button', { name: 'Create my account' }).click();
  await owner.arrivesAt('/profile');
  await expect(owner.profile.name).toHaveValue(account.name);
});
