// The pages as a visitor finds them: by label, role and name, never by class.

import { expect, type Locator, type Page, type Response } from '@playwright/test';
import type { Account, Role } from './accounts.ts';
import { headings } from './words.ts';

/** Somebody in front of a browser, with or without JavaScript. */
export class Visitor {
  readonly logIn: LogInPage;
  readonly signUp: SignUpPage;
  readonly profile: ProfilePage;
  readonly accounts: AccountsPage;
  readonly devices: DevicesPage;
  readonly mailbox: Mailbox;
  readonly bar: Bar;

  constructor(
    readonly page: Page,
    readonly hasJavaScript: boolean,
  ) {
    this.logIn = new LogInPage(this);
    this.signUp = new SignUpPage(this);
    this.profile = new ProfilePage(this);
    this.accounts = new AccountsPage(this);
    this.devices = new DevicesPage(this);
    this.mailbox = new Mailbox(this);
    this.bar = new Bar(this);
  }

  /** Goes to `path` and waits until the page can be used; the answer is that of the page in the end. */
  async goTo(path: string): Promise<Response> {
    const response = await this.page.goto(path);
    expect(response, `an answer from ${path}`).not.toBeNull();
    await this.ready();
    return response!;
  }

  /** The page is there and, with JavaScript, hydrated: from now on it answers to clicks as it should. */
  async ready(): Promise<void> {
    if (this.hasJavaScript) await expect(this.page.locator('html[data-hydrated]')).toBeAttached();
  }

  /** Waits for the address (path and query), then until the page there can be used. */
  async arrivesAt(path: string): Promise<void> {
    await expect(this.page).toHaveURL((url) => url.pathname + url.search === path);
    await this.ready();
  }

  /** Waits for the log-in page that leads back to `next` afterwards. */
  async arrivesAtLogIn(next: string): Promise<void> {
    await expect(this.page).toHaveURL((url) => url.pathname === '/login' && url.searchParams.get('next') === next);
    await this.ready();
    await this.sees(headings.logIn);
  }

  heading(name: string): Locator {
    return this.page.getByRole('heading', { level: 1, name, exact: true });
  }

  async sees(heading: string): Promise<void> {
    await expect(this.heading(heading)).toBeVisible();
  }

  /** Where a password takes the place of another. */
  get newPassword(): Locator {
    return this.page.getByLabel('New password', { exact: true });
  }

  text(text: string): Locator {
    return this.page.getByText(text).first();
  }

  /** A second tab of the same browser. */
  async newTab(): Promise<Visitor> {
    return new Visitor(await this.page.context().newPage(), this.hasJavaScript);
  }

  async cookie(name: 'latchkey_access' | 'latchkey_refresh'): Promise<string | undefined> {
    const cookies = await this.page.context().cookies();
    return cookies.find((cookie) => cookie.name === name)?.value;
  }

  /** Waits until the browser has dropped the access token, as it does the moment it expires. */
  async accessExpires(): Promise<void> {
    await expect
      .poll(() => this.cookie('latchkey_access'), { message: 'the access token expires', timeout: 15_000 })
      .toBeUndefined();
  }
}

abstract class Part {
  constructor(protected readonly visitor: Visitor) {}

  protected get page(): Page {
    return this.visitor.page;
  }
}

type Theme = 'System' | 'Light' | 'Dark';

/** The bar at the top: where one may go, and the way out. */
export class Bar extends Part {
  get banner(): Locator {
    return this.page.getByRole('banner');
  }

  link(name: string): Locator {
    return this.banner.getByRole('link', { name, exact: true });
  }

  get accountMenu(): Locator {
    return this.banner.getByRole('button', { name: /account menu$/ });
  }

  theme(name: Theme): Locator {
    return this.page.getByRole('radio', { name, exact: true });
  }

  /** By the label: the radio button itself is not drawn. */
  async chooseTheme(name: Theme): Promise<void> {
    await this.page.locator('label', { has: this.theme(name) }).click();
  }

  /** Leaves by the account menu. */
  async logOut(): Promise<void> {
    await this.accountMenu.click();
    await this.page.getByRole('button', { name: 'Log out', exact: true }).click();
    await expect(this.accountMenu).toHaveCount(0);
    await this.visitor.ready();
  }

  async showsSignedIn(): Promise<void> {
    await expect(this.accountMenu).toBeVisible();
  }

  async showsNobody(): Promise<void> {
    await expect(this.accountMenu).toHaveCount(0);
  }
}

export class LogInPage extends Part {
  get email(): Locator {
    return this.page.getByLabel('Email', { exact: true });
  }

  get password(): Locator {
    return this.page.getByLabel('Password', { exact: true });
  }

  get submit(): Locator {
    return this.page.getByRole('main').getByRole('button', { name: 'Log in', exact: true });
  }

  async open(next?: string): Promise<void> {
    await this.visitor.goTo(next === undefined ? '/login' : `/login?next=${encodeURIComponent(next)}`);
    await this.visitor.sees(headings.logIn);
  }

  async send(email: string, password: string): Promise<void> {
    await this.visitor.ready();
    await this.email.fill(email);
    await this.password.fill(password);
    await this.submit.click();
  }

  /** Logs in from the page that stands open, and waits until that is done. */
  async as({ email, password }: Account): Promise<void> {
    await this.send(email, password);
    await this.visitor.bar.showsSignedIn();
    await this.visitor.ready();
  }
}

export class SignUpPage extends Part {
  get name(): Locator {
    return this.page.getByLabel(/^Display name/);
  }

  get email(): Locator {
    return this.page.getByLabel('Email', { exact: true });
  }

  get password(): Locator {
    return this.page.getByLabel('Password', { exact: true });
  }

  get submit(): Locator {
    return this.page.getByRole('button', { name: 'Create account', exact: true });
  }

  async open(): Promise<void> {
    await this.visitor.goTo('/signup');
    await this.visitor.sees(headings.signUp);
  }

  async send({ name, email, password }: Account): Promise<void> {
    await this.visitor.ready();
    await this.name.fill(name);
    await this.email.fill(email);
    await this.password.fill(password);
    await this.submit.click();
  }
}

export class ProfilePage extends Part {
  get name(): Locator {
    return this.page.getByLabel(/^Display name/);
  }

  get bio(): Locator {
    return this.page.getByLabel(/^About you/);
  }

  get save(): Locator {
    return this.page.getByRole('button', { name: 'Save profile', exact: true });
  }

  async open(): Promise<Response> {
    const response = await this.visitor.goTo('/profile');
    await this.visitor.sees(headings.profile);
    return response;
  }

  async shows({ name, bio }: { name: string; bio: string }): Promise<void> {
    await expect(this.name).toHaveValue(name);
    await expect(this.bio).toHaveValue(bio);
  }

  async change({ name, bio }: { name: string; bio: string }): Promise<void> {
    await this.name.fill(name);
    await this.bio.fill(bio);
    await this.save.click();
  }
}

/** Where an account is logged in. */
export class DevicesPage extends Part {
  get rows(): Locator {
    return this.page.getByRole('row').filter({ has: this.page.getByRole('rowheader') });
  }

  get logOutAnother(): Locator {
    return this.rows.getByRole('button', { name: /^Log out/ });
  }

  get logOutOthers(): Locator {
    return this.page.getByRole('button', { name: 'Log out all others', exact: true });
  }

  get logOutEverywhere(): Locator {
    return this.page.getByRole('button', { name: 'Log out everywhere, including here', exact: true });
  }

  async open(): Promise<void> {
    await this.visitor.goTo('/account/devices');
    await this.visitor.sees(headings.devices);
  }
}

/** The mails that the server under test has sent. */
export class Mailbox extends Part {
  /** Opens the newest mail to `to` about `subject`, once it has come. */
  async openMail(to: string, subject: string): Promise<void> {
    const row = this.page.getByRole('row').filter({ hasText: to }).filter({ hasText: subject });
    await expect(async () => {
      await this.visitor.goTo('/dev/mailbox');
      await expect(row.first()).toBeVisible({ timeout: 500 });
    }).toPass();
    await row.first().getByRole('link').click();
    await expect(this.link).toBeVisible();
    await this.visitor.ready();
  }

  get link(): Locator {
    return this.page.locator('a.mail-link');
  }

  get digits(): Locator {
    return this.page.locator('.mail-digits');
  }
}

/** The admin's list. */
export class AccountsPage extends Part {
  row(email: string): Locator {
    return this.page.getByRole('row').filter({ hasText: email });
  }

  async open(): Promise<void> {
    await this.visitor.goTo('/admin');
    await this.visitor.sees(headings.admin);
  }

  async setRole(email: string, role: Role): Promise<void> {
    const row = this.row(email);
    await row.getByRole('combobox').selectOption(role);
    await row.getByRole('button', { name: /^Save/ }).click();
  }
}
