/** What further connections have shown of the way to TLS: injected commands, state that is kept, SNI. RFC 3207 §4.2. */
import { openCertificate } from '../../tls/path-rules.ts';
import type { Finding } from '../finding.ts';
import { isBrokenOffByServer, isNameNeeded, weakestOf } from '../hello-facts.ts';
import { showAnswer, showSession } from '../hello-words.ts';
import type { ObservedTls, Probes, VisitEnd } from '../observation.ts';
import { foundAt, isSecured, type Place } from '../place.ts';
import { fingerprintOf, shortHash } from '../presented.ts';
import { namelessIn, otherKeyIn } from '../seen.ts';
import { nextTry } from './next-try.ts';

export function probeFindings(place: Place): readonly Finding[] {
  const { injection, state } = place.observation.probes;
  return [
    ...(injection === undefined ? [] : injected(place, injection)),
    ...(state === undefined ? [] : kept(place, state)),
    ...withoutName(place),
  ];
}

/** What is the same of every probe that did not come to its question. */
function untested(
  place: Place,
  id: 'starttls.injection' | 'starttls.state-kept' | 'starttls.sni-required',
  { because, end }: { readonly because: string; readonly end?: VisitEnd },
): Finding {
  const said = end !== undefined && 'answer' in end ? [`At the ${end.at} it said: ${end.answer.text}`] : [];
  const isThrottled = end?.kind === 'throttled' || end?.kind === 'blocked';
  return foundAt(place, id, 'not-tested', {
    evidence: [because, ...said],
    // The endpoint is seen; one question is left, and the check has its exit code from what was seen.
    severity: 'low',
    ...nextTry(place, end, isThrottled ? LATER_MS : SOON_MS),
  });
}

const SOON_MS = 15 * 60_000;
const LATER_MS = 60 * 60_000;

function injected(place: Place, probe: NonNullable<Probes['injection']>): readonly Finding[] {
  if (probe.kind === 'not-tested') return [untested(place, 'starttls.injection', probe)];
  const { answered, transcript } = probe;
  switch (answered) {
    case 'never':
      return [
        foundAt(place, 'starttls.injection', 'pass', {
          evidence: ['A command in the same segment as STARTTLS was never answered.', ...transcript],
        }),
      ];
    case 'clear':
      return [
        foundAt(place, 'starttls.injection', 'warn', {
          evidence: [
            'A command in the same segment as STARTTLS was answered in clear, behind the go-ahead.',
            ...transcript,
          ],
          severity: 'low',
          why: 'The server goes on in clear after it has agreed to TLS. Nothing that was injected counts inside TLS; but whoever injects a command can make the handshake of others fail.',
        }),
      ];
    case 'inside':
      return [
        foundAt(place, 'starttls.injection', 'fail', {
          evidence: [
            'A command that was sent in clear, in the same segment as STARTTLS, was answered inside TLS.',
            ...transcript,
          ],
        }),
      ];
  }
}

function kept(place: Place, probe: NonNullable<Probes['state']>): readonly Finding[] {
  if (probe.kind === 'not-tested') return [untested(place, 'starttls.state-kept', probe)];
  const evidence = [
    probe.kept ? `Kept over the handshake: ${probe.what}` : `Forgotten at the handshake: ${probe.what}`,
    ...probe.transcript,
  ];
  return [foundAt(place, 'starttls.state-kept', probe.kept ? 'fail' : 'pass', { evidence })];
}

function withoutName(place: Place): readonly Finding[] {
  const { base, probes } = place.observation;
  const { tls } = base;
  const { noServerName: probe } = probes;
  if (tls === null || !isSecured(place)) return [];
  const nameless = namelessIn(place.observation);
  if (nameless !== undefined) return namelessFindings(place, counterpartOf(place, tls, nameless), nameless);
  if (isNameNeeded(probes)) return [nameNeeded(place, probes)];
  if (probe === undefined) return [];
  if (probe.kind === 'not-tested') return [untested(place, 'starttls.sni-required', probe)];
  switch (probe.result) {
    case 'not-offered':
      // STARTTLS is there and is not there, whatever name is asked for: that has a finding of its own.
      return [];
    case 'failed':
      if (isBrokenOffByServer(probe))
        return [foundAt(place, 'starttls.sni-required', 'fail', { evidence: [probe.because] })];
      return [untested(place, 'starttls.sni-required', { because: probe.because })];
    case 'secured':
      return namelessFindings(place, tls, probe.tls);
  }
}

function nameNeeded(place: Place, probes: Probes): Finding {
  const [refused, taken] = [probes.hello?.weakFirst, weakestOf(probes)];
  return foundAt(place, 'starttls.sni-required', 'fail', {
    evidence: [
      ...(refused?.kind === 'seen' ? [`A hello without SNI was answered with ${showAnswer(refused)}.`] : []),
      ...(taken === undefined ? [] : [`The same with SNI came to ${showSession(taken)}.`]),
    ],
  });
}

/** @param counterpart what it is to be compared with: what is shown with SNI; undefined where that is not known. */
function namelessFindings(
  place: Place,
  counterpart: ObservedTls | undefined,
  nameless: Pick<ObservedTls, 'version' | 'cipher' | 'chain'>,
): readonly Finding[] {
  const required = foundAt(place, 'starttls.sni-required', 'pass', {
    evidence: [`Without SNI TLS comes about too: ${nameless.version}, ${nameless.cipher}.`],
  });
  const asked = counterpart && fingerprintOf(counterpart);
  const unasked = fingerprintOf(nameless);
  if (asked === undefined || unasked === undefined) return [required];
  const differs = asked !== unasked;
  const name = counterpart?.serverName ?? 'none';
  return [
    required,
    foundAt(place, 'starttls.sni-cert-differs', differs ? 'warn' : 'pass', {
      evidence: differs
        ? [`With SNI (${name}): ${shortHash(asked)}`, `Without SNI: ${shortHash(unasked)}`]
        : [`With and without SNI: ${shortHash(asked)}`],
    }),
  ];
}

/**
 * A server with two kinds of keys may show either to a hello of our own without SNI: it is held against the one of the same kind.
 * Where with SNI there is none of that kind, it is another one in any case.
 */
function counterpartOf(place: Place, tls: ObservedTls, nameless: ObservedTls): ObservedTls | undefined {
  const { otherKey } = place.observation.probes;
  const other = otherKeyIn(place.observation);
  const same = [tls, ...(other === undefined ? [] : [other])].find((one) => isOfSameKind(one, nameless));
  if (same !== undefined) return same;
  return isBrokenOffByServer(otherKey) ? tls : undefined;
}

/** Whether both certificates have the same kind of key; of one that cannot be read nothing is known. */
function isOfSameKind(one: Pick<ObservedTls, 'chain'>, other: Pick<ObservedTls, 'chain'>): boolean {
  const [first, second] = [keyKindOf(one), keyKindOf(other)];
  return first !== undefined && first === second;
}

function keyKindOf({ chain: [leaf] }: Pick<ObservedTls, 'chain'>): string | undefined {
  const opened = leaf === undefined ? undefined : openCertificate(leaf);
  return opened?.kind === 'ok' ? opened.value.key.asymmetricKeyType : undefined;
}
