// npm run screenshots: the pictures of docs/screenshots, taken from the release build by screenshots*.ts.

import base, { serversOn } from './playwright.config.ts';

export default {
  ...base,
  testDir: '.',
  testMatch: /screenshots(-\w+)?\.ts$/,
  workers: 1,
  projects: [{ name: 'screenshots' }],
  webServer: serversOn('sqlite'),
};
