/** Checks a set-up as the command would: asks what is published, visits, judges. */

import { createHash, X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Target } from '../../src/findings/case.ts';
import { checkProtocols, type Depth } from '../../src/findings/endpoint.ts';
import type { Finding } from '../../src/findings/finding.ts';
import { type Judged, judgeRecording } from '../../src/findings/judge.ts';
import type { Recording } from '../../src/findings/recording.ts';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import { openObserver } from '../../src/scanner/observe.ts';
import { nobodyOptedOut } from '../../src/scanner/opt-out.ts';
import { openPace } from '../../src/scanner/pace.ts';
import { isOurs } from '../../src/scanner/plans.ts';
import { openTester } from '../../src/scanner/tester.ts';
import { openVisits } from '../../src/scanner/visits.ts';
import type { HttpsOutcome } from '../../src/wire/https-answer.ts';
import { zooCertificate, zooIssuer, zooRoot } from './certificates.ts';
import type { HostileCase } from './hostile-case.ts';
import { paperResolver } from './paper-zone.ts';
import type { Place, Policy, Running, SetUp } from './set-up.ts';
import { startTalker } from './talk.ts';

export const DOMAIN = 'zoo.test';
/** The host of the domain's mail, and of everything else. */
export const HOST = 'mx.zoo.test';

export interface VisitOptions {
  readonly depth?: Depth;
  /** Milliseconds for one connection. */
  readonly timeoutMs?: number;
  readonly intrusive?: boolean;
  /** Whether addresses of networks of its own are visited, as those of a lab. */
  readonly lab?: boolean;
}

export interface Visited {
  readonly recording: Recording;
  readonly judged: Judged;
}

/** Where the server of a set-up is started. */
export function placeFor(root: string, doors: HostileCase['doors'] = ['v4']): Place {
  const addresses = doors.map((door) => addressOf(door));
  const [address = ''] = addresses;
  return { root, address, addresses, host: HOST, certificate: (kind) => zooCertificate(kind, HOST) };
}

function addressOf(door: HostileCase['doors'][number]): string {
  if (door === 'private') return '10.1.2.3';
  return door === 'v4' ? freshAddress() : '::1';
}

let given = 0;

/** An address of loopback for this server alone; which process it is for is in it, as files of tests may run beside others. */
function freshAddress(): string {
  given += 1;
  return `127.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}.${given}`;
}

/** Checks a server that runs at a place. */
export async function visitPlace(
  { protocol, tls, policy }: Pick<SetUp, 'protocol' | 'tls' | 'policy'>,
  place: Place,
  { port }: Pick<Running, 'port'>,
  options: VisitOptions = {},
): Promise<Visited> {
  const target: Target =
    protocol === 'smtp'
      ? { kind: 'domain', domain: domainOf(DOMAIN) }
      : { kind: 'host', host: domainOf(HOST), port, protocol, tls };
  return checkTarget(target, port, zoneText(place, policy), policy, options);
}

/** Starts a hostile server and checks it. */
export async function visitHostile(
  one: HostileCase,
  options: VisitOptions = {},
): Promise<Visited & { readonly connections: number }> {
  const place = placeFor('', one.doors);
  const { depth, timeoutMs, intrusive, behave } = one;
  const lab = !one.doors.includes('private');
  if (behave === null)
    return {
      ...(await visitPlace(one, place, { port: 9 }, { depth, timeoutMs, intrusive, lab, ...options })),
      connections: 0,
    };
  const listening = place.addresses.filter((_, index) => one.doors[index] !== 'v6-deaf');
  const certificate = place.certificate(one.certificate);
  const ports = checkProtocols[one.protocol];
  const isUsual = one.beside !== undefined;
  const talker = await startTalker(listening, certificate, behave, isUsual ? ports.starttls : 0);
  const beside = isUsual && (await startTalker(listening, certificate, one.beside, ports.implicit ?? 0));
  try {
    const visited = await visitPlace(one, place, talker, { depth, timeoutMs, intrusive, ...options });
    return { ...visited, connections: talker.connections() };
  } finally {
    talker.close();
    if (beside !== false) beside.close();
  }
}

async function checkTarget(
  target: Target,
  smtpPort: number,
  text: string,
  policy: Policy,
  { depth = 'deep', timeoutMs = 20_000, intrusive = true, lab: isLab = true }: VisitOptions,
): Promise<Visited> {
  const lab = { lab: isLab };
  const observer = openObserver({
    helloName: 'scanner.example.test',
    roots: [zooRoot],
    timeoutMs,
    now: () => Date.now(),
  });
  try {
    const tester = openTester(
      {
        resolve: paperResolver({ text, status: policy.kind === 'dane' ? 'secure' : 'insecure' }),
        fetch: async () => policyAnswer(policy),
        recall: () => ({ sts: undefined, overrides: [] }),
        observer,
        visits: openVisits(
          openPace({
            gapMs: 0,
            concurrency: 4,
            isOurs: (address) => isOurs(address, lab),
            clock: () => performance.now(),
            sleep: async () => {},
          }),
          () => Date.now(),
        ),
        now: () => Date.now(),
        random: () => 0.5,
      },
      {
        depth,
        intrusive,
        scanner: 'scanner.example.test',
        smtpPort,
        allowPrivate: isLab,
        ...lab,
        optOut: nobodyOptedOut,
      },
    );
    const recording = await tester.test(target);
    return { recording, judged: judgeRecording(recording, Date.now()) };
  } finally {
    observer.close();
  }
}

function domainOf(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** A domain that is run well, as far as records go. */
function zoneText({ addresses, certificate }: Place, policy: Policy): string {
  return [
    `${DOMAIN}. SOA ns.${DOMAIN}. hostmaster.${DOMAIN}. 1 7200 3600 1209600 3600`,
    `${DOMAIN}. NS ns1.${DOMAIN}.`,
    `${DOMAIN}. NS ns2.${DOMAIN}.`,
    `ns1.${DOMAIN}. A 192.0.2.53`,
    `ns2.${DOMAIN}. A 198.51.100.53`,
    `${DOMAIN}. MX 10 ${HOST}.`,
    `${DOMAIN}. TXT "v=spf1 mx -all"`,
    `_dmarc.${DOMAIN}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@${DOMAIN}"`,
    `_imaps._tcp.${DOMAIN}. SRV 0 1 993 ${HOST}.`,
    `_imap._tcp.${DOMAIN}. SRV 0 1 143 ${HOST}.`,
    `_smtp._tls.${DOMAIN}. TXT "v=TLSRPTv1; rua=https://reports.example.net/tls"`,
    ...addresses.flatMap((address) => [
      `${HOST}. ${isIPv6(address) ? 'AAAA' : 'A'} ${address}`,
      `${reverseName(address)}. PTR ${HOST}.`,
    ]),
    ...tlsaLines(policy, certificate),
    ...(policy.kind === 'sts'
      ? [`_mta-sts.${DOMAIN}. TXT "v=STSv1; id=20260101"`, `mta-sts.${DOMAIN}. A 192.0.2.80`]
      : []),
    '',
  ].join('\n');
}

function reverseName(address: string): string {
  if (isIPv6(address)) return `1.${'0.'.repeat(31)}ip6.arpa`;
  return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
}

function tlsaLines(policy: Policy, certificate: Place['certificate']): readonly string[] {
  if (policy.kind !== 'dane') return [];
  return [`_25._tcp.${HOST}. TLSA ${policy.usage} 1 ${policy.matching ?? 1} ${keyData(policy, certificate)}`];
}

type Dane = Extract<Policy, { kind: 'dane' }>;

function keyData({ of, matching = 1 }: Dane, certificate: Place['certificate']): string {
  if (of === 'nothing') return '1'.repeat(64);
  const shown = new X509Certificate(of === 'issuer' ? zooIssuer : certificate(of).certPem);
  const key = shown.publicKey.export({ type: 'spki', format: 'der' });
  if (matching === 0) return key.toString('hex');
  return createHash(matching === 1 ? 'sha256' : 'sha512')
    .update(key)
    .digest('hex');
}

function policyAnswer(policy: Policy): HttpsOutcome {
  if (policy.kind !== 'sts')
    return { kind: 'failed', fault: 'dns', because: 'the host does not exist', tls: undefined };
  const text = ['version: STSv1', `mode: ${policy.mode}`, `mx: ${HOST}`, 'max_age: 2419200', ''].join('\r\n');
  const chain = [
    ...zooCertificate('good', `mta-sts.${DOMAIN}`).certPem.matchAll(/-----BEGIN[^]*?-----END[^\n]*\n/g),
  ];
  return {
    kind: 'answered',
    answer: {
      status: 200,
      contentType: 'text/plain',
      contentEncoding: undefined,
      location: undefined,
      body: Buffer.from(text),
      address: '192.0.2.80',
      tls: {
        version: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        group: 'X25519MLKEM768',
        chain: chain.map(([pem]) => new X509Certificate(pem).raw),
        path: { kind: 'trusted' },
        serverName: `mta-sts.${DOMAIN}`,
        alpn: null,
      },
    },
  };
}

/** A finding as the table has it: `fail high`. */
export function cameTo({ state, severity }: Finding): string {
  return `${state} ${severity}`;
}
