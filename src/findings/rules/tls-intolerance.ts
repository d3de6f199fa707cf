/** Hellos that a server cannot do with, though it has what they offer. RFC 8446 §4.1.2, §5.1. */
import type { Finding } from '../finding.ts';
import type { HelloSeen } from '../hello-seen.ts';
import { showAnswer } from '../hello-words.ts';
import type { Probed } from '../observation.ts';
import { foundAt, isTried, type Place } from '../place.ts';

/**
 * The first hello is that of clients of today: TLS 1.3 and 1.2, with a post-quantum key, and so large. Where it comes to nothing
 * and one of TLS 1.2 does, a small one of both versions tells which of the two was in the way.
 */
export function intolerance(place: Place): readonly Finding[] {
  const { base, probes } = place.observation;
  const { upToTls12, hello } = probes;
  if (base.tls !== null) {
    const evidence = [
      `TLS comes about with the hello of clients with post-quantum keys: ${base.tls.version}.`,
    ];
    return [
      foundAt(place, 'tls.version-intolerance', 'pass', { evidence }),
      foundAt(place, 'starttls.large-hello-intolerance', 'pass', { evidence }),
    ];
  }
  const isOldTaken = upToTls12?.kind === 'seen' && upToTls12.result === 'secured';
  if (!isOldTaken || !isTried(base) || hello?.retry === undefined) return [];
  const { retry, large } = hello;
  const said = [
    `A hello of TLS 1.2 came to a session: ${upToTls12.tls.version}, ${upToTls12.tls.cipher}.`,
    `A small one of TLS 1.3 and 1.2: ${told(retry)}.`,
    ...(large === undefined ? [] : [`One of TLS 1.3 with more than 2,000 octets: ${told(large)}.`]),
  ];
  if (isAnswered(retry))
    // Where another large one is answered it was not its size; where none was asked, it may have been anything.
    return isNo(large)
      ? [foundAt(place, 'starttls.large-hello-intolerance', 'fail', { evidence: said })]
      : [];
  return isNo(retry) ? [foundAt(place, 'tls.version-intolerance', 'fail', { evidence: said })] : [];
}

function isAnswered(probe: Probed<HelloSeen> | undefined): boolean {
  return probe?.kind === 'seen' && (probe.result === 'agreed' || probe.result === 'retry');
}

/** RFC 8446 §6.2, handshake_failure: a suite, a group or a signature that did not suit the server, and not the hello as such. */
const HANDSHAKE_FAILURE = 40;

/** A refusal of the hello as such, something that is no answer, or silence. */
function isNo(probe: Probed<HelloSeen> | undefined): boolean {
  if (probe === undefined) return false;
  if (probe.kind === 'seen' && probe.result === 'refused') return probe.alert !== HANDSHAKE_FAILURE;
  if (probe.kind === 'seen') return probe.result === 'broken';
  return probe.end.kind === 'timeout' && probe.end.at === 'handshake';
}

function told(probe: Probed<HelloSeen>): string {
  return probe.kind === 'seen' ? showAnswer(probe) : probe.because;
}
