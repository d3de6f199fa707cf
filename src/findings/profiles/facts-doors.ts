/** Facts of handshakes, at every address of every mail host. */
import type { Domain } from '../../names/domain.ts';
import { verifyDane } from '../../policies/dane/verify.ts';
import type { CheckCase, HostCase } from '../case.ts';
import { demandOf } from '../dane/places.ts';
import { chainsAt, type SeenChain } from '../seen.ts';
import { webPkiFault } from '../web-pki.ts';
import { perDoor, type SeenDoor } from './doors.ts';
import { withoutOtherKey } from './facets.ts';
import type { Verdict } from './profile.ts';

type Judged = Omit<Verdict, 'scope'>;

/** There may be a name that proves it, or does not. */
const withoutName = {
  state: 'not-tested',
  evidence: ['the server was named by its address, and this is about its name'],
} as const;

/** A handshake comes about. */
export function startTls(theCase: CheckCase): readonly Verdict[] {
  return perDoor(theCase, (door) => ({ state: 'met', evidence: [sessionOf(door)] }), 'not-met');
}

const OLD: readonly string[] = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1'];

/** It is one of TLS 1.2 at least. */
export function atLeastTls12(theCase: CheckCase): readonly Verdict[] {
  return perDoor(theCase, (door) => {
    const isOld = OLD.includes(door.observation.base.tls?.version ?? '');
    return { state: isOld ? 'not-met' : 'met', evidence: [sessionOf(door)] };
  });
}

function sessionOf({ observation: { base } }: SeenDoor): string {
  return base.tls === null ? 'TLS comes about' : `agreed on ${base.tls.version}, ${base.tls.cipher}`;
}

/** Each certificate proves the name of the mail host to everybody who trusts the public authorities (RFC 8461 §4.2). */
export function webPki(theCase: CheckCase): readonly Verdict[] {
  return perDoor(theCase, (door) => {
    const name = nameOf(door.host);
    if (name === undefined) return withoutName;
    return perKey(door, ({ tls }) => {
      const fault = webPkiFault(tls, name, theCase.now);
      const evidence = fault?.because ?? `the certificate is valid for ${name}`;
      return { isRight: fault === undefined, evidence };
    });
  });
}

function nameOf({ facts }: HostCase): Domain | undefined {
  return facts?.host;
}

/** Each certificate matches the TLSA records of the host (RFC 7672 §3). */
export function tlsaMatch(theCase: CheckCase): readonly Verdict[] {
  const { facts, now } = theCase;
  return perDoor(theCase, (door) => {
    const name = nameOf(door.host);
    if (facts === null || name === undefined) return withoutName;
    if (door.host.facts?.kind === 'found' && door.host.facts.tlsa.kind === 'unknown')
      return { state: 'not-tested', evidence: [door.host.facts.tlsa.because] };
    const demand = demandOf(facts, name);
    if (demand === undefined)
      return { state: 'not-applicable', evidence: [`${name} has no TLSA records that count`] };
    return perKey(door, ({ tls }) => {
      const verdict = verifyDane(tls, demand.set, demand.names, now);
      return { isRight: verdict.kind === 'match', evidence: verdict.because };
    });
  });
}

/** Of both kinds of keys, of which a client chooses one: that none is wrong, and that both were looked for. */
function perKey(
  door: SeenDoor,
  judge: (chain: SeenChain) => { readonly isRight: boolean; readonly evidence: string },
): Judged {
  // A sender names the host in the handshake, under MTA-STS and under DANE.
  const chains = chainsAt(door.observation).filter(({ by }) => by !== 'no-name');
  const judged = chains.map((chain) => ({ ...judge(chain), by: chain.by }));
  const lines = (some: typeof judged): readonly string[] =>
    some.map(({ by, evidence }) =>
      by === 'other-key' ? `with the other kind of key: ${evidence}` : evidence,
    );
  const wrong = judged.filter(({ isRight }) => !isRight);
  if (wrong.length > 0) return { state: 'not-met', evidence: lines(wrong) };
  const open = withoutOtherKey(door.observation.probes);
  return open === undefined
    ? { state: 'met', evidence: lines(judged) }
    : { state: 'not-tested', evidence: [open, ...lines(judged)] };
}
