// count.mjs REPORT STATUS: what Playwright's JSON report comes to, as 'PASSED FAILED SKIPPED'. A run that ended badly,
// wrote no report or ran nothing counts as one failure even if no single test says so.

import { readFileSync } from 'node:fs';

const [report, status] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
try {
  const { stats, errors } = JSON.parse(readFileSync(report ?? '', 'utf8'));
  passed = stats.expected;
  // A test that passes only sometimes is a failure.
  failed = stats.unexpected + stats.flaky + errors.length;
  skipped = stats.skipped;
} catch (error) {
  console.error(`No report of the browser tests: ${error}`);
}
if (failed === 0 && (status !== '0' || passed === 0)) failed = 1;
console.log(passed, failed, skipped);
