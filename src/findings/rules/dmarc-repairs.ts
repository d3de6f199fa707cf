/** Better DMARC records, made of those that are there. */
import { parseDmarc } from '../records/dmarc.ts';
import { readTags } from '../records/tags.ts';

/** The record with other tags: null takes one away, and tags that are not there yet stand at the end. */
export function withTags(text: string, change: Readonly<Record<string, string | null>>): string {
  const tags = new Map(readTags(text).values);
  for (const [tag, value] of Object.entries(change)) {
    if (value === null) tags.delete(tag);
    else tags.set(tag, value);
  }
  return [...tags].map(([tag, value]) => `${tag}=${value}`).join('; ');
}

const strictness = { ignored: 0, none: 1, quarantine: 2, reject: 3 } as const;

/** Of several records the one that asks for most; of two alike the first. */
export function strictest(records: readonly string[]): string | undefined {
  return records.toSorted((a, b) => strictness[parseDmarc(b).policy] - strictness[parseDmarc(a).policy])[0];
}
