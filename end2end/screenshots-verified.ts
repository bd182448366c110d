// The picture of the one mail that is sent only where a sign-up needs its mail.

import { somebody } from './support/accounts.ts';
import { test } from './support/fixtures.ts';
import { shootMail } from './support/shoot.ts';

test.use({ server: 'verified' });

test('the mail of a sign-up', async ({ open }) => {
  const account = somebody();
  const visitor = await open();
  await visitor.signUp.open();
  await visitor.signUp.send(account);
  await visitor.arrivesAt('/confirm');
  await shootMail(visitor, 'sign-up', account.email, 'Confirm your email address');
});
