/** `[memory]`: what is remembered of TLS towards other domains, and what comes of it. */
import { z } from 'zod';
import type { MemorySettings } from '../../../policies/memory/expect.ts';
import { parseDuration } from '../values.ts';
import { complaints, count, text } from './kit.ts';

export const memory = z
  .strictObject({
    mode: z
      .enum(['off', 'observe', 'enforce'])
      .default('observe')
      .describe(
        'What becomes of mail where a session falls short of what each one before has reached. observe: the log tells; enforce: it waits.',
      ),
    least_sessions: count(2, 1000)
      .default(3)
      .describe('Nothing is expected of a domain or host before so many sessions.'),
    least_age: text(parseDuration)
      .prefault('7d')
      .describe('Nor before so much time lies between the first and the last session.'),
    give_way_after: text(parseDuration)
      .prefault('3d')
      .describe(
        'So long, from the first session that falls short, mail waits at most; then what is seen counts, once it was seen on three days. Shorter than relay.give_up_after, so that mail arrives late rather than not at all.',
      ),
    forget_after: text(parseDuration)
      .prefault('90d')
      .describe('What no session has confirmed for so long is forgotten.'),
  })
  .prefault({})
  .transform((written, context): MemorySettings => {
    const settings: MemorySettings = {
      mode: written.mode,
      leastSessions: written.least_sessions,
      leastAgeMs: written.least_age,
      giveWayAfterMs: written.give_way_after,
      forgetAfterMs: written.forget_after,
    };
    if (settings.forgetAfterMs <= settings.leastAgeMs)
      complaints(context)('forget_after', 'has to be more than least_age: else nothing is ever expected');
    return settings;
  })
  .describe('Memory of the TLS that sessions with mail hosts of other domains have reached.');
