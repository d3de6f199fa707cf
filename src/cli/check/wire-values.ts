/** How the values of a recording that JSON has not are written: octets, names, what may be undefined. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { type Name, parseName, showName } from '../../dns/name.ts';
import { type Domain, type Parsed, parseDomain } from '../../names/domain.ts';

/** A sentence, or a line of a dialogue; whoever wrote it has cut it far shorter. */
export const text = z.string().max(65_536);
/** Lines of text; a transcript has at most a few hundred. */
export const lines = z.array(text).max(65_536);
/** Milliseconds since 1970, or a length of time: of a clock that was set back also one below 0. */
export const milliseconds = z.number().min(-8.64e15).max(8.64e15);
export const port = z.int().min(1).max(65_535);
export const address = z.string().refine((value) => isIP(value) !== 0, { error: 'is no IP address' });

/** Octets as base64, at most `most` of them. */
export function octets(most: number) {
  return z.codec(
    z
      .string()
      .max(Math.ceil(most / 3) * 4)
      .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, { error: 'is not base64' }),
    z.instanceof(Uint8Array),
    {
      // A copy of its own: a Buffer may be a view of a pool.
      decode: (written) => new Uint8Array(Buffer.from(written, 'base64')),
      encode: (bytes) => Buffer.from(bytes).toString('base64'),
    },
  );
}

/** A name with all its octets escaped. */
const MOST_CHARACTERS = 1_020;

/** A domain in its one spelling. */
export const domain = parsedText<Domain>(parseDomain, (value) => value);

/** A name of the DNS as zone files write it. */
export const dnsName = parsedText<Name>(parseName, showName);

function parsedText<Value extends string>(
  parse: (written: string) => Parsed<Value>,
  show: (value: Value) => string,
) {
  return z.codec(
    z.string().max(MOST_CHARACTERS),
    z.custom<Value>((value) => typeof value === 'string'),
    {
      decode: (written, context) => {
        const parsed = parse(written);
        if (parsed.kind === 'ok') return parsed.value;
        context.issues.push({ code: 'custom', message: parsed.because, input: written });
        return z.NEVER;
      },
      encode: show,
    },
  );
}

/** What may be undefined: null in JSON. */
export function orUndefined<Schema extends z.ZodType>(schema: Schema) {
  return z.codec(z.nullable(schema), z.custom<z.output<Schema> | undefined>(), {
    decode: (value) => value ?? undefined,
    encode: (value) => value ?? null,
  });
}
