import { defineConfig, type ReporterDescription } from '@playwright/test';
import { browserPath } from './browser.mjs';
import { environment, folder, projectRoot, url, type ServerName } from './support/servers.ts';

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

export default defineConfig({
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
    { name: 'desktop', use: { viewport: { width: 1280, height: 800 } } },
    { name: 'mobile', use: { viewport: { width: 390, height: 844 }, hasTouch: true } },
  ],
  webServer: (['main', 'brief'] as ServerName[]).map((server) => ({
    name: server,
    // The log of the last run stays, for when a test fails.
    command: `mkdir -p ${folder} && exec target/release/latchkey serve >target/end2end-${server}.log 2>&1`,
    cwd: projectRoot,
    env: environment(server),
    url: `${url(server)}/readyz`,
    reuseExistingServer: false,
    timeout: 30_000,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 5_000 },
  })),
});
