/** Mail clients that people really use, each handing in one message. */
import type { Finished } from './command.ts';
import { runIn, type SandboxOptions } from './sandbox.ts';

/** One message and where it goes. */
export interface HandIn {
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message, lines ending with CRLF. */
  readonly message: Buffer;
  /** Authorities the server's certificate is verified against, PEM; without them nothing is verified. */
  readonly trust?: string;
  /** The server's name, which its certificate has to bear; without it the client only knows the address. */
  readonly serverName?: string;
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
}

/** Hands in with swaks; it verifies who signed a certificate, never for which name, and sends no SNI. */
export function swaks(root: string, what: HandIn): Promise<Finished> {
  const tls = { starttls: ['--tls'], implicit: ['--tls-on-connect'], none: [] }[what.tls];
  const verify = what.trust === undefined ? [] : ['--tls-verify', '--tls-ca-path', '/peer/trust.pem'];
  return runIn(
    root,
    'swaks',
    [
      '--server',
      host(what),
      '--port',
      `${what.port}`,
      '--helo',
      'swaks.test',
      ...tls,
      ...verify,
      '--from',
      what.from,
      '--to',
      what.to.join(','),
      // As it would put it right, it replaces words in the text and adds an empty line.
      '--no-data-fixup',
      '--data',
      '@/peer/message.eml',
    ],
    given({ ...what, message: stuffed(what.message) }),
  );
}

/** Hands in with msmtp, which uses GnuTLS. */
export function msmtp(root: string, what: HandIn): Promise<Finished> {
  const tls = { starttls: ['on', 'on'], implicit: ['on', 'off'], none: ['off', 'off'] }[what.tls];
  const verify = what.trust === undefined ? ['--tls-certcheck=off'] : ['--tls-trust-file=/peer/trust.pem'];
  return runIn(
    root,
    'msmtp',
    [
      `--host=${host(what)}`,
      `--port=${what.port}`,
      '--domain=msmtp.test',
      '--auth=off',
      `--tls=${tls[0]}`,
      `--tls-starttls=${tls[1]}`,
      ...(what.tls === 'none' ? [] : verify),
      '--set-from-header=off',
      '--set-date-header=off',
      '--remove-bcc-headers=off',
      '--from',
      what.from,
      '--',
      ...what.to,
    ],
    // It reads messages as sendmail does: lines that end with LF.
    {
      ...given(what),
      input: Buffer.from(what.message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
    },
  );
}

/** Hands in with curl. */
export function curl(root: string, what: HandIn): Promise<Finished> {
  const scheme = what.tls === 'implicit' ? 'smtps' : 'smtp';
  const verify = what.trust === undefined ? ['--insecure'] : ['--cacert', '/peer/trust.pem'];
  return runIn(
    root,
    'curl',
    [
      '--silent',
      '--show-error',
      '--verbose',
      '--url',
      `${scheme}://${host(what)}:${what.port}/curl.test`,
      ...(what.tls === 'none' ? [] : ['--ssl-reqd', ...verify]),
      '--mail-from',
      what.from,
      ...what.to.flatMap((one) => ['--mail-rcpt', one]),
      '--upload-file',
      '/peer/message.eml',
    ],
    given(what),
  );
}

const smtplibScript = `
import json, smtplib, ssl, sys
what = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile='/peer/trust.pem' if what['verify'] else None)
if not what['verify']:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
if what['tls'] == 'implicit':
    client = smtplib.SMTP_SSL(what['host'], what['port'], 'smtplib.test', context=context)
else:
    client = smtplib.SMTP(what['host'], what['port'], 'smtplib.test')
with client:
    client.set_debuglevel(1)
    if what['tls'] == 'starttls':
        client.starttls(context=context)
    refused = client.sendmail(what['from'], what['to'], open('/peer/message.eml', 'rb').read())
    sys.exit(1 if refused else 0)
`;

/** Hands in with Python's smtplib. */
export function smtplib(root: string, what: HandIn): Promise<Finished> {
  const { port, tls, from, to } = what;
  const told = { host: host(what), port, tls, from, to, verify: what.trust !== undefined };
  return runIn(root, 'python3', ['-c', smtplibScript, JSON.stringify(told)], given(what));
}

/** A message as it goes after DATA, less the line end that the client adds. */
function stuffed(message: Buffer): Buffer {
  return Buffer.from(`${message.toString('latin1').replace(/^\./gm, '..')}.`, 'latin1');
}

function host(what: HandIn): string {
  return what.serverName ?? what.address ?? '127.0.0.1';
}

function given(what: HandIn): SandboxOptions {
  return {
    hosts: what.serverName === undefined ? {} : { [what.serverName]: what.address ?? '127.0.0.1' },
    files: { '/peer/message.eml': what.message, '/peer/trust.pem': what.trust ?? '' },
  };
}
