// An installation as deploy/ describes it: PostgreSQL, two nodes in PROD, and a proxy in front of them that speaks https.
// The files are the shipped ones. Where one has to be edited for the test, an edit that finds nothing to replace fails.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { expect } from '@playwright/test';
import { get, Program } from './program.ts';
import { folder, freePorts, postgres, projectRoot } from './servers.ts';

export type ReverseProxy = 'caddy' | 'nginx';

/** What a project chooses. */
export interface Options {
  reverseProxy: ReverseProxy;
}

/** Not `localhost`, for which app and browsers make exceptions. A flag tells Chromium its address. */
export const host = 'latchkey.test';

export class Deployment {
  private constructor(
    readonly publicUrl: string,
    /** Where the proxy listens without TLS. */
    readonly httpPort: number,
    readonly nodes: [Node, Node],
    private readonly proxy: Program,
    private readonly mails: string,
  ) {}

  static async of(proxy: ReverseProxy): Promise<Deployment> {
    const [httpPort, httpsPort, ...ports] = (await freePorts(4)) as [number, number, number, number];
    mkdirSync(folder, { recursive: true });
    // Playwright may run several workers of one project.
    const home = mkdtempSync(join(folder, `${proxy}-`));
    layOut(home);
    const publicUrl = `https://${host}:${httpsPort}`;
    const mails = join(home, 'mails');
    const settings = filledIn({
      DATABASE_URL: postgres('deploy'),
      LATCHKEY__AUTH__SECRET: randomBytes(32).toString('hex'),
      LATCHKEY__SERVER__PUBLIC_URL: publicUrl,
      LATCHKEY__MAIL__TRANSPORT: 'file',
      LATCHKEY__MAIL__FROM: `Latchkey <no-reply@${host}>`,
    });
    const env = {
      ...settings,
      LATCHKEY__MAIL__FOLDER: mails,
      LEPTOS_ENV: 'PROD',
      LEPTOS_SITE_ROOT: 'site',
    };
    execFileSync('./latchkey', ['migrate'], { cwd: home, env });
    const nodes = ports.map((port, n) => new Node(`${proxy}-node-${n + 1}`, port, home, env)) as [Node, Node];
    const inFront = { httpPort, httpsPort, nodes: ports.map((port) => `127.0.0.1:${port}`), home };
    const program = proxy === 'caddy' ? caddy(inFront) : nginx(inFront);
    return new Deployment(publicUrl, httpPort, nodes, program, mails);
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
    await this.proxy.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.proxy, ...this.nodes].map((program) => program.stop()));
  }

  /** The link of the mail to `to`, once it has come. */
  async mailedLink(to: string): Promise<string> {
    let link: string | undefined;
    const look = () => {
      const files = existsSync(this.mails) ? readdirSync(this.mails) : [];
      const mails = files.map((file) => readFileSync(join(this.mails, file), 'utf8'));
      link = mails.find((mail) => mail.includes(`To: ${to}`))?.match(/^https:\S+\?code=\S+/m)?.[0];
      return link;
    };
    await expect.poll(look, { message: `a mail to ${to}` }).toBeDefined();
    return link!;
  }
}

/** `latchkey serve`, as the unit file and the image start it. */
export class Node extends Program {
  constructor(
    name: string,
    readonly port: number,
    cwd: string,
    env: Record<string, string>,
  ) {
    const ready = async () => (await get({ host: '127.0.0.1', port, path: '/readyz' })).statusCode;
    const address = `127.0.0.1:${port}`;
    super({ name, command: ['./latchkey', 'serve'], cwd, env: { ...env, LEPTOS_SITE_ADDR: address }, ready });
  }
}

/** Copies the files of an installation, as the unit file and the Dockerfile list them. */
function layOut(home: string): void {
  for (const file of ['target/release/latchkey', 'target/release/hash.txt', 'Leptos.toml']) {
    copyFileSync(join(projectRoot, file), join(home, file.split('/').at(-1)!));
  }
  cpSync(join(projectRoot, 'target/site'), join(home, 'site'), { recursive: true });
}

function shipped(name: string): string {
  return readFileSync(join(projectRoot, 'deploy', name), 'utf8');
}

function edited(text: string, edits: [string | RegExp, string][]): string {
  return edits.reduce((before, [what, by]) => {
    const after = before.replaceAll(what, by);
    expect(after, `deploy/ has ${what}`).not.toBe(before);
    return after;
  }, text);
}

/** The settings of deploy/latchkey.env.example, with these values filled in. */
function filledIn(values: Record<string, string>): Record<string, string> {
  const edits = Object.entries(values).map(([name, value]): [RegExp, string] => [
    new RegExp(`^#?${name}=.*$`, 'gm'),
    `${name}=${value}`,
  ]);
  const lines = edited(shipped('latchkey.env.example'), edits).matchAll(/^(\w+)=(.*)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
}

interface InFront {
  httpPort: number;
  httpsPort: number;
  nodes: string[];
  home: string;
}

/** Caddy with deploy/Caddyfile as it is. The options before it bind Caddy to loopback and its files to `home`. */
function caddy({ httpPort, httpsPort, nodes, home }: InFront): Program {
  const data = join(home, 'caddy');
  const config = join(home, 'Caddyfile');
  writeFileSync(
    config,
    `{
	admin off
	default_bind 127.0.0.1
	http_port ${httpPort}
	local_certs
	skip_install_trust
	storage file_system ${data}
}
import ${join(projectRoot, 'deploy', 'Caddyfile')}
`,
  );
  return new Program({
    name: 'caddy',
    command: [installed('caddy'), 'run', '--config', config, '--adapter', 'caddyfile'],
    cwd: home,
    env: { HOME: home, SITE_DOMAIN: `${host}:${httpsPort}`, LATCHKEY_NODES: nodes.join(' ') },
    ready: () => throughTls(httpsPort, join(data, 'pki/authorities/local/root.crt')),
  });
}

/** nginx with deploy/nginx.conf. It has no variables, so addresses, host and certificate are replaced in a copy. */
function nginx({ httpPort, httpsPort, nodes, home }: InFront): Program {
  const certificate = join(home, 'nginx.crt');
  const key = join(home, 'nginx.key');
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat('-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', certificate),
    { stdio: 'pipe' },
  );
  const site = edited(shipped('nginx.conf'), [
    ['listen 80;', `listen 127.0.0.1:${httpPort};`],
    ['listen 443 ', `listen 127.0.0.1:${httpsPort} `],
    [/^( *server )127\.0\.0\.1:3000(.*;)$/gm, nodes.map((node) => `$1${node}$2`).join('\n')],
    ['/etc/letsencrypt/live/app.example.com/fullchain.pem', certificate],
    ['/etc/letsencrypt/live/app.example.com/privkey.pem', key],
    ['app.example.com', host],
  ]);
  const config = join(home, 'nginx.conf');
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${home}/${of};`);
  // As root, its workers would change to a user who cannot read the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    config,
    `${user}
daemon off;
pid ${home}/nginx.pid;
error_log stderr;
events {}
http {
access_log off;
${own.join('\n')}
${site}
}
`,
  );
  return new Program({
    name: 'nginx',
    command: [installed('nginx'), '-p', home, '-e', 'stderr', '-c', config],
    cwd: home,
    env: {},
    ready: () => throughTls(httpsPort, certificate),
  });
}

/** The path of a program, also where only root's PATH has it. */
function installed(program: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const found = folders.map((one) => join(one, program)).find((path) => existsSync(path));
  if (!found) throw new Error(`${program} is missing. Install it with: sudo apt-get install ${program}`);
  return found;
}

/** The status of /readyz through the proxy. Rejects where `authority` (a path) did not sign the proxy's certificate. */
async function throughTls(port: number, authority: string): Promise<number | undefined> {
  const ca = readFileSync(authority);
  const options = { host: '127.0.0.1', port, path: '/readyz', servername: host, headers: { host: `${host}:${port}` } };
  return (await get({ ...options, ca })).statusCode;
}
