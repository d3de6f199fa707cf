/** The DNS of the domains that rows are made of, as a validating resolver tells it: with the AD bit where it is proven. */
import { createHash, X509Certificate } from 'node:crypto';
import { types } from '../../../../src/dns/record.ts';
import { fail, forgeNoData, type Lie, setAd, spoof } from '../../../lab/mitm/lies.ts';
import { rdata, showWireName } from '../../../lab/mitm/packet.ts';
import type { ServedPolicy } from '../../../lab/zones/mail-domain.ts';
import type { LayerName, PeerName } from './row.ts';
import { hostOf, type Scene } from './scene.ts';

interface Published {
  readonly mx: 'secure' | 'insecure';
  /** Of the host: whether anything of it is proven, and its TLSA records. */
  readonly host: 'insecure' | 'none' | 'own' | 'other' | 'unusable' | 'bogus';
  readonly sts: 'enforce' | 'testing' | 'unlisted' | null;
}

const plain: Published = { mx: 'insecure', host: 'insecure', sts: null };
const signed: Published = { mx: 'secure', host: 'none', sts: null };

/** What the domain of each row has published. */
const published: Readonly<Record<LayerName, Published>> = {
  none: plain,
  'route encrypt': plain,
  'route authenticate': plain,
  'rule authenticate': signed,
  'override may': { ...signed, host: 'other' },
  'override encrypt': plain,
  'override authenticate': signed,
  'override *': plain,
  DANE: { ...signed, host: 'own' },
  'DANE mismatch': { ...signed, host: 'other' },
  'DANE unusable': { ...signed, host: 'unusable' },
  'DANE bogus': { ...signed, host: 'bogus' },
  'half-DANE': { ...plain, host: 'own' },
  'MTA-STS': { ...plain, sts: 'enforce' },
  'MTA-STS testing': { ...plain, sts: 'testing' },
  'MTA-STS unlisted': { ...plain, sts: 'unlisted' },
  list: plain,
  'list testing': plain,
  'list without host': plain,
  'DANE + MTA-STS': { ...signed, host: 'own', sts: 'enforce' },
  'mismatch + MTA-STS': { ...signed, host: 'other', sts: 'enforce' },
};

/** Where a peer is, and what certificate it shows; null: none. */
export interface PeerPlace {
  readonly address: string;
  readonly certPem: string | null;
}

/** The policy that `mta-sts.` of the domain serves. */
export function policyOf({ row, domain }: Scene): ServedPolicy | null {
  const { sts } = published[row.layer];
  if (sts === null) return null;
  const mode = sts === 'testing' ? 'testing' : 'enforce';
  const mx = sts === 'unlisted' ? `other.${domain}` : hostOf({ domain });
  return { text: `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: 86400\r\n` };
}

/** Tells of the scenes; all else is as it came. @param policyHost the address where policies are served. */
export function tellOf(
  scenes: readonly Scene[],
  places: Readonly<Partial<Record<PeerName, PeerPlace>>>,
  policyHost: string,
): Lie {
  const told = new Map<string, Lie>();
  for (const scene of scenes) {
    const place = places[scene.row.peer];
    if (place === undefined) throw new Error(`nobody is ${scene.row.peer}`);
    for (const [key, lie] of recordsOf(scene, place, policyHost)) told.set(key, lie);
  }
  const domains = scenes.map(({ domain }) => domain);
  return (packet, over) => {
    const { question } = packet;
    if (question === null) return { kind: 'answer', packet };
    const name = showWireName(question.name);
    const lie = told.get(`${name} ${question.type}`);
    if (lie !== undefined) return lie(packet, over);
    const isOurs = domains.some((domain) => name === domain || name.endsWith(`.${domain}`));
    return isOurs ? proven(forgeNoData)(packet, over) : { kind: 'answer', packet };
  };
}

function recordsOf(scene: Scene, place: PeerPlace, policyHost: string): readonly (readonly [string, Lie])[] {
  const { domain, row } = scene;
  const { mx, host, sts } = published[row.layer];
  const at = hostOf(scene);
  const ofHost = host === 'insecure' ? unproven : proven;
  const ofMx = mx === 'secure' ? proven : unproven;
  return [
    [`${domain} ${types.MX}`, ofMx(spoof(rdata.mx(10, at)))],
    [`${at} ${types.A}`, ofHost(spoof(rdata.a(place.address)))],
    [`${at} ${types.AAAA}`, ofHost(forgeNoData)],
    [`_25._tcp.${at} ${types.TLSA}`, tlsaOf(host, place)],
    ...(sts === null
      ? []
      : ([
          [`_mta-sts.${domain} ${types.TXT}`, unproven(spoof(rdata.txt('v=STSv1; id=1;')))],
          [`mta-sts.${domain} ${types.A}`, unproven(spoof(rdata.a(policyHost)))],
          [`mta-sts.${domain} ${types.AAAA}`, unproven(forgeNoData)],
        ] as const)),
  ];
}

function tlsaOf(host: Published['host'], { certPem }: PeerPlace): Lie {
  switch (host) {
    case 'insecure':
      return unproven(forgeNoData);
    case 'none':
      return proven(forgeNoData);
    case 'bogus':
      return fail;
    // One without a certificate has a record of some key or other.
    case 'own':
      return proven(spoof(rdata.tlsa(3, 1, 1, certPem === null ? '2'.repeat(64) : keyDigest(certPem))));
    case 'other':
      return proven(spoof(rdata.tlsa(3, 1, 1, '1'.repeat(64))));
    case 'unusable':
      return proven(spoof(rdata.tlsa(1, 1, 1, '1'.repeat(64))));
  }
}

function keyDigest(certPem: string): string {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('hex');
}

const proven = (lie: Lie): Lie => withAd(lie, true);
const unproven = (lie: Lie): Lie => withAd(lie, false);

function withAd(lie: Lie, ad: boolean): Lie {
  return (packet, over) => {
    const fate = lie(packet, over);
    return fate.kind === 'answer' ? setAd(ad)(fate.packet, over) : fate;
  };
}
