/** Mail clients that people really use, each handing in one message. */
import { createTransport } from 'nodemailer';
import type { Login } from './accounts.ts';
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
  /** Whom to log in as first, and by what. */
  readonly login?: Login & { readonly mechanism: 'PLAIN' | 'LOGIN' | 'SCRAM-SHA-256' };
}

/** Hands in one message from an unpacked root. */
export type Client = (root: string, what: HandIn) => Promise<Finished>;

/** Hands in with swaks; it verifies who signed a certificate, never for which name, and sends no SNI. */
export function swaks(root: string, what: HandIn): Promise<Finished> {
  const tls = { starttls: ['--tls'], implicit: ['--tls-on-connect'], none: [] }[what.tls];
  const verify = what.trust === undefined ? [] : ['--tls-verify', '--tls-ca-path', '/peer/trust.pem'];
  const { login } = what;
  const auth = (one: Login & { mechanism: string }) => [
    ['--auth', one.mechanism],
    ['--auth-user', one.user],
    ['--auth-password', one.password],
  ];
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
      ...(login === undefined ? [] : auth(login).flat()),
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
  const { login } = what;
  return runIn(
    root,
    'msmtp',
    [
      `--host=${host(what)}`,
      `--port=${what.port}`,
      '--domain=msmtp.test',
      ...(login === undefined
        ? ['--auth=off']
        : [
            `--auth=${login.mechanism.toLowerCase()}`,
            `--user=${login.user}`,
            `--passwordeval=echo ${login.password}`,
          ]),
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
  const { login } = what;
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
      ...(login === undefined
        ? []
        : ['--user', `${login.user}:${login.password}`, '--login-options', `AUTH=${login.mechanism}`]),
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
    if what['login']:
        client.ehlo_or_helo_if_needed()
        client.user, client.password = what['login']['user'], what['login']['password']
        mechanism = what['login']['mechanism']
        client.auth(mechanism, {'PLAIN': client.auth_plain, 'LOGIN': client.auth_login}[mechanism])
    refused = client.sendmail(what['from'], what['to'], open('/peer/message.eml', 'rb').read())
    sys.exit(1 if refused else 0)
`;

/** Hands in with Python's smtplib. */
export function smtplib(root: string, what: HandIn): Promise<Finished> {
  const { port, tls, from, to } = what;
  const login = what.login ?? null;
  const told = { host: host(what), port, tls, from, to, login, verify: what.trust !== undefined };
  return runIn(root, 'python3', ['-c', smtplibScript, JSON.stringify(told)], given(what));
}

/** Hands in with nodemailer, which runs in this process and needs no root. */
export async function nodemailer(_root: string, what: HandIn): Promise<Finished> {
  const { login } = what;
  const transport = createTransport({
    host: what.address ?? '127.0.0.1',
    port: what.port,
    name: 'nodemailer.test',
    secure: what.tls === 'implicit',
    requireTLS: what.tls === 'starttls',
    ignoreTLS: what.tls === 'none',
    tls: { ca: what.trust, servername: what.serverName },
    ...(login === undefined
      ? {}
      : { auth: { user: login.user, pass: login.password }, authMethod: login.mechanism }),
  });
  try {
    const info = await transport.sendMail({
      envelope: { from: what.from, to: [...what.to] },
      raw: what.message,
    });
    return { code: info.response.startsWith('250 ') ? 0 : 1, stdout: info.response, stderr: '' };
  } catch (error) {
    return { code: 1, stdout: '', stderr: String(error) };
  } finally {
    transport.close();
  }
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
