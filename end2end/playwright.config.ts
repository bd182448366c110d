import { defineConfig, type ReporterDescription } from '@playwright/test';
import { browserPath } from './browser.mjs';
import { host, type Options as DeployOptions, type ReverseProxy } from './support/deployment.ts';
import type { Options } from './support/fixtures.ts';
import { engines, environment, folder, projectRoot, servers, url, type Engine } from './support/servers.ts';

const report = process.env.LATCHKEY_REPORT;
const reporter: ReporterDescription[] = [['list']];
if (report) reporter.push(['json', { outputFile: report }]);

// Chromium's sandbox refuses to start as root. The rest keeps it from talking to anybody but the servers under test.
const browserFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The servers of one engine, with an empty database each. */
export function serversOn(engine: Engine) {
  return servers.map((server) => ({
    name: `${engine}-${server}`,
    // The log of the last run stays, for when a test fails.
    command: `mkdir -p ${folder} && exec target/release/latchkey serve >target/end2end-${engine}-${server}.log 2>&1`,
    cwd: projectRoot,
    env: environment(engine, server),
    url: `${url(`${engine}-${server}`)}/readyz`,
    reuseExistingServer: false,
    timeout: 30_000,
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 5_000 },
  }));
}

/** The tests of deploy/, behind one proxy. One worker runs them: they share its nodes, and stop them. */
function behind(reverseProxy: ReverseProxy) {
  return {
    name: reverseProxy,
    testDir: 'deploy',
    fullyParallel: false,
    timeout: 60_000,
    use: {
      reverseProxy,
      // The proxy's certificate is of an authority that this machine does not know.
      ignoreHTTPSErrors: true,
      launchOptions: {
        executablePath: browserPath(),
        args: [...browserFlags, `--host-resolver-rules=MAP ${host} 127.0.0.1`],
      },
    },
  };
}

export default defineConfig<object, Options & DeployOptions>({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './support/run.ts',
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter,
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: browserPath(), args: browserFlags },
    trace: 'retain-on-failure',
    // What moves is not what is tested; the stylesheet stands still when it is asked to.
    contextOptions: { reducedMotion: 'reduce' },
    locale: 'en-GB',
    timezoneId: 'UTC',
  },
  projects: [
    { name: 'desktop', use: { engine: 'sqlite', viewport: { width: 1280, height: 800 } } },
    { name: 'mobile', use: { engine: 'postgres', viewport: { width: 390, height: 844 }, hasTouch: true } },
    behind('caddy'),
    behind('nginx'),
  ],
  webServer: engines.flatMap(serversOn),
});
