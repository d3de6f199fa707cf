/** Kinds of suites that are on their way out, in every session that was seen and every suite that was listed. RFC 9325 §4.1, §4.2. */
import { suiteName } from '../../tls/hello/suites.ts';
import type { CheckId } from '../catalogue.ts';
import type { Finding } from '../finding.ts';
import { agreedTo, isNewOnly, sessionsOf } from '../hello-facts.ts';
import type { HelloSession } from '../hello-seen.ts';
import { showVersion } from '../hello-words.ts';
import type { HandshakeSeen, Observation, Probed } from '../observation.ts';
import { foundAt, type Place } from '../place.ts';

interface Taken {
  readonly version: string;
  /** By the name of IANA. */
  readonly suite: string;
  /** `chosen`: although better ones stood before it. `wanted`: of a hello that wanted it most, or had nothing better. */
  readonly how: 'chosen' | 'wanted' | 'listed';
}

interface Kind {
  readonly id: CheckId & `tls.suite.${string}`;
  readonly pattern: RegExp;
  /** Where only clients get it that want nothing better. */
  readonly wanted: { readonly severity: 'low' | 'info'; readonly why: string };
}

const kinds: readonly Kind[] = [
  {
    id: 'tls.suite.rsa-kx',
    pattern: /^(?:TLS|SSL)_RSA_(?:[A-Z0-9]+_)?WITH_/,
    wanted: {
      severity: 'low',
      why: 'Clients that want a suite without forward secrecy, or have nothing better, get it. Whoever records what they say today and gets hold of the key of the server some day reads all of it.',
    },
  },
  {
    id: 'tls.suite.cbc',
    pattern: /_CBC_/,
    wanted: {
      severity: 'info',
      why: 'Clients that want a suite in CBC mode, or have nothing better, get it. Attacks on it are hard to carry out; the suites are on their way out.',
    },
  },
  {
    id: 'tls.suite.ccm8',
    pattern: /_CCM_8(?:_|$)/,
    wanted: {
      severity: 'info',
      why: 'Clients that want a suite whose tags are cut to 8 octets, made for very small devices, or have nothing better, get it. Forging a record is easier than it has to be.',
    },
  },
];

export function suiteKinds(place: Place): readonly Finding[] {
  const all = takenAt(place.observation);
  return all.length === 0 ? [] : kinds.map((kind) => ofKind(place, kind, all));
}

function ofKind(place: Place, { id, pattern, wanted }: Kind, all: readonly Taken[]): Finding {
  const bad = all.filter(({ suite }) => pattern.test(suite));
  if (bad.length > 0) {
    const isChosen = bad.some(({ how }) => how === 'chosen');
    return foundAt(place, id, 'warn', { evidence: shown(bad), ...(isChosen ? {} : wanted) });
  }
  if (all.some(({ version }) => version !== 'TLSv1.3'))
    return foundAt(place, id, 'pass', { evidence: shown(all) });
  // TLS 1.3 has suites of its own, and with nothing else seen nothing is known of those of TLS 1.2 and older.
  if (isNewOnly(place.observation.probes))
    return foundAt(place, id, 'pass', { evidence: [...shown(all), 'It has no version below TLS 1.3.'] });
  const evidence = [...shown(all), 'What it takes with TLS 1.2 and older was not come to.'];
  return foundAt(place, id, 'not-tested', { evidence, severity: 'info' });
}

/** Each suite once, as it was first seen. */
function shown(all: readonly Taken[]): readonly string[] {
  const first = all.filter(({ suite }, at) => all.findIndex((other) => other.suite === suite) === at);
  return first.map(
    ({ how, version, suite }) => `${how === 'listed' ? 'Takes' : 'Agreed on'}: ${version}, ${suite}`,
  );
}

/** What was chosen before what was wanted. */
function takenAt({ base, probes }: Observation): readonly Taken[] {
  const { hello = {}, upToTls12, otherKey, noServerName, legacy } = probes;
  const { bestFirst, retry, large, fallback, suites } = hello;
  const usual = [upToTls12, otherKey, noServerName].flatMap((probe) => ofNode('chosen', probe));
  // Of a server that has no TLS 1.3 that one was asked for what the first connection had not: it is no choice.
  const isAnyone = base.tls?.version !== 'TLSv1.2';
  const first = [bestFirst, large, ...(isAnyone ? [retry] : [])].flatMap((probe) =>
    ofHello('chosen', agreedTo(probe)),
  );
  const asked =
    retry?.kind === 'seen' && retry.result === 'retry'
      ? [{ version: 'TLSv1.3', suite: suiteName(retry.suite), how: 'chosen' } as const]
      : [];
  const others = [...sessionsOf(probes), agreedTo(fallback)].flatMap((one) => ofHello('wanted', one));
  const listed = (suites?.versions ?? []).flatMap(({ version, suites: codes }) =>
    codes.map((code): Taken => ({ version: showVersion(version), suite: suiteName(code), how: 'listed' })),
  );
  const { tls } = base;
  const ofBase: Taken[] = tls === null ? [] : [{ version: tls.version, suite: tls.cipher, how: 'chosen' }];
  return [...ofBase, ...usual, ...first, ...asked, ...ofNode('wanted', legacy), ...others, ...listed];
}

function ofNode(how: Taken['how'], probe: Probed<HandshakeSeen> | undefined): readonly Taken[] {
  if (probe?.kind !== 'seen' || probe.result !== 'secured') return [];
  return [{ version: probe.tls.version, suite: probe.tls.cipher, how }];
}

function ofHello(how: Taken['how'], session: HelloSession | undefined): readonly Taken[] {
  if (session === undefined) return [];
  return [{ version: showVersion(session.version), suite: suiteName(session.suite), how }];
}
