/** Settles `[list]`. */
import type { ListConfig } from './config.ts';
import type { ParsedConfig } from './schema.ts';
import type { Sources } from './sources.ts';

/** null where no key may sign a list. */
export function toList(
  { source, keys, refresh }: ParsedConfig['list'],
  sources: Pick<Sources, 'absolute'>,
): ListConfig | null {
  if (keys === undefined) return null;
  const located =
    source?.kind === 'file' ? { ...source, path: sources.absolute('list.source', source.path) } : source;
  return { source: located ?? null, keys, refreshMs: refresh };
}

/** The source as the operator would write it. */
export function listSourceText(list: ListConfig | null): string | null {
  const source = list?.source ?? null;
  if (source === null) return null;
  return source.kind === 'file' ? source.path : source.url;
}
