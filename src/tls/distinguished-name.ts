/** Distinguished names, as far as they are compared: the common name, and subtrees of directory names. RFC 5280 §7.1. */
import { type DerElement, readElements, readInside } from './der.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;
const COMMON_NAME = '550403';
const EMAIL_ADDRESS = '2a864886f70d010901';

interface Attribute {
  /** The octets of its object identifier, in hex. */
  readonly type: string;
  readonly value: DerElement;
}

/**
 * The common names of a Name element that may stand for a host (CN-ID): those that look like a name in the DNS, of two
 * labels at least.
 */
export function hostNames(name: Uint8Array): readonly string[] {
  return attributesOf(name)
    .filter(({ type }) => type === COMMON_NAME)
    .flatMap(({ value }) => textOf(value) ?? [])
    .filter((text) => /^[\w*-]+(?:\.[\w-]+)+$/.test(text));
}

/** Whether a Name element holds an address of mail (PKCS #9), as certificates had them before the subjectAltName. */
export function namesMailbox(name: Uint8Array): boolean {
  return attributesOf(name).some(({ type }) => type === EMAIL_ADDRESS);
}

/**
 * The steps of a Name element from the top, each in one spelling: equal steps are equal strings.
 *
 * Text is compared without regard to case and to the amount of white space, whatever type of string holds it.
 *
 * @returns undefined where it is no name.
 */
export function canonicalSteps(name: Uint8Array): readonly string[] | undefined {
  const steps = readInside(name, SEQUENCE)?.map((step) => {
    const attributes = step.tag === SET ? readElements(step.content)?.map(readAttribute) : undefined;
    const spelled = attributes?.map((attribute) => attribute && spell(attribute));
    return spelled?.every((one) => one !== undefined) === true ? spelled.toSorted().join('+') : undefined;
  });
  const complete = steps?.filter((step) => step !== undefined);
  return complete?.length === steps?.length ? complete : undefined;
}

function attributesOf(name: Uint8Array): readonly Attribute[] {
  const steps = readInside(name, SEQUENCE) ?? [];
  return steps.flatMap((step) =>
    (readElements(step.content) ?? []).flatMap((one) => readAttribute(one) ?? []),
  );
}

function readAttribute(element: DerElement): Attribute | undefined {
  const [id, value, ...others] = element.tag === SEQUENCE ? (readElements(element.content) ?? []) : [];
  if (id?.tag !== OBJECT_IDENTIFIER || value === undefined || others.length > 0) return undefined;
  return { type: Buffer.from(id.content).toString('hex'), value };
}

function spell({ type, value }: Attribute): string {
  const text = textOf(value);
  if (text === undefined) return `${type}#${Buffer.from(value.whole).toString('hex')}`;
  return `${type}=${JSON.stringify(text.toLowerCase().replace(/\s+/g, ' ').trim())}`;
}

function textOf({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    // UTF8String; what is not UTF-8 is no text.
    case 0x0c:
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
      } catch {
        return undefined;
      }
    // NumericString, PrintableString, TeletexString, IA5String, VisibleString.
    case 0x12:
    case 0x13:
    case 0x14:
    case 0x16:
    case 0x1a:
      return Buffer.from(content).toString('latin1');
    // BMPString.
    case 0x1e:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    default:
      return undefined;
  }
}
