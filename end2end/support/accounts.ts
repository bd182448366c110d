// Accounts, and how they come to a session without a browser.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, request, type BrowserContext } from '@playwright/test';
import { projectRoot, url, type Site } from './servers.ts';

export type Role = 'user' | 'moderator' | 'admin';
export type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

export interface Account {
  email: string;
  password: string;
  name: string;
}

/** Sessions of the demo accounts, between tests. Git ignores it. */
export const authFolder = join(projectRoot, 'end2end', '.auth');

/** The accounts that `demo.seed` makes. */
export function demo(role: Role): Account {
  const name = { user: 'Uma User', moderator: 'Mo Moderator', admin: 'Ada Admin' }[role];
  return { email: `${role}@demo.test`, password: 'correct-horse-battery', name };
}

/** An account that nobody has made yet. */
export function somebody(name = 'Ada Lovelace'): Account {
  const id = randomBytes(6).toString('hex');
  return { email: `ada.${id}@example.test`, password: `brass-${id}-verdigris`, name };
}

/** What a device calls itself that logs in without a browser. */
const someDevice =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36';

/** The server functions, as a program calls them. */
export class Api {
  constructor(private readonly site: Site) {}

  signUp(account: Account): Promise<StorageState> {
    const { email, password, name } = account;
    return this.enter('/api/auth/sign_up', { email, password, display_name: name }, someDevice);
  }

  /** `userAgent`: what the device calls itself. */
  logIn({ email, password }: Account, userAgent = someDevice): Promise<StorageState> {
    return this.enter('/api/auth/log_in', { email, password, next: '' }, userAgent);
  }

  private async enter(path: string, form: Record<string, string>, userAgent: string): Promise<StorageState> {
    const origin = url(this.site);
    const client = await request.newContext({ baseURL: origin, userAgent, extraHTTPHeaders: { origin } });
    try {
      const response = await client.post(path, { form, maxRedirects: 0 });
      expect(response.status(), `${path}: ${await response.text()}`).toBeLessThan(400);
      const state = await client.storageState();
      expect(state.cookies.map(({ name }) => name)).toContain('latchkey_refresh');
      return state;
    } finally {
      await client.dispose();
    }
  }
}

/**
 * The file that keeps a demo account's cookies from test to test of one worker, as a browser's own jar would: a session
 * may be rotated in any test, and whoever came back with cookies from before would be taken for a thief.
 */
export function jar(site: Site, role: Role, worker: number): { path: string; exists: boolean } {
  const path = join(authFolder, `${site}-${role}-${worker}.json`);
  return { path, exists: existsSync(path) };
}
