/** openssl s_client, a call for each question: it offers what its library has. */
import { fingerprintsIn, ianaGroup } from '../names.ts';
import {
  type Fault,
  type Listed,
  listed,
  type Sighting,
  type Verified,
  type VersionName,
  verifiedBy,
} from '../sighting.ts';
import { answersIn, type Call, oneByOne, quoted, ROOT_FILE, shell, type Tool } from '../tool.ts';

const versionFlags = [
  ['TLSv1', '-tls1'],
  ['TLSv1.1', '-tls1_1'],
  ['TLSv1.2', '-tls1_2'],
  ['TLSv1.3', '-tls1_3'],
] as const satisfies readonly (readonly [VersionName, string])[];

const EVERYTHING = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';
const modern = ['P-256', 'P-384', 'P-521', 'X25519', 'X448'];
const primes = ['ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'ffdhe6144', 'ffdhe8192'];
const others = [
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
  'secp224r1',
  'prime192v1',
  'secp256k1',
];

/** What is asked, by a name under which the answer is found. */
const questions: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['verify', []],
  ...versionFlags.map(([name, flag]) => [name, [flag, '-cipher', EVERYTHING]] as const),
  ['RSA', ['-tls1_2', '-cipher', 'aRSA:@SECLEVEL=0']],
  ['ECDSA', ['-tls1_2', '-cipher', 'aECDSA:@SECLEVEL=0']],
  ['RSA 1.3', ['-tls1_3', '-sigalgs', 'rsa_pss_rsae_sha256:RSA+SHA256']],
  ['ECDSA 1.3', ['-tls1_3', '-sigalgs', 'ECDSA+SHA256:ECDSA+SHA384']],
  ...[...modern, ...primes].map((group) => [`group 1.3 ${group}`, ['-tls1_3', '-groups', group]] as const),
  ...[...modern, ...others].map(
    (group) =>
      [`group 1.2 ${group}`, ['-tls1_2', '-groups', group, '-cipher', 'kECDHE:@SECLEVEL=0']] as const,
  ),
];

export const openssl: Tool = {
  name: 'openssl',
  peer: 'scanners',
  starttls: {
    smtp: ['-starttls', 'smtp'],
    submission: ['-starttls', 'smtp'],
    lmtp: ['-starttls', 'lmtp'],
    imap: ['-starttls', 'imap'],
    pop3: ['-starttls', 'pop3'],
    sieve: ['-starttls', 'sieve'],
    ldap: ['-starttls', 'ldap'],
    nntp: ['-starttls', 'nntp'],
    ftp: ['-starttls', 'ftp'],
    xmpp: ['-starttls', 'xmpp'],
    'xmpp-server': ['-starttls', 'xmpp-server'],
    postgres: ['-starttls', 'postgres'],
    mysql: ['-starttls', 'mysql'],
  },
  async look(sandbox, { host, port, protocol }, words) {
    const named = protocol.startsWith('xmpp') && words.length > 0 ? ['-xmpphost', host] : [];
    const always = ['-connect', `${host}:${port}`, '-servername', host, ...words, ...named];
    const verify = ['-showcerts', '-CAfile', ROOT_FILE, '-verify_hostname', host];
    const calls = questions.map(([name, options]): Call => {
      return { name, words: ['openssl', 's_client', ...always, ...verify, ...options] };
    });
    const names = `echo @@names; openssl ciphers -stdname ${quoted(EVERYTHING)}`;
    return sightingOf(await shell(sandbox, `${names}\n${oneByOne(calls)}`, 200));
  },
};

export function sightingOf(text: string): Sighting {
  const answers = answersIn(text);
  const said = (name: string): string => answers.get(name) ?? '';
  const names = ianaNames(said('names'));
  const agreed = (name: string): string | undefined => suiteOf(said(name), names);
  return {
    versions: new Map(versionFlags.map(([name]) => [name, agreed(name) !== undefined])),
    suites: new Map(
      versionFlags.flatMap(([name]): [VersionName, Listed][] => {
        const suite = agreed(name);
        return suite === undefined ? [] : [[name, listed([suite], false)]];
      }),
    ),
    groups: listed(groupsOf([...answers.keys()], agreed), agreed('verify') !== undefined),
    certificates: listed(
      ['verify', 'RSA', 'ECDSA', 'RSA 1.3', 'ECDSA 1.3']
        .filter((name) => agreed(name) !== undefined)
        .flatMap((name) => fingerprintsIn(said(name)).slice(0, 1)),
      // Both kinds of keys are asked for in these versions only.
      ['TLSv1.2', 'TLSv1.3'].some((name) => agreed(name) !== undefined),
    ),
    verified: verdictOf(said('verify')),
  };
}

function groupsOf(names: readonly string[], agreed: (name: string) => string | undefined): readonly string[] {
  return names
    .filter((name) => name.startsWith('group ') && agreed(name) !== undefined)
    .map((name) => ianaGroup(name.slice('group 1.x '.length)));
}

/** Lines such as `TLS_RSA_WITH_AES_128_CBC_SHA - AES128-SHA SSLv3 Kx=RSA …`. */
function ianaNames(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^(\S+) +- (\S+)/gm)].map(([, iana = '', own = '']) => [own, iana] as const),
  );
}

function suiteOf(said: string, names: ReadonlyMap<string, string>): string | undefined {
  const name = /^New, \S+, Cipher is (\S+)$/m.exec(said)?.[1];
  if (name === undefined || name === '(NONE)') return undefined;
  return names.get(name) ?? name;
}

/** X509_V_ERR numbers, of x509_vfy.h. */
const faults: Readonly<Record<number, Fault>> = {
  9: 'time',
  10: 'time',
  18: 'issuer',
  19: 'issuer',
  20: 'issuer',
  21: 'issuer',
  26: 'purpose',
  62: 'name',
  66: 'weak',
  67: 'weak',
  68: 'weak',
};

function verdictOf(said: string): Verified {
  if (!/^New, \S+, Cipher is (?!\(NONE\))/m.test(said)) return { kind: 'unsaid' };
  const code = Number(/Verify return code: (\d+)/.exec(said)?.[1] ?? Number.NaN);
  if (code === 0) return { kind: 'yes' };
  const fault = faults[code];
  if (fault === undefined) throw new Error(`openssl says of a certificate what nobody knows: ${code}`);
  return verifiedBy([fault]);
}
