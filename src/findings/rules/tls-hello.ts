/** What hellos of our own have shown of versions, keys and extensions. RFC 6176, RFC 7568, RFC 5746, RFC 7627, RFC 7507. */
import { groupName, groups } from '../../tls/hello/groups.ts';
import { bitsOf, primeName } from '../../tls/hello/primes.ts';
import { signatureSchemeName } from '../../tls/hello/signature-schemes.ts';
import { suites } from '../../tls/hello/suites.ts';
import { SSL_3, TLS_1_2, TLS_1_3 } from '../../tls/hello/versions.ts';
import { weakCurves, weakSchemes } from '../../tls/hello/weak-questions.ts';
import type { Finding } from '../finding.ts';
import {
  agreedTo,
  isNewOnly,
  isRefused,
  oldSessions,
  sessionsOf,
  wantedGroup,
  weakestOf,
} from '../hello-facts.ts';
import type { HelloProbes, HelloSession } from '../hello-seen.ts';
import { showAnswer, showSession, showVersion } from '../hello-words.ts';
import { foundAt, type Place } from '../place.ts';

export function helloFindings(place: Place): readonly Finding[] {
  const { hello } = place.observation.probes;
  if (hello === undefined) return [];
  return [
    ...ssl2(place, hello),
    ...ssl3(place, hello),
    ...ofSession(place),
    ...sentinel(place),
    ...fallback(place, hello),
    ...primes(place),
    ...curves(place, hello),
    ...wanted(place),
    ...signatures(place, hello),
  ];
}

const WITHOUT_CIPHERS =
  'The server answers hellos of SSL 2.0, and has no cipher for it: no session comes about. It is an old TLS library in which SSL 2.0 was left on, and only its ciphers were taken out.';

function ssl2(place: Place, { ssl2: probe }: HelloProbes): readonly Finding[] {
  if (probe?.kind !== 'seen') return [];
  if (probe.result === 'sslv2') {
    const kinds = probe.cipherKinds.map((kind) => `0x${kind.toString(16).padStart(6, '0')}`);
    const evidence = [`A hello of SSL 2.0 was answered; ciphers: ${kinds.join(' ') || 'none'}`];
    if (kinds.length > 0) return [foundAt(place, 'tls.ssl2', 'fail', { evidence })];
    return [foundAt(place, 'tls.ssl2', 'warn', { evidence, severity: 'medium', why: WITHOUT_CIPHERS })];
  }
  if (probe.result !== 'refused') return [];
  return [
    foundAt(place, 'tls.ssl2', 'pass', {
      evidence: [`A hello of SSL 2.0 was answered with ${showAnswer(probe)}.`],
    }),
  ];
}

const NEW_ONLY = 'It has no version below TLS 1.3.';

function ssl3(place: Place, { ssl3: probe }: HelloProbes): readonly Finding[] {
  const spoken = oldSessions(place.observation.probes).find(({ version }) => version === SSL_3);
  if (spoken !== undefined)
    return [foundAt(place, 'tls.ssl3', 'fail', { evidence: [`Agreed on: ${showSession(spoken)}`] })];
  // Servers were seen that refuse TLS 1.1 and have an older version all the same: what was not asked for is not known.
  return isRefused(probe)
    ? [foundAt(place, 'tls.ssl3', 'pass', { evidence: ['A hello of SSL 3.0 was refused.'] })]
    : [];
}

/** What a ServerHello of TLS 1.2 or older says by itself. */
function ofSession(place: Place): readonly Finding[] {
  const { probes } = place.observation;
  const session = sessionsOf(probes).find(({ version }) => version < TLS_1_3);
  if (session === undefined) return isNewOnly(probes) ? goneWithTls13(place) : [];
  const answered = (extension: string, isThere: boolean): readonly string[] => [
    `Agreed on: ${showSession(session)}`,
    `${extension} was offered, and ${isThere ? 'answered' : 'not answered'}.`,
  ];
  const { renegotiationInfo, extendedMasterSecret, version } = session;
  return [
    foundAt(place, 'tls.reneg.insecure', renegotiationInfo ? 'pass' : 'fail', {
      evidence: answered('renegotiation_info', renegotiationInfo),
    }),
    ...(version === TLS_1_2
      ? [
          foundAt(place, 'tls.ems-missing', extendedMasterSecret ? 'pass' : 'warn', {
            evidence: answered('extended_master_secret', extendedMasterSecret),
          }),
        ]
      : []),
    ...compression(place),
  ];
}

/** RFC 8446 §1.2, §4.1.2, appendix D: TLS 1.3 has neither renegotiation nor compression, and its keys belong to one handshake. */
function goneWithTls13(place: Place): readonly Finding[] {
  const ids = ['tls.reneg.insecure', 'tls.ems-missing', 'tls.compression'] as const;
  return ids.map((id) => foundAt(place, id, 'pass', { evidence: [NEW_ONLY] }));
}

/** Of the one hello in which it is offered. */
function compression(place: Place): readonly Finding[] {
  const session = weakestOf(place.observation.probes);
  if (session === undefined || session.version >= TLS_1_3) return [];
  const method = session.compression;
  const evidence = [
    `Agreed on: ${showSession(session)}`,
    method === 0 ? 'Compression was offered, and not taken.' : `The compression ${method} was taken.`,
  ];
  return [foundAt(place, 'tls.compression', method === 0 ? 'pass' : 'fail', { evidence })];
}

/** RFC 8446 §4.1.3: of a server that has shown TLS 1.3 at the first connection. */
function sentinel(place: Place): readonly Finding[] {
  const small = agreedTo(place.observation.probes.hello?.retry);
  if (small?.version === TLS_1_2 && small.couldSpeak === TLS_1_3) return [tamperedWith(place, small)];
  const session = weakestOf(place.observation.probes);
  if (place.observation.base.tls?.version !== 'TLSv1.3' || session?.version !== TLS_1_2) return [];
  const isSaid = session.couldSpeak === TLS_1_3;
  const evidence = [
    `Agreed on where TLS 1.3 was not offered: ${showSession(session)}`,
    isSaid
      ? 'The random of the server says that it could have spoken TLS 1.3.'
      : 'The random of the server does not say that it could have spoken TLS 1.3.',
  ];
  return [foundAt(place, 'tls.downgrade-sentinel', isSaid ? 'pass' : 'warn', { evidence })];
}

/** A client of TLS 1.3 has to break off here, so that none comes to a session. */
function tamperedWith(place: Place, session: HelloSession): Finding {
  return foundAt(place, 'tls.downgrade-sentinel', 'fail', {
    evidence: [
      `Agreed on where TLS 1.3 was offered: ${showSession(session)}`,
      'The random of the server says that it could have spoken TLS 1.3, and that nobody offered it.',
    ],
    severity: 'high',
    why: 'The hello does not get to the server as it was sent: something on the way takes TLS 1.3 out of it. The server says so in its random, and clients with TLS 1.3 break off, as they have to.',
    fix: [
      {
        who: 'mail-provider',
        do: 'Look for what reads or changes hellos before the server (firewall, load balancer, inspection of TLS), and have it leave them alone or bring it up to date.',
      },
    ],
  });
}

/** RFC 7507 §3. */
const INAPPROPRIATE_FALLBACK = 86;

function fallback(place: Place, { fallback: probe }: HelloProbes): readonly Finding[] {
  if (probe?.kind !== 'seen') return [];
  const what = `A hello of ${showVersion(probe.version)} that says it is a second try was answered with ${showAnswer(probe)}.`;
  if (probe.result === 'agreed') return [foundAt(place, 'tls.fallback-scsv', 'warn', { evidence: [what] })];
  // Any other alert is one about the version or the suites; who closes without a word says nothing of why.
  const isKnown =
    probe.result === 'refused' && (probe.alert ?? INAPPROPRIATE_FALLBACK) === INAPPROPRIATE_FALLBACK;
  return isKnown ? [foundAt(place, 'tls.fallback-scsv', 'pass', { evidence: [what] })] : [];
}

const SOUND_BITS = 2048;
const LONG_BITS = 3072;

function primes(place: Place): readonly Finding[] {
  const { probes } = place.observation;
  // Where the server proves nothing of itself, OpenSSL takes a short prime on purpose: that has a finding of its own.
  const seen = sessionsOf(probes).flatMap(({ prime, suite }) =>
    prime === null || suites.get(suite)?.classes.has('anon') === true ? [] : [prime],
  );
  const shortest = seen.toSorted((one, other) => bitsOf(one) - bitsOf(other))[0];
  if (shortest === undefined) {
    const isWithout = isRefused(probes.hello?.prime) || isNewOnly(probes);
    const evidence = [
      isNewOnly(probes)
        ? 'It has no version below TLS 1.3.'
        : 'A hello with suites of Diffie-Hellman over a prime only was refused.',
    ];
    return isWithout
      ? [
          foundAt(place, 'tls.dh.weak', 'pass', { evidence }),
          foundAt(place, 'tls.dh.2048', 'pass', { evidence }),
        ]
      : [];
  }
  const [bits, name] = [bitsOf(shortest), primeName(shortest)];
  const evidence = [`Prime of ${bits} bits: ${name ?? 'none that is known to be shared'}`];
  if (bits >= SOUND_BITS)
    return [
      foundAt(place, 'tls.dh.weak', 'pass', { evidence }),
      foundAt(place, 'tls.dh.2048', bits < LONG_BITS ? 'warn' : 'pass', { evidence }),
    ];
  return [
    foundAt(place, 'tls.dh.weak', 'fail', { evidence }),
    // That we do not know it does not make it the server's own.
    ...(name === undefined ? [] : [foundAt(place, 'tls.dh.common-prime', 'warn', { evidence })]),
  ];
}

function curves(place: Place, { weakCurves: probe }: HelloProbes): readonly Finding[] {
  const { probes } = place.observation;
  const weak = sessionsOf(probes).flatMap((session) =>
    session.group !== null && weakCurves.includes(session.group)
      ? [`Agreed on: ${showSession(session)}, with the curve ${groupName(session.group)}`]
      : [],
  );
  if (weak.length > 0) return [foundAt(place, 'tls.ecdhe.weak-curve', 'fail', { evidence: weak })];
  // All that use its certificate have to offer the curve of that, and then it takes no shorter one, whoever's order counts.
  const other = agreedTo(probe)?.group ?? null;
  if (other === null && !isRefused(probe) && !isNewOnly(probes)) return [];
  const asked = 'A hello with curves of less than 224 bits for the key exchange';
  const taken =
    other === null
      ? `${asked} was refused.`
      : `${asked}, and that of its key behind them, came to ${groupName(other)}.`;
  const evidence = [isNewOnly(probes) ? NEW_ONLY : taken];
  return [foundAt(place, 'tls.ecdhe.weak-curve', 'pass', { evidence })];
}

/** Kyber768 of a draft, with a curve. */
const DRAFTS: readonly number[] = [0x6399, 0x639a];
/** Groups of which clients of today have a key in their first hello, or which are worth a round trip. */
const USUAL_GROUPS: readonly number[] = [0x11ec, 0x11eb, 0x11ed, 0x001d, 0x0017, 0x0018];

function wanted(place: Place): readonly Finding[] {
  const group = wantedGroup(place.observation.probes);
  if (group === undefined) return [];
  const evidence = [`Of all groups it asks for ${groupName(group)}.`];
  return [
    foundAt(place, 'tls.group.preference', USUAL_GROUPS.includes(group) ? 'pass' : 'warn', { evidence }),
    ...draftOnly(place, group),
  ];
}

/** What a server asks for is what it likes best, and not all that it has: the first connection shows whether it has the final form. */
function draftOnly(place: Place, group: number): readonly Finding[] {
  const { tls } = place.observation.base;
  const isDraft = DRAFTS.includes(group);
  if (!isDraft && groups.get(group)?.kind !== 'hybrid') return [];
  const evidence = [`Of all groups it asks for ${groupName(group)}.`];
  if (!isDraft) return [foundAt(place, 'tls.group.pq-draft-only', 'pass', { evidence })];
  if (tls?.version !== 'TLSv1.3' || tls.group === null) return [];
  evidence.push(`Where X25519MLKEM768 is on offer and no draft is: ${tls.group}`);
  const isFinal = /MLKEM/i.test(tls.group);
  return [foundAt(place, 'tls.group.pq-draft-only', isFinal ? 'pass' : 'fail', { evidence })];
}

function signatures(place: Place, { sha1: probe }: HelloProbes): readonly Finding[] {
  const { probes } = place.observation;
  const weak = sessionsOf(probes).flatMap((session) => {
    const scheme = session.signatureScheme;
    return session.version === TLS_1_2 && scheme !== null && weakSchemes.includes(scheme)
      ? [`Agreed on: ${showSession(session)}, signed with ${signatureSchemeName(scheme)}`]
      : [];
  });
  if (weak.length > 0) return [foundAt(place, 'tls.sigalg.sha1', 'warn', { evidence: weak })];
  if (!isRefused(probe) && !isNewOnly(probes)) return [];
  const evidence = [
    isNewOnly(probes) ? NEW_ONLY : 'A hello of TLS 1.2 with signatures by SHA-1 and MD5 only was refused.',
  ];
  return [foundAt(place, 'tls.sigalg.sha1', 'pass', { evidence })];
}
