/** Ends a session. RFC 5321 §4.1.1.10. */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { command } from '../command.ts';
import { readReply } from '../reply.ts';

/** Says QUIT and waits for the answer, whatever it is: the connection ends either way. */
export function* quit(channel: Channel): Talk<void> {
  yield* channel.say(command('QUIT'));
  yield* readReply(channel, 'goodbye');
}
