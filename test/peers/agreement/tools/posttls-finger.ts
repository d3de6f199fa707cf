/** posttls-finger, one handshake as Postfix would make it at the level `secure`. */
import { hexOf, ianaGroup } from '../names.ts';
import { type Fault, listed, type Sighting, type Verified, verifiedBy, versionNames } from '../sighting.ts';
import { quoted, ROOT_FILE, shell, type Tool } from '../tool.ts';

export const posttlsFinger: Tool = {
  name: 'posttls-finger',
  peer: 'postfix',
  starttls: { smtp: [], submission: [], lmtp: ['-S'] },
  implicit: { submission: ['-w'] },
  async look(sandbox, { host, address, port }, words) {
    const call = ['posttls-finger', ...words, '-l', 'secure', '-F', ROOT_FILE, '-d', 'sha256', '-t', '8'];
    // By address, as it takes names from the DNS alone; the certificate has to be for the name.
    const whole = [...call, '-s', host, `[${address}]:${port}`, host].map(quoted).join(' ');
    return sightingOf(await shell(sandbox, `${whole} 2>&1`, 30));
  },
};

export function sightingOf(said: string): Sighting {
  const session =
    /(\w+) TLS connection established to \S+: (\S+) with cipher (\S+)(?:.*key-exchange (\S+))?/.exec(said);
  const [, level = '', version = '', suite = '', group] = session ?? [];
  const name = versionNames.find((one) => one === version);
  const fingerprint = /\bfingerprint=([0-9A-F:]+)/.exec(said)?.[1];
  return {
    versions: new Map(name === undefined ? [] : [[name, true]]),
    // Names of TLS 1.3 are IANA's; of the others it says OpenSSL's.
    suites: new Map(name === 'TLSv1.3' ? [[name, listed([suite], false)]] : []),
    groups: listed(group === undefined || /^(?:DHE|ECDHE)$/.test(group) ? [] : [ianaGroup(group)], false),
    certificates: listed(fingerprint === undefined ? [] : [hexOf(fingerprint)], false),
    verified: session === null ? { kind: 'unsaid' } : verdictOf(level, said),
  };
}

const words: readonly (readonly [RegExp, Fault])[] = [
  [/certificate has expired|not yet valid/, 'time'],
  [/untrusted issuer|self-signed|self signed|unable to get/, 'issuer'],
  [/key too weak|too weak|digest/, 'weak'],
  [/purpose|not designated for use/, 'purpose'],
  [/hostname mismatch/, 'name'],
];

function verdictOf(level: string, said: string): Verified {
  if (level === 'Verified') return { kind: 'yes' };
  if (level === 'Trusted') return verifiedBy(['name']);
  const why = /certificate verification failed for [^:]+:[^:]*: (.*)/.exec(said)?.[1] ?? said;
  const faults = words.filter(([pattern]) => pattern.test(why)).map(([, fault]) => fault);
  if (faults.length === 0) throw new Error(`posttls-finger says of a certificate what nobody knows: ${why}`);
  return verifiedBy(faults);
}
