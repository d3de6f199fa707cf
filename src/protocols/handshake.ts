/** The step that all upgrades have in common: the handshake, and its judgement before anything is said inside it. */
import type { Talk } from '../wire/bytes.ts';
import type { Channel } from '../wire/channel.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { JudgeTls, NotUpgraded } from './upgrade.ts';

/**
 * Brings TLS up behind the go-ahead and has it judged.
 *
 * @throws PeerError `injected` where plaintext stands between the go-ahead and the handshake.
 */
export function* judgedHandshake(
  channel: Channel,
  judge: JudgeTls,
): Talk<
  | { readonly kind: 'acceptable'; readonly facts: TlsFacts }
  | Extract<NotUpgraded, { kind: 'tlsFailed' | 'unacceptable' }>
> {
  const secured = yield* channel.startTls();
  if (secured.kind === 'failed') return { kind: 'tlsFailed', because: secured.because };
  const { facts } = secured;
  const judgement = judge(facts);
  if (judgement.kind === 'unacceptable') return { kind: 'unacceptable', facts, because: judgement.because };
  return { kind: 'acceptable', facts };
}
