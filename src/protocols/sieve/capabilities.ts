/** What a ManageSieve server says that it can do. RFC 5804 §1.7. */
import { type Word, writeString } from './line.ts';

/** One capability: its name as sent, and its value; null where it has none. */
export interface Capability {
  readonly name: string;
  readonly value: string | null;
}

/** @returns undefined where the line is none: a capability is one or two strings. */
export function capabilityOf(words: readonly Word[]): Capability | undefined {
  const [name, value, ...more] = words;
  if (name?.kind !== 'string' || more.length > 0) return undefined;
  if (value === undefined) return { name: name.text, value: null };
  return value.kind === 'string' ? { name: name.text, value: value.text } : undefined;
}

/** RFC 5804 §1.7: "the name of the capability, which is case-insensitive". */
export function isStartTls({ name }: Capability): boolean {
  return name.toUpperCase() === 'STARTTLS';
}

/** The line of a capability, without its CRLF. */
export function writeCapability({ name, value }: Capability): string {
  return value === null ? writeString(name) : `${writeString(name)} ${writeString(value)}`;
}
