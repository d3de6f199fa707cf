/**
 * Writes values of our own as a schema has them in JSON: what `z.encode` does, without asking whether they fit.
 *
 * What was learnt of a thousand targets a second is of our making, and typed. To look at all of it again, as reading what
 * anybody may have written does, takes longer than to write it. Keys come in the order of the schema, as they do with zod.
 */
import { z } from 'zod';

/** What stands for octets in a list of them under the key that was named. */
type Replace = (octets: Uint8Array) => string;
type Write = (value: unknown, replace: Replace) => unknown;
/** undefined: the value stands as it is. */
type Writer = Write | undefined;

/**
 * A schema that it cannot follow is a fault of ours, and thrown at once.
 *
 * @param replaced the key of lists whose octets give way to something else.
 */
export function schemaWriter(
  schema: z.core.$ZodType,
  replaced: string,
): (value: object, replace: Replace) => Record<string, unknown> {
  if (!(schema instanceof z.ZodObject)) throw new Error('only objects are written');
  return keysWriter(schema, replaced);
}

function writerOf(schema: z.core.$ZodType, replaced: string): Writer {
  if (schema instanceof z.ZodObject) return objectWriter(schema, replaced);
  if (schema instanceof z.ZodArray) return listWriter(writerOf(schema.element, replaced));
  if (schema instanceof z.ZodUnion) return unionWriter(schema, replaced);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodExactOptional) {
    const inner = writerOf(schema.unwrap(), replaced);
    return inner && ((value, replace) => (value === null ? null : inner(value, replace)));
  }
  if (schema instanceof z.ZodCodec) {
    const { in: written, reverseTransform } = schema.def;
    const inner = writerOf(written, replaced);
    const encode = (value: unknown): unknown => reverseTransform(value, { value, issues: [] });
    return inner === undefined ? encode : (value, replace) => inner(encode(value), replace);
  }
  if (leaves.some((leaf) => schema instanceof leaf)) return undefined;
  const type = schema instanceof z.ZodType ? schema.type : 'unknown';
  throw new Error(`nothing writes a value of the type ${type}`);
}

const leaves = [z.ZodString, z.ZodNumber, z.ZodBoolean, z.ZodEnum, z.ZodLiteral];

function listWriter(item: Writer): Writer {
  return (
    item && ((list, replace) => (Array.isArray(list) ? list.map((one: unknown) => item(one, replace)) : list))
  );
}

const replacing: Write = (octets, replace) => (octets instanceof Uint8Array ? replace(octets) : octets);

function objectWriter(schema: z.ZodObject, replaced: string): Write {
  const write = keysWriter(schema, replaced);
  return (value, replace) => (isObject(value) ? write(value, replace) : value);
}

function keysWriter(
  { shape }: z.ZodObject,
  replaced: string,
): (value: object, replace: Replace) => Record<string, unknown> {
  const parts = Object.entries(shape).map(([key, schema]): readonly [string, Writer] => {
    const isReplaced =
      key === replaced && schema instanceof z.ZodArray && schema.element instanceof z.ZodCodec;
    return [key, isReplaced ? listWriter(replacing) : writerOf(schema, replaced)];
  });
  return (value, replace) => {
    const written: Record<string, unknown> = {};
    for (const [key, write] of parts) {
      const part: unknown = Reflect.get(value, key);
      // What may be left out is not there; what may be undefined has a codec of its own, and is.
      if (part === undefined && !(key in value)) continue;
      written[key] = write === undefined ? part : write(part, replace);
    }
    return written;
  };
}

/** One of the objects that a union is made of. */
interface Option {
  /** Keys with the few values that they may have. */
  readonly told: readonly (readonly [string, ReadonlySet<unknown>])[];
  /** Keys that are never left out. */
  readonly needed: readonly string[];
  readonly write: Write;
}

function unionWriter({ options }: z.ZodUnion, replaced: string): Write {
  const all = options.map((option) => {
    if (!(option instanceof z.ZodObject))
      throw new Error('nothing writes a union of other things than objects');
    return optionOf(option, replaced);
  });
  return (value, replace) => {
    if (!isObject(value)) return value;
    const option = all.find((one) => isOf(one, value));
    if (option === undefined) throw new Error(`nothing has the keys ${Object.keys(value).join(', ')}`);
    return option.write(value, replace);
  };
}

function optionOf(schema: z.ZodObject, replaced: string): Option {
  const parts = Object.entries(schema.shape);
  return {
    told: parts.flatMap(([key, part]): Option['told'] => {
      if (part instanceof z.ZodLiteral) return [[key, new Set<unknown>(part.values)]];
      return part instanceof z.ZodEnum ? [[key, new Set<unknown>(part.options)]] : [];
    }),
    needed: parts.flatMap(([key, part]) => (part instanceof z.ZodExactOptional ? [] : [key])),
    write: objectWriter(schema, replaced),
  };
}

function isOf({ told, needed }: Option, value: Readonly<Record<string, unknown>>): boolean {
  return told.every(([key, values]) => values.has(value[key])) && needed.every((key) => key in value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
