/** `[relay]`: how mail is kept and delivered. */
import { z } from 'zod';
import { parseDuration, parseDurationOrNever, parseSize } from '../values.ts';
import { count, list, onBlockedWords, reading, requireTlsKey, text, tlsLevels } from './kit.ts';

/** RFC 5321 §4.5.3.1.7: a message content of 64K octets must be accepted. */
const MIN_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 10 * 1024 ** 3;
/** RFC 5321 §4.5.3.1.8: 100 recipients must be accepted. */
const MIN_RECIPIENTS = 100;

export const relay = z
  .strictObject({
    tls: z
      .enum(tlsLevels)
      .default('may')
      .describe(
        'TLS level where no route says another. off: none; may: tried, not needed; encrypt: needed; authenticate: needed, with a certificate that proves the host.',
      ),
    requiretls: requireTlsKey(
      'What a message that was sent with REQUIRETLS needs where no route says otherwise; with off REQUIRETLS is not offered to clients either.',
    ).default('enforce'),
    tls_required_no: z
      .enum(['obey', 'ignore'])
      .default('obey')
      .describe(
        'What the header field "TLS-Required: No" does. obey: DANE, MTA-STS, the policy list and the memory do not count for this message, TLS is still tried, and what the operator demands holds (RFC 8689); ignore: nothing.',
      ),
    smtp_port: count(1, 65535).default(25).describe('Port of MX hosts.'),
    retry: list(text(parseDuration), 'duration')
      .prefault(['1m', '5m', '10m', '20m', '30m', '1h', '2h', '4h'])
      .describe('Waits after the first, second, ... failed attempt; the last one repeats.'),
    give_up_after: text(parseDuration)
      .prefault('5d')
      .describe('Age at which a message is returned to its sender. RFC 5321 §4.5.4.1: at least 4 to 5 days.'),
    warn_after: text(parseDuration)
      .prefault('4h')
      .describe('Age at which its sender is told, once, that it is late; at or above give_up_after: never.'),
    on_blocked: z
      .enum(onBlockedWords)
      .default('hold')
      .describe(
        'What becomes of mail for which the required TLS cannot be had, where no rule and no route says otherwise. hold: kept, and sent as soon as it can be had; bounce: returned at once; drop: given up without a word to the sender.',
      ),
    hold_probe: list(text(parseDuration), 'duration')
      .prefault(['1m', '2m', '4m', '8m', '15m'])
      .describe(
        'Waits before the first, second, ... look at a destination with mail that is held for want of TLS; the last one repeats.',
      ),
    hold_notice_after: text(parseDurationOrNever)
      .prefault('15m')
      .describe(
        'Age at which the sender of mail that is held for want of TLS is told so, once; "never": only that it is late, after warn_after.',
      ),
    keep_final: text(parseDuration)
      .prefault('3d')
      .describe('How long delivered, returned and cancelled messages stay visible in the queue.'),
    connections: count(1, 65535).default(100).describe('Outgoing connections at once.'),
    connections_per_destination: count(1, 65535)
      .default(20)
      .describe('Outgoing connections at once to one destination.'),
    connections_per_host: count(1, 65535)
      .optional()
      .meta({
        description:
          'Outgoing connections at once to one address of a mail host that MX records name, for all destinations together; without this key 40, or as many as one destination may have where that is more.',
        examples: [25],
      }),
    connections_per_second: count(1, 65535)
      .default(500)
      .describe(
        'Outgoing connections that are opened in a second, at most. After a start or an outage it begins with 50, and with each host that answers it is one more.',
      ),
    messages_per_minute: count(1, 60_000)
      .optional()
      .meta({
        description:
          'Messages that one destination gets in a minute, evenly spaced, where its route says no other number; without this key as many as it takes.',
        examples: [600],
      }),
    max_message_size: reading(
      z.union([z.int(), z.string()], { error: 'must be a size such as 52428800, "50MB" or "50MiB"' }),
      parseSize,
    )
      .refine((bytes) => bytes >= MIN_MESSAGE_BYTES && bytes <= MAX_MESSAGE_BYTES, {
        error: 'must be from "64KiB" (RFC 5321 §4.5.3.1.7) to "10GiB"',
      })
      .prefault('50MB')
      .describe('Largest message, in bytes or with KB, MB, GB, KiB, MiB, GiB.'),
    max_recipients: count(MIN_RECIPIENTS, 1_000_000)
      .default(1000)
      .describe('Most recipients of one message. RFC 5321 §4.5.3.1.8: at least 100.'),
    max_hops: count(1, 1000)
      .default(100)
      .describe(
        'Received fields with which a message counts as going round in circles. RFC 5321 §6.3: 100 or more.',
      ),
    grace: text(parseDuration)
      .prefault('30s')
      .describe('How long messages under way may take when the relay is told to stop.'),
  })
  .prefault({})
  .describe('How mail is kept and delivered.');
