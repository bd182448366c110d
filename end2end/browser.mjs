// Which Chromium the tests drive: the one that LATCHKEY_CHROMIUM names, Playwright's own where it was installed, or the
// system's. Run as a program it prints the path, and fails where there is none.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

/** @returns {string | undefined} */
export function browserPath() {
  const candidates = [
    process.env.LATCHKEY_CHROMIUM,
    chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return candidates.find((path) => path && existsSync(path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = browserPath();
  if (path) console.log(path);
  else process.exitCode = 1;
}
