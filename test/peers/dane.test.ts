/** The verdicts of DANE beside those of OpenSSL, by which Postfix and Exim do it: the same certificates, the same records. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { parseDomain } from '../../src/names/domain.ts';
import { readTlsaSet } from '../../src/policies/dane/tlsa.ts';
import { type DaneVerdict, verifyDane } from '../../src/policies/dane/verify.ts';
import { pathTo } from '../../src/tls/path.ts';
import * as make from '../support/chains.ts';
import { host, type RandomChain, randomChain, randomOf } from '../support/random-chain.ts';
import { tlsaFor } from '../unit/policies/dane/records.ts';
import { dns, ip } from '../unit/tls/forge.ts';
import { type DaneServer, shakeHands, verifyPaths } from './support/openssl.ts';
import { peerTest } from './support/peer.ts';

const { authority, certify, now, party, server } = make;

describe('certification paths, beside openssl verify', () => {
  peerTest(
    '500 random chains, most of them with something wrong: the same verdict',
    ['tools'],
    async ({ tools }) => {
      const random = randomOf(2026);
      const chains = Array.from({ length: 500 }, () => randomChain(random, 0.35)).filter(hasDatedAnchor);
      const theirs = await verifyPaths(tools, chains, now);
      const differences = chains.flatMap(({ presented, anchor, story }, at) => {
        const ours = pathTo(presented, [{ kind: 'certificate', der: anchor }], now);
        const { good = false, said = '' } = theirs[at] ?? {};
        return good === (ours.kind === 'path') ? [] : [{ story, said, ours }];
      });
      assert.deepEqual(differences, []);
      const good = theirs.filter((verdict) => verdict.good).length;
      assert.ok(good > 100 && good < 300, `${good} are good, so that the others prove nothing`);
    },
  );
});

describe('handshakes with TLSA records, beside openssl s_client', () => {
  peerTest(
    'every usage, selector and matching type, of every certificate: the same verdict',
    ['tools'],
    async ({ tools }) => {
      await compare(
        tools,
        servers.map(({ presented, key }) => ({ presented, key, clients: allRecords(presented) })),
      );
    },
  );

  peerTest('random chains with random sets of records: the same verdict', ['tools'], async ({ tools }) => {
    const random = randomOf(7);
    const chains = Array.from({ length: 40 }, () => randomChain(random, 0.3)).filter(isServable);
    await compare(
      tools,
      chains.map((chain) => ({
        presented: chain.presented,
        key: keyOf(chain),
        clients: Array.from({ length: 6 }, () => randomClient(random, chain)),
      })),
    );
  });
});

async function compare(tools: string, cases: readonly DaneServer[]): Promise<void> {
  const theirs = await shakeHands(tools, cases, now);
  const ours = cases.flatMap(({ presented, clients }) =>
    clients.map(({ base, records }) => ({ base, records, verdict: verify(presented, base, records) })),
  );
  const differences = ours.flatMap(({ base, records, verdict }, at) => {
    const { good = false, said = '' } = theirs[at] ?? {};
    const shown = records.map((record) => Buffer.from(record.subarray(0, 8)).toString('hex'));
    return good === (verdict.kind === 'match') ? [] : [{ base, shown, said, ours: verdict.because }];
  });
  assert.deepEqual(differences, []);
  const good = theirs.filter((verdict) => verdict.good).length;
  assert.ok(good > theirs.length / 10 && good < theirs.length * 0.9, `${good} of ${theirs.length} are good`);
}

function verify(presented: readonly Uint8Array[], base: string, records: readonly Uint8Array[]): DaneVerdict {
  const name = parseDomain(base);
  if (name.kind !== 'ok') throw new Error(name.because);
  const names = { base: name.value, mx: name.value, nextHop: [] };
  return verifyDane({ chain: presented }, readTlsaSet(records), names, now);
}

const [mx, middle, root] = [party(host), party('Middle'), party('Root')];
const leaf = certify(mx, middle, { extensions: server(host) });
const intermediate = certify(middle, root, { extensions: authority });
const top = certify(root, root, { extensions: authority });
const stranger = certify(party('Stranger'), party('Stranger'), { extensions: authority });
const own = certify(mx, mx, { extensions: server(host) });
const ownAuthority = certify(mx, mx, { extensions: [make.basicConstraints(true), make.hostNames(host)] });
const under = (spec: make.CertificateSpec): Uint8Array => certify(mx, root, spec);

/**
 * What servers present: as it should be, in disorder, incomplete, with each kind of name, with something wrong.
 *
 * Without partial wildcards, which s_client takes (Postfix does not: RFC 7672 §3.2.3 forbids them).
 */
const servers: readonly Omit<DaneServer, 'clients'>[] = [
  [leaf, intermediate, top],
  [leaf, intermediate],
  [leaf],
  [leaf, top, intermediate, top],
  [leaf, top],
  [own],
  [ownAuthority],
  [under({ extensions: server('*.example.test') }), top],
  [under({ extensions: server('other.test') }), top],
  [under({}), top],
  [under({ extensions: [make.alternatives(ip(192, 0, 2, 1))] }), top],
  [under({ subject: make.distinguishedName('other.test') }), top],
  [under({ extensions: server(host), notAfter: now - 1000 }), top],
  [under({ extensions: server(host), signing: 'sha1' }), top],
  [leaf, certify(middle, root, { extensions: authority, notAfter: now - 1000 }), top],
  [leaf, certify(middle, root, { extensions: server('a.test') }), top],
  [leaf, intermediate, certify(root, root, { extensions: [make.basicConstraints(true, 0)] })],
  [leaf, intermediate, certify(root, root, { extensions: authority, notAfter: now - 1000 })],
  [
    leaf,
    intermediate,
    certify(root, root, { extensions: [...authority, make.nameConstraints([dns('example.org')])] }),
  ],
  [
    leaf,
    intermediate,
    certify(root, root, { extensions: [...authority, make.nameConstraints([], [dns('example.org')])] }),
  ],
  [leaf, intermediate, certify(root, root, { version: 1 })],
].map((presented) => ({ presented, key: mx.privateKey }));

/** One client for each record that there can be of what was presented, and of what was not. */
function allRecords(presented: readonly Uint8Array[]): DaneServer['clients'] {
  const certificates = new Map(
    [...presented, intermediate, top, stranger].map((der) => [Buffer.from(der).toString('hex'), der]),
  );
  return [...certificates.values()].flatMap((der) =>
    [2, 3].flatMap((usage) =>
      [0, 1].flatMap((selector) =>
        [0, 1, 2].map((matching) => ({ base: host, records: [tlsaFor(usage, selector, matching, der)] })),
      ),
    ),
  );
}

/**
 * `openssl verify` looks at the dates of every anchor, handshakes with DANE only at those of self-signed ones: there we
 * are beside the latter.
 */
function hasDatedAnchor({ story }: RandomChain): boolean {
  const at = /^the anchor is authority (\d)$/m.exec(story.join('\n'))?.[1];
  return (
    at === undefined ||
    !story.some((one) => new RegExp(`^authority ${at}: (?:expired|not yet valid)$`).test(one))
  );
}

/**
 * OpenSSL refuses a server's own key of less than 1024 bits whatever the record; for usage 3 we do not, as RFC 7671 §5.1
 * asks for a match and for nothing else.
 */
function isServable({ story }: RandomChain): boolean {
  return !story.includes('leaf: rsa768');
}

function keyOf({ story }: RandomChain): DaneServer['key'] {
  const kind = /^leaf: (p384|ed25519|rsa2048|rsa1024)$/m.exec(story.join('\n'))?.[1];
  const kinds: readonly make.KeyKind[] = ['p384', 'ed25519', 'rsa2048', 'rsa1024'];
  return party(host, kinds.find((one) => one === kind) ?? 'p256').privateKey;
}

/** One to three records, sometimes of another key, sometimes under another name. */
function randomClient(
  random: () => number,
  { presented, anchor }: RandomChain,
): DaneServer['clients'][number] {
  const pick = <Item>(items: readonly Item[], otherwise: Item): Item =>
    items[Math.floor(random() * items.length)] ?? otherwise;
  const records = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const matching = pick([0, 1, 2], 1);
    const record = tlsaFor(
      pick([2, 2, 3], 3),
      pick([0, 1], 1),
      matching,
      pick([anchor, ...presented], anchor),
    );
    if (matching !== 0 && random() < 0.15) record[10] = (record[10] ?? 0) ^ 1;
    return record;
  });
  return { base: random() < 0.25 ? 'other.test' : host, records };
}
