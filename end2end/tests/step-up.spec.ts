// Some time after the log-in, a sensitive change asks for the password again and then returns to its form.

import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings } from '../support/words.ts';

test.use({ server: 'brief' });

withAndWithoutJavaScript(() => {
  test('a while after the log-in an address changes once the password was typed again', async ({ open, api }) => {
    const account = somebody();
    await api.signUp(account);
    const visitor = await open(account);
    await expect(async () => {
      await visitor.goTo('/account/email');
      await expect(visitor.page.getByRole('heading', { name: 'Confirm access' })).toBeVisible({ timeout: 500 });
    }).toPass();
    const password = visitor.page.getByLabel('Your password', { exact: true });
    const confirm = visitor.page.getByRole('button', { name: 'Confirm', exact: true });

    await password.fill('not-this-one-either');
    await confirm.click();
    await expect(visitor.text('Incorrect password.')).toBeVisible();
    await visitor.ready();
    await password.fill(account.password);
    await confirm.click();

    await visitor.page.getByLabel('New email', { exact: true }).fill(somebody().email);
    await visitor.page.getByRole('button', { name: 'Send a link to the new address', exact: true }).click();
    await visitor.arrivesAt('/confirm');
    await visitor.sees(headings.confirm);
  });
});
