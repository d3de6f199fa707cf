/** Messages of LDAP, read and written as far as the upgrade needs them. RFC 4511 §4.1, §4.4.1, §4.12, §4.14. */
import {
  type BerElement,
  type BerHeadResult,
  ber,
  berElements,
  berNumber,
  berTags,
  berText,
  berWhole,
  readBerHead,
} from '../../wire/ber.ts';

/** The operations that are named here; the numbers are the tags (RFC 4511 §4.2 to §4.14, Appendix B). */
export const operations = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  abandonRequest: 0x50,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
} as const;

/** The response to each request that has one (RFC 4511 §4.2 to §4.12). */
export const responseTo: Readonly<Record<number, number>> = {
  [operations.bindRequest]: operations.bindResponse,
  [operations.searchRequest]: operations.searchResultDone,
  [operations.extendedRequest]: operations.extendedResponse,
  [0x66]: 0x67, // modify
  [0x68]: 0x69, // add
  [0x4a]: 0x6b, // delete
  [0x6c]: 0x6d, // modify DN
  [0x6e]: 0x6f, // compare
};

/** Names of extended operations and of the one unsolicited notification. */
export const names = {
  startTls: '1.3.6.1.4.1.1466.20037',
  noticeOfDisconnection: '1.3.6.1.4.1.1466.20036',
  passwordModify: '1.3.6.1.4.1.4203.1.11.1',
} as const;

/** The results that we give ourselves (RFC 4511 §4.1.9). */
export const results = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  authMethodNotSupported: 7,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  unavailable: 52,
  unwillingToPerform: 53,
} as const;

/** RFC 4511 §4.1.9, by number. */
const resultNames: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'operationsError',
  2: 'protocolError',
  3: 'timeLimitExceeded',
  4: 'sizeLimitExceeded',
  5: 'compareFalse',
  6: 'compareTrue',
  7: 'authMethodNotSupported',
  8: 'strongerAuthRequired',
  10: 'referral',
  11: 'adminLimitExceeded',
  12: 'unavailableCriticalExtension',
  13: 'confidentialityRequired',
  14: 'saslBindInProgress',
  16: 'noSuchAttribute',
  32: 'noSuchObject',
  34: 'invalidDNSyntax',
  48: 'inappropriateAuthentication',
  49: 'invalidCredentials',
  50: 'insufficientAccessRights',
  51: 'busy',
  52: 'unavailable',
  53: 'unwillingToPerform',
  54: 'loopDetect',
  80: 'other',
};

/** RFC 4511 §4.1.1: `maxInt`, the largest message ID. */
const MAX_ID = 2_147_483_647;
/** Parts of a message or result; those beyond the known ones are of extensions, which are ignored (RFC 4511 §4). */
const MAX_PARTS = 16;

const tags = { controls: 0xa0, referral: 0xa3, requestName: 0x80, requestValue: 0x81 } as const;
const responseTags = { name: 0x8a, value: 0x8b } as const;

export interface Message {
  /** 0 is an unsolicited notification (RFC 4511 §4.4). */
  readonly id: number;
  readonly operation: BerElement;
  /** What the controls hold, undefined where there are none. */
  readonly controls: Uint8Array | undefined;
}

/** The head of the message that `bytes` begin with: its outer tag is that of a sequence, or it is no message. */
export function readMessageHead(bytes: Uint8Array): BerHeadResult {
  if (bytes[0] !== undefined && bytes[0] !== berTags.sequence)
    return { kind: 'malformed', because: 'no LDAP message' };
  return readBerHead(bytes);
}

/** Reads a whole message; undefined where it is none. */
export function parseMessage(bytes: Uint8Array): Message | undefined {
  const [outer, ...more] = berElements(bytes, 1) ?? [];
  if (outer?.tag !== berTags.sequence || more.length > 0) return undefined;
  const [first, operation, ...rest] = berElements(outer.content, MAX_PARTS) ?? [];
  if (first?.tag !== berTags.integer || operation === undefined) return undefined;
  const id = berNumber(first.content);
  if (id === undefined || id < 0 || id > MAX_ID) return undefined;
  return { id, operation, controls: rest.find(({ tag }) => tag === tags.controls)?.content };
}

/** What an operation came to (RFC 4511 §4.1.9). */
export interface Result {
  readonly code: number;
  /** What the server says of it: its words, for people. */
  readonly diagnostic: string;
  /** Where it sends us; nobody goes there (RFC 4511 §4.1.10). */
  readonly referred: boolean;
  /** Of extended responses only; undefined where absent. */
  readonly responseName: string | undefined;
  readonly hasResponseValue: boolean;
}

/** Reads the content of a response; undefined where it is no result. */
export function parseResult(content: Uint8Array): Result | undefined {
  const [code, matched, diagnostic, ...rest] = berElements(content, MAX_PARTS) ?? [];
  if (code?.tag !== berTags.enumerated || matched?.tag !== berTags.octetString) return undefined;
  if (diagnostic?.tag !== berTags.octetString) return undefined;
  const number = berNumber(code.content);
  const text = berText(diagnostic.content);
  if (number === undefined || text === undefined) return undefined;
  const name = rest.find(({ tag }) => tag === responseTags.name);
  return {
    code: number,
    diagnostic: text,
    referred: rest.some(({ tag }) => tag === tags.referral),
    responseName: name && Buffer.from(name.content).toString('latin1'),
    hasResponseValue: rest.some(({ tag }) => tag === responseTags.value),
  };
}

/** `unavailable(52)`; a number that is unknown stands alone. */
export function describeResult(code: number): string {
  const name = resultNames[code];
  return name === undefined ? `result ${code}` : `${name}(${code})`;
}

/** Reads an extended request; undefined where it is none. */
export function parseExtendedRequest(
  content: Uint8Array,
): { readonly name: string; readonly hasValue: boolean } | undefined {
  const [name, ...rest] = berElements(content, MAX_PARTS) ?? [];
  if (name?.tag !== tags.requestName) return undefined;
  return {
    name: Buffer.from(name.content).toString('latin1'),
    hasValue: rest.some(({ tag }) => tag === tags.requestValue),
  };
}

export function formatMessage(id: number, operation: Uint8Array): Buffer {
  return ber(berTags.sequence, berWhole(berTags.integer, id), operation);
}

/** RFC 4511 §4.14.1: the name of the operation, and no value. */
export function startTlsRequest(id: number): Buffer {
  return formatMessage(id, ber(operations.extendedRequest, ber(tags.requestName, names.startTls)));
}

/** A response that is a result and nothing else. */
export function formatResult(
  id: number,
  tag: number,
  code: number,
  diagnostic: string,
  ...extra: readonly Uint8Array[]
): Buffer {
  return formatMessage(
    id,
    ber(
      tag,
      berWhole(berTags.enumerated, code),
      ber(berTags.octetString),
      ber(berTags.octetString, diagnostic),
      ...extra,
    ),
  );
}

/** The answer to StartTLS: it repeats the name of the operation (RFC 4511 §4.14.2). */
export function startTlsResponse(id: number, code: number, diagnostic: string): Buffer {
  const name = ber(responseTags.name, names.startTls);
  return formatResult(id, operations.extendedResponse, code, diagnostic, name);
}

/** RFC 4511 §4.4.1: the last thing that a client hears. */
export function noticeOfDisconnection(code: number, diagnostic: string): Buffer {
  const name = ber(responseTags.name, names.noticeOfDisconnection);
  return formatResult(0, operations.extendedResponse, code, diagnostic, name);
}
