/** Checks that nothing in the zoo provokes, or clears, and why; what tests them instead. */

export interface Elsewhere {
  readonly provoked?: string;
  readonly cleared?: string;
}

const publicAddress = {
  provoked: 'only of public addresses, which no test has: by a unit test',
  cleared: 'only of public addresses, which no test has: by a unit test',
};
const history = {
  provoked: 'needs a policy that was kept before: by a unit test',
  cleared: 'needs a policy that was kept before: by a unit test',
};
const noServer = 'no server that is at hand does that: by a unit test';

export const notHere: Readonly<Record<string, Elsewhere>> = {
  'mx.ptr-missing': publicAddress,
  'mx.fcrdns': publicAddress,
  'mx.private-address': { cleared: 'all addresses here are of loopback: by a unit test' },
  'caa.violated': {
    provoked: 'only of authorities whose domains are known, none of which signs here: by a unit test',
    cleared: 'only of authorities whose domains are known, none of which signs here: by a unit test',
  },
  'conn.unreachable': { provoked: 'every address of loopback can be reached: by a unit test' },
  'conn.slow': { provoked: 'a connection on loopback is never slow: by a unit test' },
  'smtp.banner.delay': { provoked: 'would take longer than a test may: by a unit test' },
  'cert.unparsable': { provoked: 'no server loads such a certificate: by a unit test' },
  'cert.key.ec-weak': { provoked: 'neither side of a handshake takes such a curve: by a unit test' },
  'cert.key.known-compromised': { provoked: 'nobody keeps the keys in question at hand: by a unit test' },
  'cert.sig.sha224': { provoked: noServer },
  'tls.suite.count': {
    provoked: 'told with --suites all only, and never wrong: by a unit test',
    cleared: 'told with --suites all only, and never wrong: by a unit test',
  },
  'dnssec.ent-nxdomain': { provoked: noServer },
  'dnssec.address-insecure': { provoked: noServer },
  'mtasts.policy.address': {
    provoked: 'all addresses here are of loopback, and are allowed: by a unit test',
  },
  'mtasts.id-unchanged': history,
  'mtasts.id-changed-policy-same': history,
};
