/**
 * The words of sendmail, as programs have said them for decades.
 *
 * Of its many options those are known that mean something here, and those that others accept and ignore; any other is a
 * mistake, as what it asks for would not happen.
 */
import type { NotifyCondition, RecipientWishes, SenderWishes } from '../../names/wishes.ts';

export interface Call {
  readonly kind: 'send' | 'smtp' | 'list' | 'aliases';
  /** -t */
  readonly recipientsFromHeader: boolean;
  /** -i: a line with nothing but a dot is part of the message. */
  readonly dotIsText: boolean;
  /** -f: as written, empty for the null sender; undefined: not said. */
  readonly from: string | undefined;
  /** -F */
  readonly fullName: string | undefined;
  /** -N */
  readonly notify: RecipientWishes['notify'];
  /** -R and -V */
  readonly wishes: SenderWishes;
  /** -C: the configuration file; undefined: the usual one. */
  readonly configFile: string | undefined;
  /** As written. */
  readonly recipients: readonly string[];
}

export type CallRead =
  | { readonly kind: 'ok'; readonly value: Call }
  | { readonly kind: 'invalid'; readonly because: string };

/** Those that stand for themselves and change nothing. */
const IGNORED_FLAGS = 'GUcmnvx';
/** Those with a value that change nothing: label of the log, hops so far, trace file, protocol, errors, MTA or MSP, body type. */
const IGNORED_VALUES: Readonly<Record<string, RegExp>> = {
  A: /^[cm]$/,
  B: /^(?:7BIT|8BITMIME)$/i,
  L: /./,
  X: /./,
  e: /^[empqw]$/,
  h: /^[0-9]{1,3}$/,
  p: /./,
};
/** Behind -o: of these only `i` means something. */
const SHORT_SETTING = /^(?:i|m|n|o|7|8|v|em|ep|ee|eq|ew|db|di|dq|dd|A.+|T.*|s|r.+)$/;
const LONG_SETTING = /^[A-Za-z][A-Za-z0-9]*=[^\r\n]*$/;
/** RFC 3461 §4.4: as it goes over the wire. */
const MAX_ENVELOPE_ID = 100;

type Draft = { -readonly [Key in keyof Call]: Call[Key] };
type Setter = (draft: Draft, value: string) => string | undefined;

const withValue: Readonly<Record<string, Setter>> = {
  C(draft, value) {
    draft.configFile = value;
    return undefined;
  },
  F(draft, value) {
    draft.fullName = value;
    return undefined;
  },
  N: takeNotify,
  O(draft, value) {
    if (/^IgnoreDots=(?:t|y|1)/i.test(value)) draft.dotIsText = true;
    return LONG_SETTING.test(value) ? undefined : `-O ${value} is not Name=value`;
  },
  R(draft, value) {
    if (value !== 'hdrs' && value !== 'full') return `-R is hdrs or full, not ${value}`;
    draft.wishes = { ...draft.wishes, ret: value === 'full' ? 'full' : 'headers' };
    return undefined;
  },
  V(draft, value) {
    const envelopeId = toXtext(value);
    if (!/^[\x20-\x7e]+$/.test(value) || envelopeId.length > MAX_ENVELOPE_ID)
      return `-V is 1 to ${MAX_ENVELOPE_ID} printable characters, and of +, = and spaces each counts as three`;
    draft.wishes = { ...draft.wishes, envelopeId };
    return undefined;
  },
  b: takeMode,
  f: takeFrom,
  o(draft, value) {
    if (value === 'i') draft.dotIsText = true;
    return SHORT_SETTING.test(value) ? undefined : `-o${value} is not known`;
  },
  r: takeFrom,
};

/** @param words without the program's name. */
export function readCall(command: string, words: readonly string[]): CallRead {
  const draft: Draft = {
    kind: command === 'mailq' ? 'list' : command === 'newaliases' ? 'aliases' : 'send',
    recipientsFromHeader: false,
    dotIsText: false,
    from: undefined,
    fullName: undefined,
    notify: null,
    wishes: { ret: null, envelopeId: null },
    configFile: undefined,
    recipients: [],
  };
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') {
      draft.recipients = words.slice(at + 1);
      return { kind: 'ok', value: draft };
    }
    if (!word.startsWith('-') || word === '-') break;
    const read = readWord(draft, word, words[at + 1]);
    if (read.kind === 'invalid') return read;
    at += read.taken;
  }
  draft.recipients = words.slice(at);
  // Whoever passes on an address that somebody else chose has to say `--` first.
  const option = draft.recipients.find((word) => word.startsWith('-'));
  if (option !== undefined)
    return invalid(
      `${option} follows a recipient: options stand before the first one, and -- before addresses like it`,
    );
  return { kind: 'ok', value: draft };
}

/** A word with one or several options. @returns how many of the next words belong to it. */
function readWord(
  draft: Draft,
  word: string,
  next: string | undefined,
): { readonly kind: 'ok'; readonly taken: 0 | 1 } | { readonly kind: 'invalid'; readonly because: string } {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    if (letter === 'i') draft.dotIsText = true;
    else if (letter === 't') draft.recipientsFromHeader = true;
    else if (letter === 'I') draft.kind = 'aliases';
    else if (!IGNORED_FLAGS.includes(letter)) {
      const set = withValue[letter] ?? ignoring(letter);
      if (set === undefined) return invalid(`the option -${letter} is not known`);
      const rest = word.slice(at + 1);
      const value = rest === '' ? next : rest;
      if (value === undefined) return invalid(`-${letter} needs a value`);
      const because = set(draft, value);
      return because === undefined ? { kind: 'ok', taken: rest === '' ? 1 : 0 } : invalid(because);
    }
  }
  return { kind: 'ok', taken: 0 };
}

function ignoring(letter: string): Setter | undefined {
  const pattern = IGNORED_VALUES[letter];
  return pattern === undefined
    ? undefined
    : (_, value) => (pattern.test(value) ? undefined : `-${letter} ${value} is not known`);
}

function takeFrom(draft: Draft, value: string): undefined {
  draft.from = value === '<>' ? '' : value;
}

function takeMode(draft: Draft, value: string): string | undefined {
  const kinds: Readonly<Record<string, Call['kind']>> = { m: 'send', s: 'smtp', p: 'list', i: 'aliases' };
  const kind = kinds[value];
  if (kind === undefined)
    return value === 'd' ? '-bd starts no relay: that is done by waxwing serve' : `-b${value} is not known`;
  draft.kind = kind;
  return undefined;
}

/** RFC 3461 §4.1: never, or any of the three. */
function takeNotify(draft: Draft, value: string): string | undefined {
  const words = value.toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') {
    draft.notify = [];
    return undefined;
  }
  const conditions = words.map((word) => notifyConditions.find((one) => one === word));
  const known = conditions.filter((one) => one !== undefined);
  if (known.length < words.length)
    return `-N is never, or success, failure and delay with commas, not ${value}`;
  draft.notify = [...new Set(known)];
  return undefined;
}

const notifyConditions: readonly NotifyCondition[] = ['success', 'failure', 'delay'];

/** RFC 3461 §4. */
function toXtext(text: string): string {
  return text.replace(
    /[+= ]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
