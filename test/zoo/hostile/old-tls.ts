/**
 * Servers with TLS as no program of today has it: some hellos they answer by hand, and leave the others to OpenSSL. So each of
 * them is in order for a usual client.
 */
import { getDiffieHellman, X509Certificate } from 'node:crypto';
import { type HostileCase, hostile } from '../hostile-case.ts';
import { smtp } from '../hostile-smtp.ts';
import type { Behaviour, TlsManners } from '../talk.ts';
import {
  certificate,
  curveExchange,
  type Hello,
  helloRetryRequest,
  primeExchange,
  readHello,
  recordLength,
  serverHello,
  sslv2ServerHello,
} from './hello.ts';

/**
 * What is said to a hello, then the connection is closed; `silence`: nothing at all; undefined: it is left to OpenSSL, which presents
 * the same certificate.
 */
type Answer = (hello: Hello, der: Uint8Array) => readonly Buffer[] | 'silence' | undefined;

function byHand(answer: Answer, tls: TlsManners = {}): Behaviour {
  return smtp({
    async upgrade(talk) {
      let octets = Buffer.from(await talk.heard(), 'latin1');
      for (let length = recordLength(octets); length === undefined || octets.length < length; ) {
        octets = Buffer.concat([octets, Buffer.from(await talk.heard(), 'latin1')]);
        length = recordLength(octets);
      }
      const said = answer(readHello(octets), new X509Certificate(talk.certificate.certPem).raw);
      if (said === undefined) {
        talk.handOn(octets.toString('latin1'));
        return talk.secure(tls);
      }
      if (said === 'silence') return talk.stay();
      for (const record of said) talk.say(record.toString('latin1'));
      talk.end();
      return talk.stay();
    },
  });
}

const AES_GCM = 0xc02b;
const AES_CBC = 0xc009;
const usualSuites = [0xc02b, 0xc02f, 0x1301];

/** The hello with all suites, the weakest first. */
function isWeakFirst({ kind, compression }: Hello): boolean {
  return kind === 'tls' && compression.includes(1);
}

/** A hello of TLS 1.2 that offers nothing that a usual client would. */
function offersOnly({ version, suites }: Hello, wanted: number): boolean {
  return version === 0x0303 && suites.includes(wanted) && !usualSuites.some((code) => suites.includes(code));
}

/** In the order of the client: from whoever has it first, and from whoever has nothing else. */
function takesSuite(name: string, suite: number, shows: string): HostileCase {
  return hostile({
    name,
    shows,
    behave: byHand((hello, der) =>
      isWeakFirst(hello) || offersOnly(hello, suite) ? [serverHello({ suite }), certificate(der)] : undefined,
    ),
  });
}

/** In answer to the hello with all suites. */
function saysOfItself(
  name: string,
  shows: string,
  parts: Partial<Parameters<typeof serverHello>[0]>,
): HostileCase {
  return hostile({
    name,
    shows,
    behave: byHand((hello) => (isWeakFirst(hello) ? [serverHello({ suite: AES_GCM, ...parts })] : undefined)),
  });
}

function wantsGroup(name: string, shows: string, group: number): HostileCase {
  return hostile({
    name,
    shows,
    behave: byHand(
      (hello) =>
        hello.versions.includes(0x0304) && hello.groups.includes(0x6399)
          ? [helloRetryRequest(hello, 0x1301, group)]
          : undefined,
      { ecdhCurve: 'X25519' },
    ),
  });
}

const FALLBACK_SCSV = 0x5600;
/** Suites with long primes, of which one is in every hello that is for these only. */
const DHE_RSA = 0x009e;
/** Octets of a hello without the key of a hybrid group. */
const SMALL = 1_200;
const SECP192R1 = 0x0013;

export const oldTlsCases: readonly HostileCase[] = [
  hostile({
    name: 'ssl2',
    shows: 'speaks SSL 2.0',
    behave: byHand(({ kind }, der) => (kind === 'sslv2' ? [sslv2ServerHello(der, 0x010080)] : undefined)),
  }),
  hostile({
    name: 'ssl3',
    shows: 'speaks SSL 3.0, and no version between that and TLS 1.2',
    behave: byHand(({ kind, version }) =>
      kind === 'tls' && version < 0x0303
        ? [serverHello({ version: 0x0300, suite: 0x0004, extensions: {} })]
        : undefined,
    ),
  }),
  takesSuite('suite-export', 0x0008, 'takes suites for export'),
  takesSuite('suite-rc4', 0x0005, 'takes RC4'),
  takesSuite('suite-des', 0x0009, 'takes DES'),
  takesSuite('suite-3des', 0x000a, 'takes 3DES'),
  hostile({
    name: 'cbc-only',
    shows: 'no suite with authenticated encryption',
    behave: smtp({ tls: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } }),
  }),
  saysOfItself('no-secure-renegotiation', 'knows no secure renegotiation', { extensions: { 0x0017: '' } }),
  saysOfItself('no-master-secret', 'knows no extended master secret', { extensions: { 0xff01: '00' } }),
  saysOfItself('compresses', 'compresses what it encrypts', { compression: 1 }),
  saysOfItself('no-sentinel', 'does not say that it could have spoken TLS 1.3', { random: '' }),
  hostile({
    name: 'ignores-second-try',
    shows: 'takes an older version from a client that says it could do better',
    // What needs leave takes the connections that this would need.
    intrusive: false,
    behave: byHand(
      ({ suites, version }) =>
        suites.includes(FALLBACK_SCSV) ? [serverHello({ version, suite: AES_CBC })] : undefined,
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'DEFAULT:@SECLEVEL=0' },
    ),
  }),
  hostile({
    name: 'short-prime',
    shows: 'a prime of 1024 bits that many servers share',
    behave: byHand((hello, der) =>
      offersOnly(hello, DHE_RSA)
        ? [
            serverHello({ suite: DHE_RSA }),
            certificate(der),
            primeExchange(getDiffieHellman('modp2').getPrime()),
          ]
        : undefined,
    ),
  }),
  hostile({
    name: 'short-curve',
    shows: 'a curve of 192 bits, for whoever has it first',
    behave: byHand((hello, der) =>
      isWeakFirst(hello)
        ? [serverHello({ suite: AES_GCM }), certificate(der), curveExchange(SECP192R1)]
        : undefined,
    ),
  }),
  wantsGroup('draft-group', 'a post-quantum key exchange of a draft', 0x6399),
  wantsGroup('odd-group', 'asks for a group that nobody has a key for', 0x0019),
  hostile({
    name: 'version-intolerant',
    shows: 'hangs up at a hello that offers TLS 1.3',
    behave: byHand(({ versions }) => (versions.includes(0x0304) ? [] : undefined), { maxVersion: 'TLSv1.2' }),
  }),
  hostile({
    name: 'large-intolerant',
    shows: 'does not answer a hello that is larger than one segment',
    timeoutMs: 600,
    behave: byHand(({ length }) => (length > SMALL ? 'silence' : undefined)),
  }),
];
