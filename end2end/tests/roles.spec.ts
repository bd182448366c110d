// A role change, as the admin and as the user.

import { somebody } from '../support/accounts.ts';
import { expect, test, withAndWithoutJavaScript } from '../support/fixtures.ts';
import { headings, sentences } from '../support/words.ts';

withAndWithoutJavaScript((javaScript) => {
  test('an admin changes a role, and it counts from that account\'s next request', async ({ api, open, watch }) => {
    const ada = somebody();
    const visitor = await open('nobody', { storageState: await api.signUp(ada) });
    watch.expectStatus(403, '/moderation');
    await visitor.goTo('/moderation');
    await visitor.sees(headings.forbidden);

    const admin = await open('admin');
    await admin.accounts.open();
    await admin.accounts.setRole(ada.email, 'moderator');
    await expect(admin.text(sentences.roleChanged)).toBeVisible();
    await expect(admin.accounts.row(ada.email).getByRole('combobox')).toHaveValue('moderator');

    // The old session is over: the open page learns of it by itself, or with its next step. It says why, and logging in
    // again brings the new role.
    if (!javaScript) await visitor.goTo('/moderation');
    await visitor.arrivesAtLogIn('/moderation');
    await expect(visitor.text(sentences.accessChanged)).toBeVisible();
    await visitor.logIn.as(ada);
    await visitor.arrivesAt('/moderation');
    await visitor.sees(headings.moderation);

    // And back again.
    await admin.accounts.setRole(ada.email, 'user');
    await expect(admin.accounts.row(ada.email).getByRole('combobox')).toHaveValue('user');
    if (!javaScript) await visitor.goTo('/moderation');
    await visitor.arrivesAtLogIn('/moderation');
  });
});
