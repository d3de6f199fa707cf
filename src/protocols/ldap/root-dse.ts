/** The root DSE: what a directory says of itself. RFC 4511 §4.5 (search), RFC 4512 §5.1 (the root DSE). */
import { ber, berElements, berTags, berText, berWhole } from '../../wire/ber.ts';
import { formatMessage, operations } from './messages.ts';

/** What is asked for: nothing of it needs a login, and nothing of it is of people. */
const attributes = [
  'supportedExtension',
  'supportedSASLMechanisms',
  'supportedLDAPVersion',
  'vendorName',
  'vendorVersion',
] as const;

const tags = { present: 0x87 } as const;
/** Attributes, and values of one, that are read; a directory has some dozens. */
const MAX_PARTS = 256;

/** A search of the base object with the empty name for any object class, as RFC 4512 §5.1 has it. */
export function rootDseRequest(id: number): Buffer {
  const none = berWhole(berTags.integer, 0);
  const enumerated = berWhole(berTags.enumerated, 0);
  const typesOnly = ber(berTags.boolean, Buffer.of(0));
  const list = ber(berTags.sequence, ...attributes.map((name) => ber(berTags.octetString, name)));
  return formatMessage(
    id,
    ber(
      operations.searchRequest,
      ber(berTags.octetString),
      enumerated,
      enumerated,
      none,
      none,
      typesOnly,
      ber(tags.present, 'objectClass'),
      list,
    ),
  );
}

/**
 * Reads the content of an entry, as `supportedExtension: 1.3.6.1.4.1.1466.20037`, a line for each value.
 *
 * @returns undefined where it is no entry. Values that are no text are left out.
 */
export function parseRootDse(content: Uint8Array): readonly string[] | undefined {
  const [name, list, ...more] = berElements(content, 2) ?? [];
  if (name?.tag !== berTags.octetString || list?.tag !== berTags.sequence || more.length > 0)
    return undefined;
  const found = berElements(list.content, MAX_PARTS)?.map(({ tag, content: attribute }) =>
    tag === berTags.sequence ? linesOf(attribute) : undefined,
  );
  return found?.some((lines) => lines === undefined) === false
    ? found.flatMap((lines) => lines ?? [])
    : undefined;
}

function linesOf(attribute: Uint8Array): readonly string[] | undefined {
  const [type, set, ...more] = berElements(attribute, 2) ?? [];
  if (type?.tag !== berTags.octetString || set?.tag !== berTags.set || more.length > 0) return undefined;
  const name = berText(type.content);
  const values = berElements(set.content, MAX_PARTS);
  if (name === undefined || values === undefined) return undefined;
  if (values.some(({ tag }) => tag !== berTags.octetString)) return undefined;
  return values
    .map(({ content }) => berText(content))
    .filter((value) => value !== undefined)
    .map((value) => `${name}: ${value}`);
}
