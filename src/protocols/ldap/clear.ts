/**
 * What a directory that does nothing in clear answers to a request in clear: StartTLS and its own root DSE are to be
 * had, a login is refused. RFC 4511 §4.2 to §4.14, RFC 4512 §5.1, RFC 4513 §5.1.
 */
import { ber, berBoolean, berElements, berNumber, berTags, berText } from '../../wire/ber.ts';
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { encodeBase64 } from '../sasl/base64.ts';
import { userShown } from '../sasl/user-shown.ts';
import {
  formatMessage,
  formatResult,
  type Message,
  names,
  operations,
  parseExtendedRequest,
  responseTo,
  results,
  startTlsResponse,
} from './messages.ts';

/** What becomes of a request. */
export type ClearAnswer =
  | { readonly kind: 'answered'; readonly effects: readonly GatewayEffect[] }
  | { readonly kind: 'startTls'; readonly response: Uint8Array }
  /** The client is done. */
  | { readonly kind: 'unbound' }
  /** It is no request of LDAP, so that nothing more can be understood either (RFC 4511 §4.1.1). */
  | { readonly kind: 'malformed'; readonly because: string };

const authentication = { simple: 0x80, sasl: 0xa3 } as const;
const BASE_OBJECT = 0;
const PRESENT_FILTER = 0x87;
const START_TLS_FIRST = 'StartTLS has to come first';
/** Attributes that a search asks for, controls of a request, parts of a SASL login. */
const MAX_ELEMENTS = 64;
/** Of a name of a user, for an event. */
const MAX_USER = 256;

/** Answers one request. */
export function answerInClear(message: Message): ClearAnswer {
  const { id, operation } = message;
  switch (operation.tag) {
    case operations.unbindRequest:
      return { kind: 'unbound' };
    case operations.abandonRequest:
      // RFC 4511 §4.11: there is no response, and nothing is under way.
      return { kind: 'answered', effects: [] };
    case operations.bindRequest:
      return onBind(message);
    case operations.searchRequest:
      return onSearch(message);
    case operations.extendedRequest:
      return onExtended(message);
    default: {
      const response = responseTo[operation.tag];
      if (response === undefined) return malformed('a request that LDAP does not have');
      return say(formatResult(id, response, results.confidentialityRequired, START_TLS_FIRST));
    }
  }
}

function onBind({ id, operation, controls }: Message): ClearAnswer {
  const [version, name, auth, ...more] = berElements(operation.content, 4) ?? [];
  const number = version?.tag === berTags.integer ? berNumber(version.content) : undefined;
  if (number === undefined || name?.tag !== berTags.octetString || auth === undefined || more.length > 0)
    return malformed('a bind request that is none');
  const answer = (code: number, diagnostic: string): Buffer =>
    formatResult(id, operations.bindResponse, code, diagnostic);
  const login = loginOf(name.content, auth.tag, auth.content);
  if (login.kind === 'malformed') return malformed('a bind request that is none');
  if (login.kind === 'exposed') {
    const response = answer(results.confidentialityRequired, START_TLS_FIRST);
    return {
      kind: 'answered',
      effects: [
        { kind: 'exposed', user: login.user },
        { kind: 'toClient', bytes: response },
      ],
    };
  }
  if (number !== 3) return say(answer(results.protocolError, 'the version has to be 3'));
  const critical = criticalControls(controls);
  if (critical !== 'none') return onCritical(critical, answer);
  // RFC 4513 §5.1.1: who is nobody stays nobody; nothing that a directory holds is to be had by it in clear.
  if (login.kind === 'anonymous') return say(answer(results.success, ''));
  if (login.kind === 'unknown')
    return say(answer(results.authMethodNotSupported, 'there is no such way to log in'));
  return say(answer(results.confidentialityRequired, START_TLS_FIRST));
}

type LoginInClear =
  | { readonly kind: 'anonymous' }
  /** It shows no secret: a name without a password (RFC 4513 §5.1.2), or a mechanism that hides it. */
  | { readonly kind: 'hidden' }
  | { readonly kind: 'exposed'; readonly user: string | null }
  /** A method that is none, or a SASL mechanism without a name, which ends a login (RFC 4511 §4.2, §4.2.1). */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' };

function loginOf(dn: Uint8Array, method: number, content: Uint8Array): LoginInClear {
  if (method === authentication.simple) {
    if (content.length > 0) return { kind: 'exposed', user: userOf(dn) };
    return dn.length === 0 ? { kind: 'anonymous' } : { kind: 'hidden' };
  }
  if (method !== authentication.sasl) return { kind: 'unknown' };
  const [mechanism, credentials, ...more] = berElements(content, 2) ?? [];
  if (mechanism?.tag !== berTags.octetString || more.length > 0) return { kind: 'malformed' };
  if (mechanism.content.length === 0) return { kind: 'unknown' };
  const name = Buffer.from(mechanism.content).toString('latin1').toUpperCase();
  if (credentials === undefined || credentials.content.length === 0) return { kind: 'hidden' };
  return { kind: 'exposed', user: userShown(name, encodeBase64(credentials.content)) };
}

function userOf(dn: Uint8Array): string | null {
  return dn.length === 0 || dn.length > MAX_USER ? null : (berText(dn) ?? null);
}

/** The root DSE is ours, not that of the directory behind: the upgrade is all that it has. */
function onSearch({ id, operation, controls }: Message): ClearAnswer {
  const [base, scope, deref, sizeLimit, timeLimit, typesOnly, filter, attributes, ...more] =
    berElements(operation.content, 9) ?? [];
  const wanted = attributes && berElements(attributes.content, MAX_ELEMENTS);
  const justTypes = typesOnly && berBoolean(typesOnly.content);
  if (
    [scope, deref].some((one) => one?.tag !== berTags.enumerated) ||
    [sizeLimit, timeLimit].some((one) => one?.tag !== berTags.integer) ||
    base?.tag !== berTags.octetString ||
    attributes?.tag !== berTags.sequence ||
    filter === undefined ||
    wanted === undefined ||
    justTypes === undefined ||
    more.length > 0
  )
    return malformed('a search request that is none');
  const done = (code: number, diagnostic: string): Buffer =>
    formatResult(id, operations.searchResultDone, code, diagnostic);
  const critical = criticalControls(controls);
  if (critical !== 'none') return onCritical(critical, done);
  // RFC 4512 §5.1: "with an empty baseObject, scope of baseObject, the filter "(objectClass=*)"".
  const forRoot =
    base.content.length === 0 &&
    scope !== undefined &&
    berNumber(scope.content) === BASE_OBJECT &&
    filter.tag === PRESENT_FILTER &&
    lowerCase(filter.content) === 'objectclass';
  if (!forRoot) return say(done(results.confidentialityRequired, START_TLS_FIRST));
  const entry = rootDse(
    wanted.map(({ content }) => lowerCase(content)),
    justTypes,
  );
  return say(Buffer.concat([formatMessage(id, entry), done(results.success, '')]));
}

/** RFC 4511 §4.5.1.8: none or `*` is all user attributes, `+` all others (RFC 3673), and these are others but one. */
function rootDse(wanted: readonly string[], justTypes: boolean): Buffer {
  const rows = [
    { name: 'objectClass', all: '*', value: 'top' },
    { name: 'supportedExtension', all: '+', value: names.startTls },
    { name: 'supportedLDAPVersion', all: '+', value: '3' },
  ].filter(
    ({ name, all }) =>
      wanted.includes(all) || wanted.includes(name.toLowerCase()) || (all === '*' && wanted.length === 0),
  );
  const attributes = rows.map(({ name, value }) =>
    ber(
      berTags.sequence,
      ber(berTags.octetString, name),
      ber(berTags.set, ...(justTypes ? [] : [ber(berTags.octetString, value)])),
    ),
  );
  return ber(operations.searchResultEntry, ber(berTags.octetString), ber(berTags.sequence, ...attributes));
}

function onExtended({ id, operation, controls }: Message): ClearAnswer {
  const request = parseExtendedRequest(operation.content);
  if (request === undefined) return malformed('an extended request that is none');
  const answer = (code: number, diagnostic: string): Buffer =>
    formatResult(id, operations.extendedResponse, code, diagnostic);
  if (request.name !== names.startTls) {
    const response = answer(results.confidentialityRequired, START_TLS_FIRST);
    const effects: readonly GatewayEffect[] = [{ kind: 'toClient', bytes: response }];
    // RFC 3062 §2: it carries the old password and the new one.
    const exposes = request.name === names.passwordModify && request.hasValue;
    return {
      kind: 'answered',
      effects: exposes ? [{ kind: 'exposed', user: null }, ...effects] : effects,
    };
  }
  const critical = criticalControls(controls);
  if (critical !== 'none') return onCritical(critical, answer);
  // RFC 4511 §4.14.1: "the requestValue field is always absent".
  if (request.hasValue) return say(startTlsResponse(id, results.protocolError, 'StartTLS has no value'));
  return { kind: 'startTls', response: startTlsResponse(id, results.success, '') };
}

/** RFC 4511 §4.1.11: we know no control, which only matters where one is critical. */
function criticalControls(controls: Uint8Array | undefined): 'none' | 'some' | 'malformed' {
  if (controls === undefined) return 'none';
  const each = berElements(controls, MAX_ELEMENTS);
  if (each === undefined) return 'malformed';
  let critical: 'none' | 'some' = 'none';
  for (const control of each) {
    const [type, second] = berElements(control.content, 3) ?? [];
    if (control.tag !== berTags.sequence || type?.tag !== berTags.octetString) return 'malformed';
    if (second?.tag !== berTags.boolean) continue;
    const value = berBoolean(second.content);
    if (value === undefined) return 'malformed';
    if (value) critical = 'some';
  }
  return critical;
}

function onCritical(
  critical: 'some' | 'malformed',
  answer: (code: number, diagnostic: string) => Buffer,
): ClearAnswer {
  if (critical === 'malformed') return malformed('controls that are none');
  return say(answer(results.unavailableCriticalExtension, 'no control is known before StartTLS'));
}

function lowerCase(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1').toLowerCase();
}

function say(bytes: Uint8Array): ClearAnswer {
  return { kind: 'answered', effects: [{ kind: 'toClient', bytes }] };
}

function malformed(because: string): ClearAnswer {
  return { kind: 'malformed', because };
}
