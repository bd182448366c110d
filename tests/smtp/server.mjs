// A real SMTP server for tests/it/mail.rs, of nodemailer's making. Takes its orders as JSON in its one argument, tells what
// happens as JSON lines, and ends with its standard input:
//
//   port        0 or nothing: any free one
//   tls         "tls" or "starttls", with the files `key` and `cert`; neither: in the clear
//   user, pass  whom it lets in; nothing: everybody
//   refuse      [[stage, code], ...], one after the other: what it answers to MAIL ("mail"), RCPT ("rcpt") or DATA ("data")
//   gate        answers DATA only once a line has come on standard input
//   ascii       knows no international addresses

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { SMTPServer } = createRequire(new URL('../../end2end/package.json', import.meta.url))('smtp-server');
const orders = JSON.parse(process.argv[2] ?? '{}');
const refusals = orders.refuse ?? [];
const tell = (event, rest = {}) => console.log(JSON.stringify({ event, ...rest }));

let open;
const gate = new Promise((opened) => (open = opened));
createInterface({ input: process.stdin })
  .on('line', () => open())
  .on('close', () => process.exit());

/** The answer to a command: the next refusal that was ordered for it, or yes. */
function answer(stage, done) {
  if (refusals[0]?.[0] !== stage) return done();
  const [, code] = refusals.shift();
  tell('refused', { code });
  // As servers do, with the address in it.
  done(Object.assign(new Error('canary-refusal <ada@example.test>'), { responseCode: code }));
}

const server = new SMTPServer({
  secure: orders.tls === 'tls',
  key: orders.key && readFileSync(orders.key),
  cert: orders.cert && readFileSync(orders.cert),
  disabledCommands: [...(orders.tls === 'starttls' ? [] : ['STARTTLS']), ...(orders.user ? [] : ['AUTH'])],
  authOptional: !orders.user,
  allowInsecureAuth: true,
  hideSMTPUTF8: orders.ascii,
  disableReverseLookup: true,
  logger: false,
  onAuth({ username, password }, _, done) {
    const known = username === orders.user && password === orders.pass;
    tell(known ? 'let in' : 'kept out');
    done(known ? null : new Error('no such user'), { user: username });
  },
  onMailFrom: (_, __, done) => answer('mail', done),
  onRcptTo: (_, __, done) => answer('rcpt', done),
  async onData(stream, session, done) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    if (orders.gate) {
      tell('waiting');
      await gate;
    }
    answer('data', (error) => {
      const { mailFrom, rcptTo } = session.envelope;
      const to = rcptTo.map(({ address }) => address);
      if (!error) tell('arrived', { raw: Buffer.concat(chunks).toString(), from: mailFrom.address, to, secure: session.secure });
      done(error);
    });
  },
});
// A client that hangs up in the middle, or trusts nobody, is no reason to end.
server.on('error', (error) => tell('error', { message: error.message }));
server.listen(orders.port ?? 0, '127.0.0.1', () => tell('listening', { port: server.server.address().port }));
