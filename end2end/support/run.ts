// Around the whole run: no session of an earlier run is left at the start, and no database of this one at the end.

import { mkdirSync, rmSync } from 'node:fs';
import { authFolder } from './accounts.ts';
import { folder } from './servers.ts';

export default function start(): () => void {
  rmSync(authFolder, { recursive: true, force: true });
  mkdirSync(authFolder, { recursive: true });
  return () => rmSync(folder, { recursive: true, force: true });
}
