/** What the rules of all tables are made of. */
import { z } from 'zod';
import type { Parsed } from '../../../names/domain.ts';
import { requireTlsLevels } from '../../../policies/message.ts';
import type { RouteTarget } from '../../../policies/overrides/route.ts';
import type { OnBlocked } from '../../../policies/overrides/rule.ts';
import type { TlsLevel } from '../../../policies/words.ts';
import type { Source } from '../config.ts';

export const onBlockedWords = ['hold', 'bounce', 'drop'] as const satisfies readonly OnBlocked[];
export const tlsLevels = ['off', 'may', 'encrypt', 'authenticate'] as const satisfies readonly TlsLevel[];

/** What an operator writes of REQUIRETLS. */
export function requireTlsKey(about: string) {
  return z
    .enum(requireTlsLevels)
    .describe(
      `${about} enforce: the next host proves its name and offers REQUIRETLS, else the message is returned (RFC 8689); starttls: it proves its name; opportunistic: it is told where it offers REQUIRETLS and proves its name, nothing more is required; off: REQUIRETLS does not count.`,
    );
}

/** Text or number that `parse` turns into a value. */
export function reading<Written, Value>(
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
export function text<Value>(parse: (written: string) => Parsed<Value>, ...examples: readonly string[]) {
  return reading(examples.length === 0 ? z.string() : z.string().meta({ examples: [...examples] }), parse);
}

/** Text that is shown to nobody, neither by `config show` nor in a message about it; JSON Schema calls it writeOnly. */
export function secret() {
  return z.string().meta({ writeOnly: true });
}

export function count(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export function list<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item).min(1, { error: `must hold at least one ${what}` });
}

/** Refuses a second item for which `identify` gives the same text. */
export function withoutTwins<Item>(key: string, identify: (item: Item) => string | undefined) {
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

/** Names what is wrong with one key of the table that is being read. */
export type Complain = (key: string, message: string) => void;

export function complaints(context: z.RefinementCtx): Complain {
  return (key, message) => context.addIssue({ code: 'custom', path: [key], message });
}

/** The one of two keys that is given; complains where both are. */
export function sourceOf<Value>(
  complain: Complain,
  [key, value]: readonly [string, Value | undefined],
  [fileKey, path]: readonly [string, string | undefined],
): Source<Value> | undefined {
  if (value !== undefined && path !== undefined) complain(fileKey, `cannot be given beside ${key}`);
  if (path !== undefined) return { kind: 'file', path };
  return value === undefined ? undefined : { kind: 'here', value };
}

/** Complains where less than TLS is asked for towards a server with which TLS comes first. */
export function requireTlsOfSmtps(
  complain: Complain,
  to: RouteTarget | undefined,
  tls: TlsLevel | undefined,
): void {
  if (to?.protocol === 'smtps' && (tls === 'off' || tls === 'may')) {
    complain('tls', `cannot be "${tls}" towards smtps://, which is TLS from the first byte`);
  }
}
