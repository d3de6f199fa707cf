/**
 * XCLIENT: a trusted front says whose session this is.
 *
 * Postfix's extension (its page XCLIENT_README), not an RFC; values are xtext (RFC 3461 §4). The answer is a new greeting,
 * and the session begins again as that client's. What is said in several commands adds up, as long as nothing else comes between
 * them: fronts such as nginx hand on what their client says as it is, and he is not to say who he is.
 */
import { oneSpelling, parseAddressLiteral } from '../../../names/address.ts';
import { decodeXtext } from '../../../names/xtext.ts';
import { mistake } from './answers.ts';
import { greet } from './hello.ts';
import { readHelloName } from './hello-name.ts';
import type { Introduced, SessionRules, SmtpState, SmtpStep } from './state.ts';

export type XclientRead =
  | { readonly kind: 'ok'; readonly told: Partial<Introduced> }
  | { readonly kind: 'invalid'; readonly because: string };

/** What is taken; PORT, NAME and the server's own ends are checked, and nothing here depends on them. */
const xclientAttributes = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'LOGIN', 'DESTADDR', 'DESTPORT'] as const;

type Attribute = (typeof xclientAttributes)[number];

/** Octets of a login; what an account may be called is for whoever keeps the accounts. */
const MAX_LOGIN = 255;

const nobody: Introduced = { address: null, hello: null, extended: true, login: null };

/** Reads what follows `XCLIENT `. A value that is malformed spoils the whole command. */
export function parseXclient(rest: string): XclientRead {
  let told: Partial<Introduced> = {};
  const seen = new Set<Attribute>();
  for (const word of rest.split(' ')) {
    const [, name = '', encoded = ''] = /^([A-Za-z]{1,8})=(.*)$/s.exec(word) ?? [];
    const attribute = xclientAttributes.find((known) => known === name.toUpperCase());
    if (attribute === undefined) return invalid('XCLIENT needs attributes such as ADDR=192.0.2.1');
    if (seen.has(attribute)) return invalid(`XCLIENT names ${attribute} twice`);
    seen.add(attribute);
    const value = decodeXtext(encoded);
    const read = value === undefined || value === '' ? undefined : readValue(attribute, value);
    if (read === undefined) return invalid(`the value of ${attribute} is malformed`);
    told = { ...told, ...read };
  }
  return { kind: 'ok', told };
}

/** @returns what it says of the client, which may be nothing; undefined where it is malformed. */
function readValue(attribute: Attribute, value: string): Partial<Introduced> | undefined {
  const unknown = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value);
  switch (attribute) {
    case 'ADDR':
      if (unknown) return { address: null };
      return withValue(addressOf(value), (address) => ({ address }));
    case 'HELO':
      if (unknown) return { hello: null };
      return readHelloName(value).kind === 'ok' ? { hello: value } : undefined;
    case 'LOGIN':
      if (unknown) return { login: null };
      return withValue(loginOf(value), (login) => ({ login }));
    case 'PROTO':
      if (/^ESMTP$/i.test(value)) return { extended: true };
      return /^SMTP$/i.test(value) ? { extended: false } : undefined;
    case 'NAME':
      return unknown || readHelloName(value).kind === 'ok' ? {} : undefined;
    case 'DESTADDR':
      return unknown || addressOf(value) !== undefined ? {} : undefined;
    case 'PORT':
    case 'DESTPORT':
      return unknown || isPort(value) ? {} : undefined;
  }
}

function withValue(
  value: string | undefined,
  shape: (value: string) => Partial<Introduced>,
): Partial<Introduced> | undefined {
  return value === undefined ? undefined : shape(value);
}

/** `192.0.2.1` or `IPV6:2001:db8::1`, as some fronts write without `IPV6:`; an address has one spelling from here on. */
function addressOf(value: string): string | undefined {
  const literal = value.includes(':') && !/^IPV6:/i.test(value) ? `IPv6:${value}` : value;
  const parsed = parseAddressLiteral(`[${literal}]`);
  return parsed.kind === 'ok' ? oneSpelling(parsed.value) : undefined;
}

function loginOf(value: string): string | undefined {
  const octets = Buffer.from(value, 'latin1');
  if (octets.length > MAX_LOGIN || octets.some((octet) => octet < 0x20 || octet === 0x7f)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

function isPort(value: string): boolean {
  return /^[0-9]{1,5}$/.test(value) && Number(value) <= 65_535;
}

/** @param told what this command says; what earlier ones said stands beside it. */
export function onXclient(rules: SessionRules, state: SmtpState, told: Partial<Introduced>): SmtpStep {
  if (state.spoken)
    return mistake(rules, state, 503, '5.5.1', 'XCLIENT goes before all that the client says');
  if (state.transaction !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'a transaction is open: RSET ends it');
  const client: Introduced = { ...nobody, ...state.introduced, ...told };
  return {
    state: { ...state, phase: { kind: 'asking', about: { kind: 'introduced', client } } },
    effects: [{ kind: 'ask', query: { kind: 'introduced', client } }],
  };
}

/** The session begins again, as that of the client: nothing of the front's own is left but its way here. */
export function introduced(
  fresh: SmtpState,
  { tls, messages, errors, chatter }: SmtpState,
  client: Introduced,
  { rules, account }: { readonly rules: SessionRules; readonly account: string | null },
): SmtpStep {
  const hello = client.hello === null ? undefined : { name: client.hello, extended: client.extended };
  // The certificate of this connection is the front's: it says nothing of the client.
  const mechanisms = rules.mechanisms.filter((mechanism) => mechanism !== 'EXTERNAL');
  const own = { ...rules, mechanisms };
  const state = { ...fresh, tls, messages, errors, chatter, introduced: client, rules: own, account, hello };
  return greet(own, state);
}

function invalid(because: string): XclientRead {
  return { kind: 'invalid', because };
}
