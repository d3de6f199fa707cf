/** gnutls-cli, a call for each version and group: it offers what its library has, and judges certificates. */
import { fingerprintsIn, ianaGroup } from '../names.ts';
import {
  type Fault,
  listed,
  type Sighting,
  type Verified,
  type VersionName,
  verifiedBy,
} from '../sighting.ts';
import { answersIn, type Call, oneByOne, ROOT_FILE, shell, type Tool } from '../tool.ts';

const versions = [
  ['TLSv1', 'VERS-TLS1.0'],
  ['TLSv1.1', 'VERS-TLS1.1'],
  ['TLSv1.2', 'VERS-TLS1.2'],
  ['TLSv1.3', 'VERS-TLS1.3'],
] as const satisfies readonly (readonly [VersionName, string])[];

const groups = ['SECP256R1', 'SECP384R1', 'SECP521R1', 'X25519', 'X448'];
const primes = ['FFDHE2048', 'FFDHE3072', 'FFDHE4096', 'FFDHE6144', 'FFDHE8192'];

/** Signatures with SHA-1 are what TLS 1.0 and 1.1 have. */
const LENIENT = 'LEGACY:+ARCFOUR-128:+3DES-CBC:+SIGN-ALL:%VERIFY_ALLOW_BROKEN';

const questions: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['verify', []],
  ...versions.map(
    ([name, flag]) => [name, ['--insecure', '--priority', `${LENIENT}:-VERS-ALL:+${flag}`]] as const,
  ),
  ...[...groups, ...primes].map(
    (group) =>
      [`group ${group}`, ['--insecure', '--priority', `${LENIENT}:-GROUP-ALL:+GROUP-${group}`]] as const,
  ),
];

export const gnutls: Tool = {
  name: 'gnutls-cli',
  peer: 'scanners',
  starttls: {
    smtp: ['--starttls-proto=smtp'],
    submission: ['--starttls-proto=smtp'],
    lmtp: ['--starttls-proto=lmtp'],
    imap: ['--starttls-proto=imap'],
    pop3: ['--starttls-proto=pop3'],
    sieve: ['--starttls-proto=sieve'],
    ldap: ['--starttls-proto=ldap'],
    nntp: ['--starttls-proto=nntp'],
    ftp: ['--starttls-proto=ftp'],
    xmpp: ['--starttls-proto=xmpp'],
    postgres: ['--starttls-proto=postgres'],
  },
  async look(sandbox, { host, port }, words) {
    const always = ['gnutls-cli', ...words, `--x509cafile=${ROOT_FILE}`, '--print-cert'];
    const calls = questions.map(([name, options]): Call => {
      return { name, words: [...always, ...options, '--port', String(port), host] };
    });
    return sightingOf(await shell(sandbox, oneByOne(calls), 200));
  },
};

export function sightingOf(text: string): Sighting {
  const answers = answersIn(text);
  const said = (name: string): string => answers.get(name) ?? '';
  const isAgreed = (name: string): boolean => /^- Handshake was completed$/m.test(said(name));
  return {
    versions: new Map(versions.map(([name]) => [name, isAgreed(name)])),
    suites: new Map(),
    groups: listed(
      [...answers.keys()]
        .filter((name) => name.startsWith('group ') && isAgreed(name))
        .flatMap((name) => groupIn(said(name))),
      false,
    ),
    certificates: listed(fingerprintsIn(said('verify')).slice(0, 1), false),
    verified: verdictOf(said('verify')),
  };
}

/** Of a description such as `(TLS1.3-X.509)-(ECDHE-X25519)-(…)`; another way of key exchange has no group. */
function groupIn(said: string): readonly string[] {
  const group = /^- Description: \(\S+?\)-\((?:ECDHE|DHE)-(SECP\w+|X\d+|FFDHE\d+)\)/m.exec(said)?.[1];
  return group === undefined ? [] : [ianaGroup(group)];
}

const words: readonly (readonly [RegExp, Fault])[] = [
  [/issuer is unknown|issuer is not a CA/, 'issuer'],
  [/expired|not yet (?:activated|valid)/, 'time'],
  [/name in the certificate does not match/, 'name'],
  [/does not match the intended purpose|purpose/, 'purpose'],
  [/insecure algorithm|security level/, 'weak'],
];

function verdictOf(said: string): Verified {
  const status = /^- Status: (.*)$/m.exec(said)?.[1];
  if (status === undefined) return { kind: 'unsaid' };
  if (/is trusted/.test(status)) return { kind: 'yes' };
  const faults = words.filter(([pattern]) => pattern.test(status)).map(([, fault]) => fault);
  if (faults.length === 0) throw new Error(`gnutls-cli says of a certificate what nobody knows: ${status}`);
  return verifiedBy(faults);
}
