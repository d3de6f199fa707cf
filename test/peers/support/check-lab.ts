/** The tester on the lab: its resolver, its trust anchor, its authority, its policy hosts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAnchors } from '../../../src/dns/anchors.ts';
import type { Depth } from '../../../src/findings/endpoint.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import { parseDomain } from '../../../src/names/domain.ts';
import { openResolver } from '../../../src/net/dns/resolver.ts';
import { parseUpstream } from '../../../src/net/dns/upstream.ts';
import { mailDns } from '../../../src/net/dns.ts';
import { fetchPolicy } from '../../../src/net/https.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import { openObserver } from '../../../src/scanner/observe.ts';
import { nobodyOptedOut } from '../../../src/scanner/opt-out.ts';
import { openPace } from '../../../src/scanner/pace.ts';
import { openTester, type Tester } from '../../../src/scanner/tester.ts';
import { openVisits } from '../../../src/scanner/visits.ts';
import type { Lab } from '../../lab/lab.ts';

const SCANNER = 'check.sender.test';
const TIMEOUT_MS = 10_000;

/** A tester on the lab. */
export interface LabTester {
  readonly test: Tester['test'];
  readonly close: () => Promise<void>;
}

/**
 * Tests domains of the lab, with nothing known before. @returns a recording for each.
 *
 * @param depth by default one connection to each door.
 */
export async function testOnLab(
  lab: Lab,
  domains: readonly string[],
  depth: Depth = 'quick',
): Promise<ReadonlyMap<string, Recording>> {
  const tester = openLabTester(lab, depth);
  try {
    const recordings = new Map<string, Recording>();
    for (const name of domains) {
      const domain = parseDomain(name);
      assert.ok(domain.kind === 'ok', name);
      recordings.set(name, await tester.test({ kind: 'domain', domain: domain.value }));
    }
    return recordings;
  } finally {
    await tester.close();
  }
}

/** Opens a tester that knows no internet but the lab. */
export function openLabTester(lab: Lab, depth: Depth): LabTester {
  const anchors = parseAnchors(lab.anchor);
  const upstream = parseUpstream(`${lab.resolver.address}:${lab.resolver.port}`);
  assert.ok(anchors.kind === 'ok' && upstream.kind === 'ok');
  const resolver = openResolver({
    upstreams: [upstream.value],
    dnssec: 'validate',
    whenUnprovable: 'refuse',
    anchors: anchors.anchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs: TIMEOUT_MS,
    onNotice: () => {},
  });
  const roots = [lab.authority.certPem];
  const observer = openObserver({ helloName: SCANNER, roots, timeoutMs: TIMEOUT_MS, now: Date.now });
  const dns = mailDns(resolver, Math.random);
  const context = outgoingContext(roots);
  const tester = openTester(
    {
      resolve: (question) => resolver.lookUp(question),
      fetch: (domain) =>
        fetchPolicy({
          domain,
          port: lab.policyHosts.port,
          addresses: async (host) => {
            const answer = await dns.addresses(host);
            if (answer.kind === 'found') return { kind: 'found', addresses: answer.value };
            return { kind: 'failed', because: answer.kind === 'absent' ? 'no address' : answer.because };
          },
          allowPrivate: true,
          context,
          timeoutMs: TIMEOUT_MS,
          maxOctets: 65_536,
          userAgent: 'waxwing/test',
        }),
      recall: () => ({ sts: undefined, overrides: [] }),
      observer,
      visits: openVisits(
        openPace({
          gapMs: 0,
          concurrency: 4,
          isOurs: () => true,
          clock: () => performance.now(),
          sleep,
        }),
        Date.now,
      ),
      now: Date.now,
      random: Math.random,
    },
    {
      depth,
      intrusive: false,
      scanner: SCANNER,
      smtpPort: 25,
      allowPrivate: true,
      lab: true,
      optOut: nobodyOptedOut,
    },
  );
  return {
    test: tester.test,
    async close() {
      observer.close();
      await resolver.close();
    },
  };
}
