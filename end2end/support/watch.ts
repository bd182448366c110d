// What must not happen while a test runs, whatever the test is about: an error on the console, an exception, something
// that the content security policy blocked, a request that failed or was refused although the test did not say so.

import type { BrowserContext, ConsoleMessage, Request, Response } from '@playwright/test';

interface Seen {
  what: string;
  url: string;
}

export class Watch {
  private readonly seen: Seen[] = [];
  private readonly expected: { status: number; path: string }[] = [];
  private readonly allowed: RegExp[] = [];

  /** The test means to be answered with `status` at `path`. */
  expectStatus(status: number, path: string): void {
    this.expected.push({ status, path });
  }

  /** The test means to cause what matches. */
  allow(what: RegExp): void {
    this.allowed.push(what);
  }

  async over(context: BrowserContext, hasJavaScript: boolean): Promise<void> {
    context.on('console', (message) => this.console(message));
    context.on('weberror', (error) => this.note(`exception: ${error.error().stack ?? error.error().message}`, ''));
    context.on('requestfailed', (request) => this.failed(request, hasJavaScript));
    context.on('response', (response) => this.response(response));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`blocked by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
  }

  /** All that nobody expected, in the order in which it came. */
  get trouble(): string[] {
    return this.seen
      .filter(({ what, url }) => !this.isExpected(what, url))
      .map(({ what, url }) => (url ? `${what} (${url})` : what));
  }

  private isExpected(what: string, url: string): boolean {
    if (this.allowed.some((pattern) => pattern.test(what))) return true;
    const path = url.startsWith('http') ? new URL(url).pathname : '';
    // Chromium's console repeats each answer of 400 and above.
    return this.expected.some((one) => one.path === path && what.includes(String(one.status)));
  }

  private console(message: ConsoleMessage): void {
    const text = message.text();
    // The script that is added above, in the frame that shows a mail: no script runs there, this one neither.
    if (/^Blocked script execution in '[^']*\/dev\/mailbox\/[^']*\/html' because the document's frame is sandboxed/.test(text)) return;
    if (message.type() === 'error' || (message.type() === 'warning' && /hydrat/i.test(text))) {
      this.note(`console ${message.type()}: ${text}`, message.location().url);
    }
  }

  private failed(request: Request, hasJavaScript: boolean): void {
    const reason = request.failure()?.errorText ?? 'for no reason';
    // A page that is left, or a browser that closes, gives up what was under way.
    if (reason === 'net::ERR_ABORTED') return;
    // Chromium's word for a script that it does not fetch because there is no JavaScript. What the page's policy really
    // blocks stands on the console as well.
    if (!hasJavaScript && reason === 'csp' && request.resourceType() === 'script') return;
    this.note(`request failed: ${reason}`, request.url());
  }

  private response(response: Response): void {
    if (response.status() >= 400) this.note(`answered ${response.status()}`, response.url());
  }

  private note(what: string, url: string): void {
    this.seen.push({ what, url });
  }
}
