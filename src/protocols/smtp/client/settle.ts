/** Ends a transaction that came to nothing, so that another one may follow. RFC 5321 §4.1.1.5, RFC 2920 §3.1. */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { command } from '../command.ts';
import { readReply, severity } from '../reply.ts';
import type { Standing } from './deliver.ts';

/**
 * Brings a connection back into use.
 *
 * @throws PeerError when the peer breaks the protocol: the connection is of no use then, and nothing else is lost.
 */
export function* settle(channel: Channel, standing: Standing): Talk<'reusable' | 'spent'> {
  switch (standing) {
    case 'reusable':
    case 'spent':
      return standing;
    case 'to-reset': {
      yield* channel.say(command('RSET'));
      const { code } = yield* readReply(channel, 'reply');
      return code === 250 ? 'reusable' : 'spent';
    }
    case 'to-end': {
      yield* channel.sayBody({ kind: 'bytes', bytes: new Uint8Array() }, 'dots');
      const reply = yield* readReply(channel, 'data-end');
      const inStep = reply.code === 250 || (severity(reply) !== 'positive' && reply.code !== 421);
      return inStep ? 'reusable' : 'spent';
    }
  }
}
