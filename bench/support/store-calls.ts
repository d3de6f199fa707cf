/** What the benches of the store say to it: a message, a claim, its settlement. */
import type { DeliveryEvent } from '../../src/events/delivery-event.ts';
import { noRecipientWishes, noSenderWishes } from '../../src/names/wishes.ts';
import type { Answer, Call } from '../../src/store/calls.ts';
import { prepareMessage, prepareSettle } from '../../src/store/prepare.ts';
import type { Claim, ClaimRequest, NewMessage, SettleRequest } from '../../src/store/queue-store.ts';

export const BODY_BYTES = 4_096;
const bytes = new Uint8Array(BODY_BYTES).fill(0x61);

export function newMessage(index: number): NewMessage {
  const id = `m${(1_000_000_000 + index).toString(36)}`;
  return {
    id,
    receivedAt: 1_000,
    sender: 'source@source.test',
    wishes: noSenderWishes,
    recipients: [{ address: 'sink@live.test', destination: 'live.test', wishes: noRecipientWishes }],
    body: { kind: 'bytes', bytes },
    properties: { size: BODY_BYTES, eightBit: false, longestLine: 78, hops: 1, needsUtf8: false },
    events: [event('received', id)],
  };
}

export function accepting(message: NewMessage): Call {
  return { name: 'accept', argument: prepareMessage(message) };
}

export function settling(claim: Claim): Call {
  return { name: 'settle', argument: prepareSettle(settlement(claim)) };
}

export function claimRequest(most: number): ClaimRequest {
  return {
    now: 1_000,
    leaseEnds: Number.MAX_SAFE_INTEGER,
    most,
    perDestination: 1e6,
    recipientsPerClaim: 100,
  };
}

export function settlement({ fence, message: { id }, recipients }: Claim): SettleRequest {
  const settlements = recipients.map(({ address }) => ({
    fence,
    id,
    address,
    delivery: { kind: 'delivered', at: 1_001 } as const,
    blockedBecause: null,
    events: [event('delivered', id)],
    transcript: null,
  }));
  return { settlements, messages: [], warned: [] };
}

function event(name: 'received' | 'delivered', id: string): DeliveryEvent {
  const evidence = { certificateSha256: 'ab'.repeat(32), peerName: 'mx.live.test', tlsa: null };
  return {
    event: name,
    id,
    at: '2026-11-22T00:00:00.000Z',
    from: 'source@source.test',
    to: 'sink@live.test',
    mx: { host: 'mx.live.test', address: '192.0.2.1', port: 25 },
    reply: { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 4F2A1C0DE' },
    attempt: 1,
    tls: {
      outcome: 'authenticated',
      required: 'authenticate',
      by: 'override',
      because: 'the route for live.test demands it; the certificate names mx.live.test',
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      group: 'X25519MLKEM768',
      ...evidence,
    },
    nextAttemptAt: null,
  };
}

export function claimsIn(answer: Answer | undefined): readonly Claim[] {
  if (answer?.kind !== 'done') throw new Error(`the claim failed: ${JSON.stringify(answer)}`);
  return answer.value as readonly Claim[];
}
