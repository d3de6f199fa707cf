/**
 * What `waxwing.toml` may hold: each key with its meaning, its default and its rule.
 *
 * The JSON Schema, the commented file of `config init`, the environment's names and the suggestions for
 * misspelt keys all come from here.
 */
import { z } from 'zod';
import { formatHostPort, isLoopback } from '../../names/address.ts';
import type { Parsed } from '../../names/domain.ts';
import { parseMailDomain } from '../../names/mailbox.ts';
import type { TlsLevel } from '../../policies/words.ts';
import type { Listener } from './config.ts';
import {
  formatPattern,
  parseDuration,
  parseIpAddress,
  parseListenAddress,
  parseNamePattern,
  parseNetwork,
  parseNextHop,
  parsePath,
  parseRoutePattern,
  parseSize,
  parseSocketAddress,
} from './values.ts';

const tlsLevels = ['off', 'may', 'encrypt', 'authenticate'] as const satisfies readonly TlsLevel[];

/** RFC 5321 §4.5.3.1.7: a message content of 64K octets must be accepted. */
const MIN_MESSAGE_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 10 * 1024 ** 3;
/** RFC 5321 §4.5.3.1.8: 100 recipients must be accepted. */
const MIN_RECIPIENTS = 100;

const NO_TLS_ONLY_ON_PORT_25 =
  'port 25 cannot require TLS: "A publicly-referenced SMTP server MUST NOT require use of the STARTTLS extension in order to deliver mail locally" (RFC 3207 §4)';
const OTHER_PORT = 'listen on another port such as 587 or 465';

/** Text or number that `parse` turns into a value. */
function reading<Written, Value>(
  schema: z.ZodType<Written, Written>,
  parse: (written: Written) => Parsed<Value>,
) {
  return schema.transform((written, context) => {
    const parsed = parse(written);
    if (parsed.kind === 'ok') return parsed.value;
    context.issues.push({ code: 'custom', message: parsed.because, input: written });
    return z.NEVER;
  });
}

/** @param examples of the text, since JSON Schema describes the configuration as written. */
function text<Value>(parse: (written: string) => Parsed<Value>, ...examples: readonly string[]) {
  return reading(examples.length === 0 ? z.string() : z.string().meta({ examples: [...examples] }), parse);
}

function count(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function list<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item).min(1, { error: `must hold at least one ${what}` });
}

/** Refuses a second item for which `identify` gives the same text. */
function withoutTwins<Item>(key: string, identify: (item: Item) => string | undefined) {
  return (items: readonly Item[], context: z.RefinementCtx): void => {
    const seen = new Map<string, number>();
    for (const [index, item] of items.entries()) {
      const identity = identify(item);
      if (identity === undefined) continue;
      const first = seen.get(identity);
      if (first === undefined) seen.set(identity, index);
      else context.addIssue({ code: 'custom', path: [index, key], message: `is the same as in [${first}]` });
    }
  };
}

const tls = z
  .strictObject({
    cert: text(parsePath, '/etc/waxwing/chain.pem')
      .optional()
      .describe('File with the certificate chain, PEM, our own certificate first.'),
    key: text(parsePath, '/etc/waxwing/key.pem')
      .optional()
      .describe('File with its private key, PEM, not encrypted.'),
    ca: text(parsePath, '/etc/waxwing/roots.pem')
      .optional()
      .describe('File with extra roots, PEM, trusted when we deliver.'),
  })
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) === (key === undefined)) return;
    const [missing, given] = cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
    context.addIssue({ code: 'custom', path: [missing], message: `is missing beside tls.${given}` });
  })
  .prefault({})
  .describe('Certificate that the listeners show, and the roots that deliveries trust.');

const dns = z
  .strictObject({
    resolver: list(
      text((written) => parseSocketAddress(written, 53), '127.0.0.1', '[::1]:5353'),
      'address',
    )
      .optional()
      .describe("Addresses of resolvers, with a port where it is not 53; without this key the system's own."),
  })
  .prefault({})
  .describe('Where names are looked up.');

const listener = z
  .strictObject({
    role: z.enum(['submission']).describe('submission: takes mail to relay from whoever is in networks.'),
    address: text(parseListenAddress).describe('IP address and port; port 0 lets the system choose.'),
    tls: z
      .enum(['starttls', 'implicit'])
      .default('starttls')
      .describe('starttls: begins in clear and offers STARTTLS; implicit: TLS from the first byte.'),
    require_tls: z
      .boolean()
      .optional()
      .describe(
        'Whether mail is refused before STARTTLS. Default: false on loopback addresses, true elsewhere; has to be false on port 25.',
      ),
    networks: list(text(parseNetwork), 'network')
      .prefault(['127.0.0.0/8', '::1/128'])
      .describe('Who may relay through this listener.'),
    bare_line_ending: z
      .enum(['refuse', 'normalize'])
      .default('refuse')
      .describe(
        'What happens to a message with a CR or LF alone: refuse it, or normalize each to CRLF. Either way it cannot smuggle a second message.',
      ),
  })
  .transform(({ address: { address, port }, require_tls, bare_line_ending, ...rest }, context): Listener => {
    const requireTls = require_tls ?? (rest.tls === 'implicit' || !isLoopback(address));
    const refuse = (message: string) =>
      context.issues.push({ code: 'custom', path: ['require_tls'], input: require_tls, message });
    if (rest.tls === 'implicit' && !requireTls) {
      refuse('cannot be false where tls = "implicit": there is TLS before anything else');
    } else if (requireTls && port === 25 && !isLoopback(address)) {
      refuse(
        `${NO_TLS_ONLY_ON_PORT_25}; ${rest.tls === 'implicit' ? OTHER_PORT : `say require_tls = false, or ${OTHER_PORT}`}`,
      );
    }
    return { address, port, ...rest, requireTls, bareLineEnding: bare_line_ending };
  });

const route = z.strictObject({
  match: text(parseRoutePattern, 'example.net').describe(
    'Recipient domain: "example.net", ".example.net" for all names below it, or "*".',
  ),
  to: text(parseNextHop, 'smtp://mail.example.net:25')
    .optional()
    .describe('Next hop, port 25 unless given; without this key the MX hosts of the domain.'),
  tls: z
    .enum(tlsLevels)
    .optional()
    .meta({
      description: 'off, may, encrypt or authenticate; without this key whatever holds for everyone.',
      examples: ['authenticate'],
    }),
  names: list(text(parseNamePattern, 'mx.example.net', '.mail.example.net'), 'name')
    .optional()
    .describe('Further names, or ".suffixes", that the certificate may prove where tls = "authenticate".'),
  hello: text(parseMailDomain, 'out.example.test')
    .optional()
    .describe('EHLO name for these deliveries; without this key hostname.'),
  source: text(parseIpAddress, '192.0.2.25').optional().describe('Local address to connect from.'),
});

const relay = z
  .strictObject({
    tls: z
      .enum(tlsLevels)
      .default('may')
      .describe(
        'TLS level where no route says another. off: none; may: tried, not needed; encrypt: needed; authenticate: needed, with a certificate that proves the host.',
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
    keep_final: text(parseDuration)
      .prefault('3d')
      .describe('How long delivered, returned and cancelled messages stay visible in the queue.'),
    connections: count(1, 65535).default(100).describe('Outgoing connections at once.'),
    connections_per_destination: count(1, 65535)
      .default(20)
      .describe('Outgoing connections at once to one destination.'),
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
  })
  .prefault({})
  .describe('How mail is kept and delivered.');

const limits = z
  .strictObject({
    sessions: count(1, 1_000_000).default(2000).describe('Incoming connections at once.'),
  })
  .prefault({})
  .describe('What others may use of this host.');

const events = z
  .strictObject({
    file: text(parsePath, '-')
      .optional()
      .describe(
        'Event log, one JSON object per line; "-" is stdout. Default: events.ndjson in the data folder.',
      ),
  })
  .prefault({})
  .describe('What is said about each delivery.');

/** Checks a configuration as written and parses its values. */
export const configSchema = z
  .strictObject({
    hostname: text(parseMailDomain, 'relay.example.test', '[192.0.2.1]')
      .optional()
      .describe('Name of this host in EHLO and Received. Default: the name that the system gives.'),
    data: text(parsePath, '/var/lib/waxwing')
      .optional()
      .describe('Data folder. Default: /var/lib/waxwing as root, else waxwing in the XDG state folder.'),
    tls,
    dns,
    listener: z
      .array(listener)
      .superRefine(
        withoutTwins('address', ({ address, port }) =>
          // Port 0 is a different port each time.
          port === 0 ? undefined : formatHostPort(address, port),
        ),
      )
      .prefault([
        { role: 'submission', address: '127.0.0.1:2525', tls: 'starttls' },
        { role: 'submission', address: '127.0.0.1:4650', tls: 'implicit' },
      ])
      .describe('Where mail is taken in.'),
    route: z
      .array(route)
      .superRefine(withoutTwins('match', ({ match }) => formatPattern(match)))
      .prefault([])
      .describe('Rules for recipient domains; the first that matches wins.'),
    relay,
    limits,
    events,
  })
  .meta({ title: 'waxwing.toml' });

/** The configuration after parsing, before defaults that depend on the host or on other values. */
export type ParsedConfig = z.output<typeof configSchema>;

/** The JSON Schema of the configuration as written. */
export function configJsonSchema() {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
