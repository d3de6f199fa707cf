/** Follows a stream token by token, as deep as it goes, without keeping what it says. */
import { latin1Of, noScope, resolve, type Scope, type Tag } from './element.ts';
import { leadingSpace } from './stream.ts';
import { type Broken, notWellFormed, readToken, type Token, type XmlResult } from './token.ts';

/** Where a stream is: the elements that are open, the root first. */
export interface Place {
  readonly open: readonly { readonly name: string; readonly scope: Scope }[];
  /** Whether nothing was said yet. */
  readonly first: boolean;
}

export const beginning: Place = { open: [], first: true };

export type Followed =
  | { readonly kind: 'incomplete' }
  | Broken
  | {
      readonly kind: 'followed';
      /** Octets of the token. */
      readonly length: number;
      /** Where the stream is behind it. */
      readonly place: Place;
      /** The element that it begins; undefined where it begins none. */
      readonly tag: Tag | undefined;
    };

/** Octets of a tag. */
const MAX_TAG = 16_384;
const MAX_DEPTH = 32;

/** Octets that most tokens are shorter than: looking at no more keeps the work in proportion to what was said. */
const WINDOW = 512;

function nextToken(octets: Uint8Array, first: boolean): XmlResult<Token> {
  const token = readToken(latin1Of(octets.subarray(0, WINDOW)), first, MAX_TAG);
  if (token.kind !== 'incomplete' || octets.length <= WINDOW) return token;
  return readToken(latin1Of(octets.subarray(0, MAX_TAG)), first, MAX_TAG);
}

/** Reads the next token. */
export function follow({ open, first }: Place, octets: Uint8Array): Followed {
  const token = nextToken(octets, first);
  if (token.kind !== 'read') return token;
  const { value, length } = token;
  const inside = open.at(-1);
  switch (value.kind) {
    case 'declaration':
      return { kind: 'followed', length, place: { open, first: false }, tag: undefined };
    case 'text': {
      const space = inside === undefined ? leadingSpace(octets.subarray(0, length)) : length;
      if (space === 0) return notWellFormed('text outside of a stream');
      return { kind: 'followed', length: space, place: { open, first: false }, tag: undefined };
    }
    case 'close':
      if (inside?.name !== value.name) return notWellFormed('an end tag of another element');
      return { kind: 'followed', length, place: { open: open.slice(0, -1), first: false }, tag: undefined };
    case 'open': {
      if (open.length === MAX_DEPTH)
        return { kind: 'broken', condition: 'policy-violation', because: `elements ${MAX_DEPTH} deep` };
      const resolved = resolve(value, inside?.scope ?? noScope);
      if (resolved.kind === 'broken') return resolved;
      const { tag } = resolved;
      const deeper = value.empty ? open : [...open, { name: value.name, scope: tag.scope }];
      return { kind: 'followed', length, place: { open: deeper, first: false }, tag };
    }
  }
}
