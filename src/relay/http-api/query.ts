/** The query of a request: `name=value&…`, exactly. */
import { type Refused, refused } from './answers.ts';

export interface Query {
  readonly kind: 'ok';
  /** All values of each name, in their order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the query of an URL. What is not percent-encoded UTF-8 is refused, and so is every name that means nothing: a
 * misspelt one would be passed over in silence.
 *
 * @param single names that may be there once, `several` those that may be there more often.
 */
export function readQuery(
  url: string,
  single: readonly string[],
  several: readonly string[] = [],
): Query | Refused {
  const start = url.indexOf('?');
  const text = start < 0 ? '' : url.slice(start + 1).split('#', 1)[0];
  const values = new Map<string, string[]>();
  for (const pair of text === '' || text === undefined ? [] : text.split('&')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = decoded(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === undefined || value === undefined)
      return refused(400, `${JSON.stringify(pair)} in the query is not percent-encoded UTF-8`);
    const before = values.get(name);
    if (!single.includes(name) && !several.includes(name)) {
      const known = [...single, ...several];
      const choice = known.length === 0 ? 'there is none here' : `there is ${known.join(', ')}`;
      return refused(400, `the query has no ${JSON.stringify(name)}: ${choice}`, { field: name });
    }
    if (before !== undefined && !several.includes(name))
      return refused(400, `${name}: may be there once`, { field: name });
    if (before === undefined) values.set(name, [value]);
    else before.push(value);
  }
  return { kind: 'ok', values };
}

/** The value of a name that may be there once; undefined where it is not. */
export function valueOf({ values }: Query, name: string): string | undefined {
  return values.get(name)?.[0];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
