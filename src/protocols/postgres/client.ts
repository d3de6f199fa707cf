/**
 * Brings TLS up with a PostgreSQL server.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "SSL Session Encryption". The server does not speak first, so
 * nothing is asked inside TLS.
 */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import type { TlsFacts } from '../../wire/tls-facts.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import { ALPN, sslRequest } from './messages.ts';

/** How TLS is to be had. */
export interface PostgresRequest {
  readonly judge: JudgeTls;
  /**
   * Whether TLS begins with the first octet (PostgreSQL 17 and later), in place of an SSLRequest.
   *
   * The connection has to offer `postgresql` by ALPN (RFC 7301), and the server has to agree: this is what tells a
   * PostgreSQL from any other server with the same certificate.
   */
  readonly direct: boolean;
}

/** @throws PeerError where the server breaks the protocol, or says more in clear than its one octet. */
export function* startTls(channel: Channel, { judge, direct }: PostgresRequest): Talk<Upgraded> {
  if (direct) return yield* beginWithTls(channel, judge);
  yield* channel.sayBytes(sslRequest, 'SSLRequest');
  channel.beginAnswer();
  const answer = yield* channel.readUnit(() => 1, 1, 'reply');
  switch (String.fromCharCode(answer[0] ?? 0)) {
    case 'S': {
      // CVE-2021-23222: what comes behind the S in clear would be taken for answers from inside TLS.
      const handshake = yield* judgedHandshake(channel, judge);
      if (handshake.kind !== 'acceptable') return handshake;
      return securedBy(handshake.facts);
    }
    case 'N':
      return { kind: 'notOffered', because: 'has no TLS: its answer to SSLRequest is N' };
    case 'E':
      // CVE-2024-10977: whoever is on the path can have written the text, so nobody gets to see it.
      return { kind: 'refused', because: 'answers SSLRequest with an error' };
    default:
      throw new PeerError(
        'unexpected-reply',
        `${channel.peer} answered SSLRequest with neither S nor N: ${printable(answer)}`,
        answer,
      );
  }
}

function* beginWithTls(channel: Channel, judge: JudgeTls): Talk<Upgraded> {
  const secured = yield* channel.beginTls();
  if (secured.kind === 'failed') return { kind: 'tlsFailed', because: secured.because };
  const { facts } = secured;
  const judgement = judge(facts);
  if (judgement.kind === 'unacceptable') return { kind: 'unacceptable', facts, because: judgement.because };
  if (facts.alpn !== ALPN)
    return { kind: 'unacceptable', facts, because: `did not agree to speak ${ALPN} (ALPN)` };
  return securedBy(facts);
}

function securedBy(facts: TlsFacts): Upgraded {
  return { kind: 'secured', facts, clear: [], inside: [] };
}
