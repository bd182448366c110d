// A server that a test starts and stops itself. The log of its last run stays in target/, for when a test fails.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest, type RequestOptions as TlsOptions } from 'node:https';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { projectRoot } from './servers.ts';

interface Command {
  name: string;
  command: string[];
  cwd: string;
  env: Record<string, string>;
  /** The status of its readiness check; rejects while nothing listens. */
  ready: () => Promise<number | undefined>;
}

export class Program {
  private child: ChildProcess | undefined;

  constructor(private readonly what: Command) {}

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    const { name, command, cwd, env, ready } = this.what;
    const log = join(projectRoot, 'target', `end2end-${name}.log`);
    const output = openSync(log, this.child ? 'a' : 'w');
    const child = spawn(command[0]!, command.slice(1), { cwd, env, stdio: ['ignore', output, output] });
    closeSync(output);
    this.child = child;
    let ended: string | undefined;
    child.on('error', (error) => (ended = error.message));
    child.on('exit', (code, signal) => (ended = `ended with ${signal ?? code}, see ${log}`));
    // A test runner that is ended itself leaves no servers behind.
    const end = () => child.kill();
    process.on('exit', end);
    child.on('exit', () => process.off('exit', end));
    await expect
      .poll(async () => ended ?? (await ready().catch((error) => String(error))), {
        message: `${name} is ready`,
        timeout: 30_000,
      })
      .toBe(200);
  }

  /** Asks it to end (SIGTERM) and waits until it has: its exit code. */
  async stop(): Promise<number | null> {
    const child = this.child;
    if (!child?.pid) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill();
      await exit;
    }
    return child.exitCode;
  }
}

/** The head of the answer to a GET. With `ca` over TLS: rejects unless this authority signed the server's certificate. */
export async function get(options: RequestOptions | TlsOptions): Promise<IncomingMessage> {
  const request = 'ca' in options ? httpsRequest(options) : httpRequest(options);
  const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
  response.resume();
  return response;
}
